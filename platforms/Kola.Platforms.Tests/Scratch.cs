namespace Kola.Platforms.Tests;

/// <summary>A directory of one test.</summary>
internal sealed class Scratch : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("kola-test-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public string New(string name) => Directory.CreateDirectory(File(name)).FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
