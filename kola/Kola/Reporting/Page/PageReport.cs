using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kola.Reporting;

/// <summary>
/// The run as one page for a browser, <c>report.html</c>: nothing is fetched, and whatever a machine said is text and never markup. What it is made of is beside this file.
/// </summary>
internal static class PageReport
{
    private static readonly string[] s_scripts = ["dom.js", "verdict.js", "table.js", "detail.js", "timeline.js", "search.js", "viewer.js", "main.js"];

    // The default encoder leaves no "<" and no line separator in the text: it cannot end the element it stands in.
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <param name="report">What to show.</param>
    /// <param name="logs">The side files beside it.</param>
    /// <param name="against">What changed since an earlier run; null to show nothing of that.</param>
    internal static string Render(Report report, PageLogs logs, RunDiff? against = null)
    {
        string style = Asset("page.css");
        string script = $"(() => {{\n\"use strict\";\n{string.Concat(s_scripts.Select(Asset))}}})();\n";
        PageData data = PageData.Of(report, logs, against);
        return new StringBuilder(Asset("page.html"))
            .Replace("{{policy}}", Policy(style, script))
            .Replace("{{title}}", WebUtility.HtmlEncode($"{SummaryReport.Verdict(report)} · {data.Title}"))
            .Replace("{{line}}", WebUtility.HtmlEncode(data.Line))
            .Replace("{{style}}", style)
            .Replace("{{script}}", script)
            .Replace("{{details}}", Packed(JsonSerializer.SerializeToUtf8Bytes(PageDetails.Of(report, logs), s_json)))
            // The last: what machines said is not looked into for placeholders.
            .Replace("{{data}}", JsonSerializer.Serialize(data, s_json))
            .ToString();
    }

    // Scripts are the page's own one and those beside it; requests, frames, forms, plug-ins and images there are none. Trusted types close the ways from text to markup.
    private static string Policy(string style, string script) =>
        $"default-src 'none'; script-src 'sha256-{Digest(script)}' 'self' file:; style-src 'sha256-{Digest(style)}'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types kola-logs";

    private static string Digest(string text) => Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static string Packed(byte[] json)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            gzip.Write(json);
        return Convert.ToBase64String(packed.GetBuffer(), 0, (int)packed.Length);
    }

    private static string Asset(string name)
    {
        using Stream stream = typeof(PageReport).Assembly.GetManifestResourceStream($"page/{name}")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
