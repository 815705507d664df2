namespace Kola.Cli;

/// <summary>Says on standard error what is being done; standard output is for results.</summary>
internal sealed class StandardErrorProgress : IProgress<string>
{
    public void Report(string value) => Console.Error.WriteLine($"kola: {value}");
}
