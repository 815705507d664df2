using System.Globalization;
using System.Text;
using System.Xml;

namespace Kola.Updates.Omaha;

/// <summary>Writes what a server answers.</summary>
internal static class ResponseWriter
{
    private static readonly XmlWriterSettings s_settings = new() { Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), Indent = true };

    /// <summary>The answer to a request.</summary>
    /// <param name="asked">Of the answer only what was asked for is given.</param>
    /// <param name="update">What is offered; null for no update.</param>
    /// <param name="codebase">URL below which the packages are, with a slash at its end.</param>
    internal static byte[] Answer(OmahaRequest asked, OfferedUpdate? update, string codebase) => Write(asked, xml =>
    {
        xml.WriteAttributeString("status", "ok");
        if (asked.PingActive is not null)
            Element(xml, "ping", ("status", "ok"));
        if (asked.IsUpdateCheck)
            Check(xml, update, codebase);
        foreach (OmahaEvent _ in asked.Events)
            Element(xml, "event", ("status", "ok"));
    });

    /// <summary>The answer to who asks for something else than Flatcar.</summary>
    internal static byte[] UnknownApp(OmahaRequest asked) => Write(asked, xml => xml.WriteAttributeString("status", "error-unknownApplication"));

    private static byte[] Write(OmahaRequest asked, Action<XmlWriter> app)
    {
        using var text = new MemoryStream();
        using (var xml = XmlWriter.Create(text, s_settings))
        {
            xml.WriteStartElement("response");
            xml.WriteAttributeString("protocol", "3.0");
            xml.WriteAttributeString("server", "kola");
            Element(xml, "daystart", ("elapsed_seconds", "0"));
            xml.WriteStartElement("app");
            xml.WriteAttributeString("appid", asked.AppId);
            app(xml);
            xml.WriteEndElement();
            xml.WriteEndElement();
        }

        return text.ToArray();
    }

    private static void Check(XmlWriter xml, OfferedUpdate? update, string codebase)
    {
        if (update is null)
        {
            Element(xml, "updatecheck", ("status", "noupdate"));
            return;
        }

        xml.WriteStartElement("updatecheck");
        xml.WriteAttributeString("status", "ok");
        xml.WriteStartElement("urls");
        Element(xml, "url", ("codebase", codebase));
        xml.WriteEndElement();
        xml.WriteStartElement("manifest");
        xml.WriteAttributeString("version", update.Offer.Version);
        xml.WriteStartElement("packages");
        // The client takes the first one, and its own sums from the action; the further ones are the postinst's.
        foreach ((OfferedPackage package, int index) in update.Packages.Select((package, index) => (package, index)))
        {
            long size = package.Size + (index == 0 ? update.Offer.SizeDifference : 0);
            Element(xml, "package", ("name", package.UrlName), ("hash", package.Sha1), ("hash_sha256", Convert.ToHexStringLower(package.Sha256)), ("size", size.ToString(CultureInfo.InvariantCulture)), ("required", index == 0 ? "true" : "false"));
        }

        xml.WriteEndElement();
        xml.WriteStartElement("actions");
        // Without the last word a client refuses its second update for a day.
        if (!update.Offer.WithoutAction)
            Element(xml, "action", ("event", "postinstall"), ("sha256", Sha256(update)), ("DisablePayloadBackoff", "true"));
        xml.WriteEndElement();
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static string Sha256(OfferedUpdate update)
    {
        byte[] sum = [.. update.Packages[0].Sha256];
        if (update.Offer.WrongSha256)
            sum[0] ^= 1;
        return Convert.ToBase64String(sum);
    }

    private static void Element(XmlWriter xml, string name, params ReadOnlySpan<(string Name, string Value)> attributes)
    {
        xml.WriteStartElement(name);
        foreach ((string attribute, string value) in attributes)
            xml.WriteAttributeString(attribute, value);
        xml.WriteEndElement();
    }
}
