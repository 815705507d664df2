using System.Globalization;
using System.Text;
using System.Xml;

namespace Kola.Reporting;

/// <summary>Writes an XML document as text: UTF-8, indented, lines ended by <c>\n</c>.</summary>
internal static class XmlText
{
    internal static string Of(Action<XmlWriter> write)
    {
        using var text = new Utf8Writer();
        using (XmlWriter xml = XmlWriter.Create(text, new XmlWriterSettings { Indent = true, NewLineChars = "\n" }))
            write(xml);
        return text + "\n";
    }

    /// <summary>An attribute of the open element, on one line and fit for XML.</summary>
    internal static void Attribute(this XmlWriter xml, string name, string? value) => xml.WriteAttributeString(name, PlainText.OneLine(value));

    /// <summary>An attribute of the open element.</summary>
    internal static void Attribute(this XmlWriter xml, string name, int value) => xml.WriteAttributeString(name, value.ToString(CultureInfo.InvariantCulture));

    /// <summary>An element that holds text only, fit for XML.</summary>
    internal static void TextElement(this XmlWriter xml, string name, string? text) => xml.WriteElementString(name, PlainText.Clean(text));

    /// <summary><c>&lt;property name="…" value="…" /&gt;</c>; nothing when there is no value.</summary>
    internal static void Property(this XmlWriter xml, string name, string? value)
    {
        if (string.IsNullOrEmpty(value))
            return;
        xml.WriteStartElement("property");
        xml.Attribute("name", name);
        xml.Attribute("value", value);
        xml.WriteEndElement();
    }

    // A plain StringWriter makes the declaration say utf-16.
    private sealed class Utf8Writer : StringWriter
    {
        internal Utf8Writer()
            : base(CultureInfo.InvariantCulture)
        {
        }

        public override Encoding Encoding => new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
    }
}
