using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Kola.Ignition;

/// <summary>
/// An Ignition config as it is kept: what it holds is all there but for secrets, also inside the files it writes. A masked config still parses and
/// boots, with <c>[masked: …]</c> for each secret.
/// </summary>
public static partial class MaskedConfig
{
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The config without secrets; the same text when there is none in it. What is no JSON is masked as text.</summary>
    public static string Of(string config, Masking masking)
    {
        try
        {
            if (JsonNode.Parse(config) is not { } root)
                return config;
            bool changed = MaskedJson.Mask(root, masking, (name, text) => Masked(name, text, masking)) | MaskKeyFiles(root);
            return changed ? root.ToJsonString(s_indented) + "\n" : config;
        }
        catch (JsonException)
        {
            return MaskedYaml(masking.Mask(config));
        }
    }

    // What is a secret by its place alone: a password hash of any shape, and all that stands below key_file. Lines stay where they are.
    private static string MaskedYaml(string config)
    {
        (int within, int block) = (-1, -1);
        return string.Join('\n', config.Split('\n').Select(line =>
        {
            int indent = line.Length - line.TrimStart(' ', '-').Length;
            if (line.Trim().Length > 0 && indent <= within)
                within = -1;
            if (line.Trim().Length > 0 && indent <= block)
                block = -1;
            if (block >= 0)
                return line.Trim().Length == 0 ? line : new string(' ', indent) + Masking.Mark("key file");
            if (within >= 0 && BlockBegins().IsMatch(line))
                block = indent;
            Match value = within >= 0 ? KeyFileLine().Match(line) : SecretMember().Match(line);
            if (within < 0 && KeyFile().IsMatch(line))
                within = indent;
            Group secret = value.Groups["secret"];
            if (!secret.Success)
                return line;
            // A bracket without quotes begins a list.
            return $"{line[..secret.Index]}\"{Masking.Mark(within >= 0 ? "key file" : "password hash")}\"";
        }));
    }

    private static string Masked(string name, string text, Masking masking) =>
        name == "passwordHash" && text.Length > 1 ? Masking.Mark("password hash")
        : text.StartsWith("data:", StringComparison.OrdinalIgnoreCase) ? MaskedData(text, masking)
        : masking.Mask(text);

    // The key of an encrypted volume is a secret whatever it looks like: storage.luks[].keyFile.source
    private static bool MaskKeyFiles(JsonNode root)
    {
        bool changed = false;
        foreach (JsonNode? volume in root is JsonObject && root["storage"] is JsonObject storage && storage["luks"] is JsonArray luks ? luks : [])
        {
            if (volume is not JsonObject || volume["keyFile"] is not JsonObject key || key["source"] is null)
                continue;
            key["source"] = "data:," + Uri.EscapeDataString(Masking.Mark("key file"));
            changed = true;
        }

        return changed;
    }

    // data:;base64,aGVsbG8=        data:text/plain;charset=utf-8,hello%20world
    private static string MaskedData(string url, Masking masking)
    {
        int comma = url.IndexOf(',', StringComparison.Ordinal);
        if (comma < 0)
            return masking.Mask(url);
        string head = url[..comma];
        bool base64 = head.EndsWith(";base64", StringComparison.OrdinalIgnoreCase);
        try
        {
            string content = base64 ? Encoding.UTF8.GetString(Convert.FromBase64String(Uri.UnescapeDataString(url[(comma + 1)..]))) : Uri.UnescapeDataString(url[(comma + 1)..]);
            string masked = masking.Mask(content);
            return masked == content ? url : $"{head},{(base64 ? Convert.ToBase64String(Encoding.UTF8.GetBytes(masked)) : Uri.EscapeDataString(masked))}";
        }
        catch (FormatException)
        {
            return masking.Mask(url);
        }
    }

    //     password_hash: foobar
    [GeneratedRegex(@"^\s*(?:- )?password_hash:\s*(?<secret>\S.*)$")]
    private static partial Regex SecretMember();

    //       key_file:
    [GeneratedRegex(@"^\s*(?:- )?key_file:")]
    private static partial Regex KeyFile();

    //         inline: correct horse
    [GeneratedRegex(@"^\s*(?:inline|source|local):\s*(?<secret>[^\s|>].*)$")]
    private static partial Regex KeyFileLine();

    //         inline: |
    [GeneratedRegex(@"^\s*inline:\s*[|>]")]
    private static partial Regex BlockBegins();
}
