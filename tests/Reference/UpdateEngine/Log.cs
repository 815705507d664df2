namespace Flatcar.Reference.UpdateEngine;

/// <summary>Lines as glog writes them, on the standard error.</summary>
internal static class Log
{
    public static void Info(string text) => Write("INFO", text);

    public static void Error(string text) => Write("ERROR", text);

    private static void Write(string level, string text) =>
        Console.Error.WriteLine($"[{TimeProvider.System.GetUtcNow():MMdd/HHmmss}:{level}:update_engine] {text}");
}
