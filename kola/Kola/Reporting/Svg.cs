using System.Globalization;
using System.Xml.Linq;

namespace Kola.Reporting;

/// <summary>Parts of drawings.</summary>
internal static class Svg
{
    private static readonly XNamespace s_namespace = "http://www.w3.org/2000/svg";

    /// <summary>A whole file.</summary>
    internal static string Document(int width, int height, string title, string style, IEnumerable<XElement> parts)
    {
        XElement svg = Element("svg", ("viewBox", $"0 0 {width} {height}"), ("width", width), ("height", height), ("role", "img"));
        svg.Add(new XElement(s_namespace + "title", PlainText.OneLine(title)), new XElement(s_namespace + "style", style), parts);
        return svg.ToString(SaveOptions.None).ReplaceLineEndings("\n") + "\n";
    }

    /// <summary>A shape that says something when it is pointed at.</summary>
    internal static XElement Hinted(XElement shape, string hint)
    {
        shape.Add(new XElement(s_namespace + "title", hint));
        return shape;
    }

    /// <summary>A line of text that begins at a point, or ends there.</summary>
    internal static XElement Text(double x, double y, string? kind, string text, bool end = false)
    {
        XElement element = Element("text", ("x", x), ("y", y));
        if (kind is not null)
            element.SetAttributeValue("class", kind);
        if (end)
            element.SetAttributeValue("text-anchor", "end");
        element.Value = PlainText.OneLine(text);
        return element;
    }

    internal static XElement Element(string name, params (string Name, object Value)[] attributes) => new(
        s_namespace + name,
        attributes.Select(a => new XAttribute(a.Name, a.Value is double number ? string.Create(CultureInfo.InvariantCulture, $"{number:0.##}") : Convert.ToString(a.Value, CultureInfo.InvariantCulture)!)));
}
