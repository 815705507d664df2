using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kola.Reporting;

/// <summary>How events and results are written as JSON.</summary>
internal static class EventFormat
{
    /// <summary>
    /// By reflection, not by a source generator: nothing here is trimmed, and the list of events stays in one place, on <see cref="RunEvent"/>.
    /// </summary>
    internal static JsonSerializerOptions Line { get; } = new(JsonSerializerDefaults.Web)
    {
        PropertyNameCaseInsensitive = false,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        // The files are read by people and by JSON parsers, never pasted into HTML: "<", "'" and "ü" may stay as they are.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        // An infinite deadline must not end the record of a run.
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        RespectNullableAnnotations = true,
    };

    internal static JsonSerializerOptions Indented { get; } = new(Line) { WriteIndented = true, NewLine = "\n" };
}
