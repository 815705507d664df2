using System.Diagnostics;
using Kola.Machines;

namespace Kola.Tests.Machines;

/// <summary>The guest program, run by this host's bash where that harms nothing.</summary>
public sealed class GuestProgramTests
{
    private string _script = null!;
    private string _directory = null!;

    [SetUp]
    public void Write()
    {
        _directory = Directory.CreateTempSubdirectory("kola-test-").FullName;
        _script = Path.Combine(_directory, "channel");
        File.WriteAllText(_script, GuestProgram.Script);
    }

    [TearDown]
    public void Remove() => Directory.Delete(_directory, recursive: true);

    [Test]
    public void It_is_a_script_bash_reads() => Assert.That(Run("-n", _script).ExitCode, Is.Zero);

    [Test]
    public void A_file_is_written_as_it_is()
    {
        string file = Path.Combine(_directory, "hosts");
        Assert.That(Run(_script, "write_file", file, "127.0.0.1 localhost\n50% \\n 'q'\n").ExitCode, Is.Zero);
        Assert.That(File.ReadAllText(file), Is.EqualTo("127.0.0.1 localhost\n50% \\n 'q'\n"));
    }

    [Test]
    public void Another_key_takes_the_place_of_the_template_s_and_of_no_other()
    {
        string keys = Path.Combine(Directory.CreateDirectory(Path.Combine(_directory, ".ssh", "authorized_keys.d")).FullName, "ignition");
        File.WriteAllText(keys, "ssh-ed25519 AAAA+b/c= kola\nssh-rsa BBBB author\n");
        // ~name is looked up in the password file; ~ alone is $HOME.
        Assert.That(Run(_script, "change_key", "", "ssh-ed25519 AAAA+b/c= kola", "ssh-ed25519 CCCC kola").ExitCode, Is.Zero);
        Assert.That(File.ReadAllText(keys), Is.EqualTo("ssh-ed25519 CCCC kola\nssh-rsa BBBB author\n"));
    }

    [Test]
    public void A_clock_that_is_set_tells_its_time_and_one_that_is_not_none()
    {
        // This host's is left as it is.
        string date = Path.Combine(_directory, "date");
        File.WriteAllText(date, "#!/bin/sh\n[ \"$*\" = '-u -s @1764439046.312' ]\n");
        File.SetUnixFileMode(date, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Assert.That(Run(_script, "set_clock", "1764439046.312").Output, Does.Match(@"^\d{10}\.\d{6}\n$"));
        Assert.That(Run(_script, "set_clock", "yesterday"), Is.EqualTo((1, "")));
    }

    [Test]
    public void A_card_that_is_not_there_is_said() =>
        Assert.That(Run(_script, "find_card", "52:54:00:ff:ff:ff"), Is.EqualTo((1, "no card has the address 52:54:00:ff:ff:ff\n")));

    [Test]
    public void It_depends_on_no_package_of_the_image_beyond_systemd_openssh_and_coreutils() => Assert.That(
        GuestProgram.Script, Does.Not.Contain("python").And.Not.Contain("socat").And.Not.Contain("perl").And.Not.Contain("awk"));

    private (int ExitCode, string Output) Run(params string[] arguments)
    {
        var start = new ProcessStartInfo("bash", arguments) { RedirectStandardOutput = true };
        start.Environment["HOME"] = _directory;
        start.Environment["PATH"] = $"{_directory}:{start.Environment["PATH"]}";
        using Process bash = Process.Start(start)!;
        string output = bash.StandardOutput.ReadToEnd();
        bash.WaitForExit();
        return (bash.ExitCode, output);
    }
}
