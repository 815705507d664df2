using Kola.Reporting;

namespace Kola.Tests.Reporting;

/// <summary>How the forms of a report get to the disk.</summary>
public sealed class RenderingTests
{
    private static readonly Report s_rich = Report.Of(RichRun.Events);

    [Test]
    public void All_forms_are_written_and_written_again()
    {
        string directory = Directory.CreateTempSubdirectory("kola-rendering-").FullName;
        try
        {
            Rendering.WriteAll(Report.Of(Happened.Clean().Events), directory);
            Rendering.WriteAll(s_rich, directory, "_kola/latest");
            Assert.That(Directory.GetFiles(directory).Select(Path.GetFileName), Is.EquivalentTo(new[] { "results.json", "junit.xml", "test.tap", "nunit3.xml", "ctrf-report.json", "summary.txt", "summary.md", "report.html" }));
            Assert.That(Directory.GetDirectories(directory).Select(Path.GetFileName), Is.EqualTo(new[] { "allure-results" }));
            Assert.That(File.ReadAllText(Path.Combine(directory, "results.json")), Is.EqualTo(JsonReport.Render(s_rich)));
            Assert.That(File.ReadAllBytes(Path.Combine(directory, "junit.xml"))[0], Is.EqualTo((byte)'<'), "no byte order mark");
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Test]
    public void One_form_that_cannot_be_written_does_not_keep_the_others_from_being()
    {
        string directory = Directory.CreateTempSubdirectory("kola-rendering-").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(directory, "results.json"));
            Assert.That(() => Rendering.WriteAll(s_rich, directory), Throws.TypeOf<PlatformException>().With.Message.Contains("results.json cannot be written").And.Message.Not.Contains("junit"));
            Assert.That(((string[])["junit.xml", "test.tap", "nunit3.xml", "ctrf-report.json", "summary.txt", "summary.md"]).Select(name => Path.Combine(directory, name)), Is.All.Exist);
            Assert.That(Path.Combine(directory, "allure-results", "categories.json"), Does.Exist);
            Assert.That(Directory.GetFileSystemEntries(directory, "*.new"), Is.Empty);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Test]
    public void Logs_are_attached_where_they_are_and_take_no_room()
    {
        string directory = Directory.CreateTempSubdirectory("kola-rendering-").FullName;
        try
        {
            string machine = Directory.CreateDirectory(Path.Combine(directory, "cl.basic", "machine")).FullName;
            File.WriteAllText(Path.Combine(machine, "console.txt"), "Linux version 6.12\n");
            File.CreateSymbolicLink(Path.Combine(machine, "journal.txt"), "/etc/hostname");
            Rendering.WriteAll(Report.Of(Happened.Clean().Events), directory);
            Rendering.WriteAll(Report.Of(Happened.Clean().Events), directory);
            string attached = Directory.GetFiles(Path.Combine(directory, "allure-results"), "*-attachment.txt").Single();
            File.AppendAllText(Path.Combine(machine, "console.txt"), "and more\n");
            Assert.That(File.ReadAllText(attached), Is.EqualTo("Linux version 6.12\nand more\n"), "it is the same file");
            Assert.That(File.ReadAllText(Path.Combine(directory, "junit.xml")), Does.Contain("[[ATTACHMENT|cl.basic/machine/console.txt]]").And.Not.Contain("ssh.log"));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Test]
    public void A_record_cannot_attach_what_is_outside_of_the_run()
    {
        string directory = Directory.CreateTempSubdirectory("kola-rendering-").FullName;
        try
        {
            Happened run = new Happened().Start().Plan("cl.basic").Begin("cl.basic")
                .Add(at => new MachineStarted { At = at, Test = "cl.basic", Machine = "machine", Address = "a", Directory = "../../../../../../etc" })
                .Add(at => new EvidenceKept { At = at, Test = "cl.basic", Machine = "machine", What = "users", File = "/etc/passwd", By = "ssh" })
                .End("cl.basic", Outcome.Failed, "it").Finish();
            Rendering.WriteAll(Report.Of(run.Events), directory);
            Assert.That(Directory.GetFiles(directory, "*", SearchOption.AllDirectories).Select(File.ReadAllText), Has.None.Contains("root:x:0"));
            Assert.That(File.ReadAllText(Path.Combine(directory, "junit.xml")), Does.Not.Contain("ATTACHMENT"));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Test]
    public void A_report_that_cannot_be_written_is_the_places_fault()
    {
        Assert.That(() => Rendering.WriteAll(s_rich, "/proc/kola"), Throws.TypeOf<PlatformException>().With.Message.Contains("results.json cannot be written"));
    }
}
