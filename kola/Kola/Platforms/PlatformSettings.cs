using System.Globalization;

namespace Kola.Platforms;

/// <summary>What a person said to a platform: the values of its <see cref="PlatformOption"/>s.</summary>
/// <param name="values">By the option's name, without dashes; options that were not given are absent.</param>
public sealed class PlatformSettings(IReadOnlyDictionary<string, IReadOnlyList<string>> values)
{
    /// <summary>Nothing was said.</summary>
    public static PlatformSettings None { get; } = new(new Dictionary<string, IReadOnlyList<string>>());

    /// <summary>All values of an option that may be given more than once; empty when it was not.</summary>
    public IReadOnlyList<string> All(string option) => values.GetValueOrDefault(option) ?? [];

    /// <summary>The value of an option, the last one given; null when it was not.</summary>
    public string? Text(string option) => All(option) is [.., var last] ? last : null;

    /// <summary>The value of an option as a whole number; null when it was not given.</summary>
    /// <param name="option">Name of the option.</param>
    /// <param name="least">Smallest value that can be used.</param>
    /// <param name="most">Largest value that can be used.</param>
    /// <exception cref="UsageException">It is no such number.</exception>
    public int? Number(string option, int least, int most) => Text(option) is not { } text ? null
        : int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most ? number
        : throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"--{option} {text}\n  wanted:  a whole number, {least} to {most}"));

    /// <summary>The value of an option as a length of time, <c>45s</c>, <c>90m</c>, <c>2h</c>, <c>3d</c>; null when it was not given.</summary>
    /// <exception cref="UsageException">It is no such time.</exception>
    public TimeSpan? Time(string option) => Text(option) is not { } text ? null
        : TryTime(text, out TimeSpan time) ? time
        : throw new UsageException($"--{option} {text}\n  wanted:  a number and a unit: 45s, 90m, 2h, 3d");

    /// <summary>Whether an option that is a switch was given as <c>true</c>. Default no.</summary>
    /// <exception cref="UsageException">It is neither <c>true</c> nor <c>false</c>.</exception>
    public bool Switch(string option) => Text(option) is { } text
        && (bool.TryParse(text, out bool on) ? on : throw new UsageException($"--{option} {text}\n  wanted:  true or false"));

    /// <summary>Reads <c>90m</c>.</summary>
    internal static bool TryTime(string text, out TimeSpan time)
    {
        bool read = double.TryParse(text.Length > 1 ? text[..^1] : "", NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value) && value is > 0 and < 1e6;
        time = text.Length == 0 ? default : text[^1] switch
        {
            's' => TimeSpan.FromSeconds(value),
            'm' => TimeSpan.FromMinutes(value),
            'h' => TimeSpan.FromHours(value),
            'd' => TimeSpan.FromDays(value),
            _ => default,
        };
        return read && time > TimeSpan.Zero;
    }
}
