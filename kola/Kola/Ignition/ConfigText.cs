using System.Collections;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Kola.Ignition;

/// <summary>Writes a config as JSON, always in the same way: members in the order of the model, nothing that is empty.</summary>
internal static class ConfigText
{
    private static readonly JsonWriterOptions s_options = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Indented JSON and a line feed, UTF-8.</summary>
    internal static byte[] Of(IgnitionConfig config)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, s_options))
            Write(writer, config);
        buffer.WriteByte((byte)'\n');
        return buffer.ToArray();
    }

    /// <summary>A part of one, on one line.</summary>
    internal static string OneLine(object? value)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, s_options with { Indented = false }))
            Write(writer, value);
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void Write(Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case null:
                writer.WriteNullValue();
                break;
            case string text:
                writer.WriteStringValue(text);
                break;
            case bool truth:
                writer.WriteBooleanValue(truth);
                break;
            case long number:
                writer.WriteNumberValue(number);
                break;
            case IList list:
                writer.WriteStartArray();
                foreach (object? item in list)
                    Write(writer, item);
                writer.WriteEndArray();
                break;
            default:
                writer.WriteStartObject();
                foreach (SpecMember member in SpecShape.Of(value).Members)
                {
                    object? held = member.Of(value);
                    if (!member.Required && (SpecShape.IsOptional(member) ? held is null : SpecShape.IsEmpty(held)))
                        continue;
                    writer.WritePropertyName(member.Name);
                    Write(writer, held);
                }

                writer.WriteEndObject();
                break;
        }
    }
}
