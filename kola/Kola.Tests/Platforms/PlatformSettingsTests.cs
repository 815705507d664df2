using Kola.Platforms;

namespace Kola.Tests.Platforms;

/// <summary>What a person says to a platform, as a driver reads it.</summary>
public sealed class PlatformSettingsTests
{
    private static readonly PlatformSettings s_settings = new(new Dictionary<string, IReadOnlyList<string>>
    {
        ["text"] = ["first", "last"],
        ["number"] = ["12"],
        ["time"] = ["90m"],
        ["on"] = ["true"],
        ["word"] = ["soon"],
    });

    [Test]
    public void Values_are_read_as_what_they_are()
    {
        Assert.That((s_settings.Text("text"), s_settings.Text("none")), Is.EqualTo(("last", (string?)null)));
        Assert.That(s_settings.All("text"), Is.EqualTo(new[] { "first", "last" }));
        Assert.That((s_settings.Number("number", 1, 12), s_settings.Number("none", 1, 12)), Is.EqualTo(((int?)12, (int?)null)));
        Assert.That((s_settings.Time("time"), s_settings.Time("none")), Is.EqualTo(((TimeSpan?)TimeSpan.FromMinutes(90), (TimeSpan?)null)));
        Assert.That((s_settings.Switch("on"), s_settings.Switch("none")), Is.EqualTo((true, false)));
    }

    [Test]
    public void What_cannot_be_read_names_option_value_and_what_was_wanted()
    {
        Assert.That(Assert.Throws<UsageException>(() => s_settings.Number("number", 1, 11))!.Message, Is.EqualTo("--number 12\n  wanted:  a whole number, 1 to 11"));
        Assert.That(Assert.Throws<UsageException>(() => s_settings.Number("word", 1, 11))!.Message, Does.StartWith("--word soon"));
        Assert.That(Assert.Throws<UsageException>(() => s_settings.Time("word"))!.Message, Does.Contain("45s, 90m, 2h, 3d"));
        Assert.That(Assert.Throws<UsageException>(() => s_settings.Switch("word"))!.Message, Does.Contain("true or false"));
    }

    [TestCase("45s", 45)]
    [TestCase("1.5h", 5400)]
    [TestCase("3d", 259200)]
    public void Times_have_a_unit(string text, double seconds)
    {
        Assert.That(PlatformSettings.TryTime(text, out TimeSpan time), Is.True);
        Assert.That(time.TotalSeconds, Is.EqualTo(seconds));
    }

    [TestCase("")]
    [TestCase("s")]
    [TestCase("45")]
    [TestCase("-1h")]
    [TestCase("0s")]
    public void Other_times_are_refused(string text) => Assert.That(PlatformSettings.TryTime(text, out _), Is.False);
}
