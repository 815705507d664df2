using System.Globalization;
using System.Xml;
using System.Xml.Linq;

namespace Kola.Updates.Omaha;

/// <summary>Reads what an update client sent. It comes from a machine, so nothing of it is believed.</summary>
internal static class RequestReader
{
    /// <summary>Most bytes a request may have; real ones have about 1000.</summary>
    internal const int MostBytes = 1 << 20;

    // Real ones have three.
    private const int Deepest = 16;

    private static readonly XmlReaderSettings s_settings = new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        MaxCharactersInDocument = MostBytes,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
    };

    /// <exception cref="FormatException">It is no request of protocol 3.0 for one app.</exception>
    internal static OmahaRequest Read(ReadOnlyMemory<byte> body, DateTimeOffset now)
    {
        if (body.Length > MostBytes)
            throw new FormatException($"a request of more than {MostBytes} bytes");
        XElement root = Parse(body);
        if (root.Name != "request")
            throw new FormatException($"no request but <{root.Name.LocalName}>");
        if (Text(root, "protocol") != "3.0")
            throw new FormatException($"protocol \"{Text(root, "protocol")}\", wanted: 3.0");
        if (root.Elements("app").ToArray() is not [XElement app])
            throw new FormatException("a request is for exactly one app");
        if (Text(app, "appid").Length == 0)
            throw new FormatException("an app without appid");
        XElement os = root.Element("os") ?? new XElement("os");
        return new OmahaRequest
        {
            At = now,
            Protocol = Text(root, "protocol"),
            ClientVersion = Text(root, "version"),
            UpdaterVersion = Text(root, "updaterversion"),
            InstallSource = Text(root, "installsource"),
            IsMachine = Text(root, "ismachine"),
            OsVersion = Text(os, "version"),
            OsPlatform = Text(os, "platform"),
            OsServicePack = Text(os, "sp"),
            AppId = Text(app, "appid"),
            AppVersion = Text(app, "version"),
            Track = Text(app, "track"),
            BootId = Text(app, "bootid").TrimStart('{').TrimEnd('}'),
            Oem = Text(app, "oem"),
            OemVersion = Text(app, "oemversion"),
            AlephVersion = Text(app, "alephversion"),
            MachineId = Text(app, "machineid"),
            MachineAlias = Text(app, "machinealias"),
            Language = Text(app, "lang"),
            Board = Text(app, "board"),
            HardwareClass = Text(app, "hardware_class"),
            DeltaOkay = Text(app, "delta_okay"),
            IsUpdateCheck = app.Element("updatecheck") is not null,
            PingActive = app.Element("ping") is { } ping ? Text(ping, "active") : null,
            Events = [.. app.Elements("event").Select(told => EventOf(told, Text(app, "machineid"), now))],
        };
    }

    private static XElement Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            byte[] bytes = body.ToArray();
            RefuseDepth(bytes);
            using var stream = new MemoryStream(bytes, writable: false);
            using var reader = XmlReader.Create(stream, s_settings);
            return XDocument.Load(reader).Root!;
        }
        catch (XmlException wrong)
        {
            throw new FormatException($"no XML: {wrong.Message}", wrong);
        }
    }

    // A tree takes a time that grows with the square of its depth: 1 MiB of nothing but <a> would take minutes.
    private static void RefuseDepth(byte[] body)
    {
        using var stream = new MemoryStream(body, writable: false);
        using var reader = XmlReader.Create(stream, s_settings);
        while (reader.Read())
        {
            if (reader.Depth > Deepest)
                throw new FormatException($"elements within each other, more than {Deepest} deep");
        }
    }

    private static OmahaEvent EventOf(XElement told, string machine, DateTimeOffset now) => new((int)Number(told, "eventtype"), (int)Number(told, "eventresult"))
    {
        ErrorCode = told.Attribute("errorcode") is null ? null : Number(told, "errorcode"),
        PreviousVersion = told.Attribute("previousversion")?.Value,
        At = now,
        MachineId = machine,
    };

    // A flag in the highest bit makes an error code negative.
    private static long Number(XElement element, string name) =>
        long.TryParse(Text(element, name), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) && number is >= int.MinValue and <= uint.MaxValue
            ? number
            : throw new FormatException($"{name}=\"{Text(element, name)}\" of an event, wanted: a number of 32 bits");

    private static string Text(XElement element, string name) => element.Attribute(name)?.Value ?? "";
}
