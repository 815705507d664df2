using System.Text.Json;
using System.Text.Json.Nodes;

namespace Kola;

/// <summary>Masks the strings in JSON as they read, not as they are escaped.</summary>
internal static class MaskedJson
{
    /// <summary>Changes every string with a secret in it, in place. Names of members stay.</summary>
    /// <returns>Whether there was one.</returns>
    internal static bool Mask(JsonNode node, Masking masking) => Mask(node, masking, (_, text) => masking.Mask(text));

    /// <summary>The same, with a say of its own in how a member's text is masked.</summary>
    /// <param name="node">An object or an array.</param>
    /// <param name="masking">What is known of secrets.</param>
    /// <param name="how">Given the name of the member, empty for an array's, and its text; makes the text that is kept.</param>
    internal static bool Mask(JsonNode node, Masking masking, Func<string, string, string> how)
    {
        bool changed = false;
        if (node is JsonObject members)
        {
            foreach ((string name, JsonNode? value) in members.ToArray())
                changed |= Change(value, name, text => members[name] = text);
        }
        else if (node is JsonArray items)
        {
            for (int i = 0; i < items.Count; i++)
            {
                int at = i;
                changed |= Change(items[i], "", text => items[at] = text);
            }
        }

        return changed;

        bool Change(JsonNode? value, string name, Action<string> put)
        {
            if (value is not JsonValue)
                return value is not null && Mask(value, masking, how);
            if (value.GetValueKind() != JsonValueKind.String)
                return false;
            string text = value.GetValue<string>();
            string masked = how(name, text);
            if (masked == text)
                return false;
            put(masked);
            return true;
        }
    }
}
