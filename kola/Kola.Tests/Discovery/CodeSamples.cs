namespace Kola.Tests.Discovery;

/// <summary>Ways in which a method gets at code of its assembly.</summary>
public static class CodeSamples
{
    /// <summary>By a call.</summary>
    public static string Calls() => End.Told();

    /// <summary>By a lambda.</summary>
    public static Func<string> Delegates() => () => End.Told() + "!";

    /// <summary>By an instance, whose methods somebody else calls.</summary>
    public static object Constructs() => new Spoken();

    /// <summary>By a generic argument, whose properties are found by reflection.</summary>
    public static object? Names() => System.Text.Json.JsonSerializer.Deserialize<Read>("{}");

    /// <summary>By a field's initializer.</summary>
    public static string Initializes() => Held.Word;

    /// <summary>After an await.</summary>
    public static async Task<string> Awaits()
    {
        await Task.Yield();
        return End.Told() + "?";
    }

    /// <summary>By a value that nobody constructs.</summary>
    public static string Values()
    {
        Valued nothing = default;
        return Said(nothing);
    }

    /// <summary>By a method of a value, called through its constraint.</summary>
    private static string Said<T>(T value)
        where T : struct => value.ToString()!;

    /// <summary>Not at all: a cast runs nothing.</summary>
    public static bool Tests(object? what) => what is Spoken;

    private static class End
    {
        internal static string Told() => "the end of it";
    }

    private sealed class Spoken
    {
        public override string ToString() => End.Told();
    }

    private struct Valued
    {
        public override readonly string ToString() => End.Told();
    }

    private sealed class Read
    {
        public string Word { get; init; } = End.Told();
    }

    private static class Held
    {
        internal static readonly string Word = End.Told();
    }
}
