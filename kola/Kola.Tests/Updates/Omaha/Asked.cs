using System.Text;

namespace Kola.Tests.Updates.Omaha;

/// <summary>Requests as update_engine writes them.</summary>
internal static class Asked
{
    internal const string Machine = "0123456789abcdef0123456789abcdef";

    /// <summary>A check, as it is after a fresh installation.</summary>
    internal static string Check(string version = "4459.0.0", string group = "stable", string machine = Machine, string @event = """<event eventtype="3" eventresult="2" previousversion="0.0.0.0"></event>""") =>
        Of($"""
                    <ping active="1"></ping>
                    <updatecheck></updatecheck>
                    {@event}
            """, version, group, machine);

    /// <summary>An event alone.</summary>
    internal static string Event(string attributes) => Of($"        <event {attributes}></event>");

    /// <summary>A ping alone.</summary>
    internal static string Ping() => Of("        <ping active=\"1\"></ping>");

    internal static string Of(string body, string version = "4459.0.0", string group = "stable", string machine = Machine, string app = "{e96281a6-d1af-4bde-9a0a-97b76e56dc57}") => $$"""
        <?xml version="1.0" encoding="UTF-8"?>
        <request protocol="3.0" version="update_engine-0.4.10" updaterversion="update_engine-0.4.10" installsource="ondemandupdate" ismachine="1">
            <os version="Chateau" platform="CoreOS" sp="{{version}}_x86_64"></os>
            <app appid="{{app}}" version="{{version}}" track="{{group}}" bootid="{1b4e28ba-2fa1-11d2-883f-0016d3cca427}" oem="qemu" oemversion="1.2" alephversion="4400.0.0" machineid="{{machine}}" machinealias="caf&#xE9;" lang="en-US" board="amd64-usr" hardware_class="" delta_okay="false" >
        {{body}}
            </app>
        </request>

        """;

    internal static byte[] Bytes(string request) => Encoding.UTF8.GetBytes(request);
}
