namespace Kola.Tests.Machines;

public sealed class WaitingTests
{
    // A list was told by its type.
    [TestCaseSource(nameof(Seen))]
    public void What_was_seen_last_is_told(object? seen, string told) => Assert.That(Machine.LastSeen(seen), Is.EqualTo(told));

    private static IEnumerable<TestCaseData> Seen() =>
    [
        new(null, "nothing"),
        new("down", "down"),
        new(3, "3"),
        new(new List<string> { "a\nb", "c" }, "a ⏎ b, c"),
        new(Array.Empty<string>(), "none"),
    ];
}
