using System.Text;
using System.Xml.Linq;
using System.Xml.XPath;
using Kola.Updates.Omaha;
using Microsoft.Extensions.Time.Testing;

namespace Kola.Tests.Updates.Omaha;

/// <summary>A feed with files of its own.</summary>
internal sealed class Feed : IDisposable
{
    internal const string Packages = "http://host:1/t/x/packages/";

    private readonly List<UpdateExchange> _told = [];

    internal Feed(int? rate = null) => It = new UpdateFeed(Time, _told.Add) { MostAMinute = rate };

    internal FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 22, 18, 0, 0, TimeSpan.Zero));

    internal string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("kola-feed-").FullName;

    internal UpdateFeed It { get; }

    internal IEnumerable<string> Told => _told.Select(t => t.ToString());

    internal string File(string name, string content = "payload")
    {
        string file = Path.Combine(Directory, name);
        System.IO.Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        System.IO.File.WriteAllText(file, content);
        return file;
    }

    internal async Task<XDocument> AskAsync(string request)
    {
        OmahaReply reply = await It.AnswerAsync(Asked.Bytes(request), Packages);
        Assert.That(reply.Status, Is.EqualTo(200));
        return XDocument.Parse(Encoding.UTF8.GetString(reply.Body));
    }

    /// <summary>Status of the check, as the client finds it.</summary>
    internal async Task<string> StatusAsync(string request) => Text(await AskAsync(request), "/response/app/updatecheck/@status");

    internal static string Text(XDocument answer, string path) => ((IEnumerable<object>)answer.XPathEvaluate(path)).FirstOrDefault() switch
    {
        XAttribute attribute => attribute.Value,
        XElement element => element.Name.LocalName,
        _ => "",
    };

    public void Dispose()
    {
        It.Dispose();
        System.IO.Directory.Delete(Directory, recursive: true);
    }
}
