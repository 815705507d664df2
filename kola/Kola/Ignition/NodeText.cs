using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Kola.Ignition;

/// <summary>Writes nodes as JSON, in the order they stand.</summary>
internal static class NodeText
{
    private static readonly JsonWriterOptions s_options = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Indented, with a line feed at its end.</summary>
    internal static string Of(ConfigNode node)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, s_options))
            Write(writer, node);
        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    private static void Write(Utf8JsonWriter writer, ConfigNode node)
    {
        switch (node)
        {
            case ObjectNode members:
                writer.WriteStartObject();
                foreach (ConfigMember member in members.Members)
                {
                    writer.WritePropertyName(member.Name);
                    Write(writer, member.Value);
                }

                writer.WriteEndObject();
                break;
            case ArrayNode list:
                writer.WriteStartArray();
                foreach (ConfigNode item in list.Items)
                    Write(writer, item);
                writer.WriteEndArray();
                break;
            case StringNode text:
                writer.WriteStringValue(text.Value);
                break;
            case NumberNode number:
                writer.WriteRawValue(number.Text);
                break;
            case BooleanNode truth:
                writer.WriteBooleanValue(truth.Value);
                break;
            default:
                writer.WriteNullValue();
                break;
        }
    }
}
