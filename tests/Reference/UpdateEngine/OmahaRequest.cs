using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Flatcar.Reference.UpdateEngine;

/// <summary>An event to be told; no code stands beside a success.</summary>
internal sealed record OmahaEvent(int Type, int Result, uint Code = 0)
{
    public const int Complete = 3, DownloadStarted = 13, DownloadFinished = 14;
    public const int Error = 0, Success = 1, SuccessAfterReboot = 2, Deferred = 9;
}

/// <summary>The requests, attribute by attribute as servers have always seen them.</summary>
internal static class OmahaRequest
{
    /// <summary>Name and version of the client this one stands for.</summary>
    public const string Updater = "update_engine-0.4.10";

    private const string Ping = "        <ping active=\"1\"></ping>\n";

    /// <summary>Asks for an update. What came of the last one is told in the same breath, and then forgotten.</summary>
    public static string Check(ImageProperties image, Prefs prefs, bool interactive)
    {
        var previous = prefs.Text(Prefs.PreviousVersion);
        var told = !string.IsNullOrEmpty(previous) && previous == image.Version
            ? Event(new(OmahaEvent.Complete, OmahaEvent.Error, (uint)ErrorCode.Rollback))
            : $"        <event eventtype=\"3\" eventresult=\"2\" previousversion=\"{Encode(previous ?? "0.0.0.0")}\"></event>\n";
        var request = Around(image, prefs, interactive, Ping + "        <updatecheck></updatecheck>\n" + told);
        prefs.Set(Prefs.PreviousVersion, "");
        return request;
    }

    public static string Tell(ImageProperties image, Prefs prefs, bool interactive, OmahaEvent told) =>
        Around(image, prefs, interactive, Event(told));

    public static string PingOnly(ImageProperties image, Prefs prefs, bool interactive) => Around(image, prefs, interactive, Ping);

    private static string Event(OmahaEvent told)
    {
        // %d: what has the highest bit is shown below zero.
        var code = told.Result == OmahaEvent.Success ? "" : string.Create(CultureInfo.InvariantCulture, $" errorcode=\"{unchecked((int)told.Code)}\"");
        return string.Create(CultureInfo.InvariantCulture, $"        <event eventtype=\"{told.Type}\" eventresult=\"{told.Result}\"{code}></event>\n");
    }

    private static string Around(ImageProperties image, Prefs prefs, bool interactive, string body)
    {
        var architecture = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "aarch64" : "x86_64";
        var aleph = prefs.Text(Prefs.AlephVersion) ?? "";
        return $"""
            <?xml version="1.0" encoding="UTF-8"?>
            <request protocol="3.0" version="{Updater}" updaterversion="{Updater}" installsource="{(interactive ? "ondemandupdate" : "scheduler")}" ismachine="1">
                <os version="Chateau" platform="CoreOS" sp="{Encode(image.Version)}_{architecture}"></os>
                <app appid="{Encode(image.AppId)}" version="{Encode(image.Version)}" track="{Encode(image.Group)}" bootid="{Encode("{" + image.BootId + "}")}" oem="{Encode(image.Oem)}" oemversion="{Encode(image.OemVersion)}" alephversion="{Encode(aleph)}" machineid="{Encode(image.MachineId)}" machinealias="{Encode(image.Alias)}" lang="en-US" board="{Encode(image.Board)}" hardware_class="" delta_okay="false" >
            {body}    </app>
            </request>

            """;
    }

    /// <summary>As libxml2 writes attributes: what is not ASCII becomes a number.</summary>
    internal static string Encode(string text)
    {
        var encoded = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '<' => encoded.Append("&lt;"),
                '>' => encoded.Append("&gt;"),
                '&' => encoded.Append("&amp;"),
                '"' => encoded.Append("&quot;"),
                '\r' => encoded.Append("&#13;"),
                >= 0x80 => encoded.Append(CultureInfo.InvariantCulture, $"&#x{rune.Value:X};"),
                _ => encoded.Append((char)rune.Value),
            };
        }
        return encoded.ToString();
    }
}
