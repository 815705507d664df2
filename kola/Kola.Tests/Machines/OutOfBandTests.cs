using System.Diagnostics;

namespace Kola.Tests.Machines;

/// <summary>What the guest program is given to run a script past the network, in a real bash.</summary>
public sealed class OutOfBandTests
{
    [TestCase("echo out; echo error >&2; exit 7", 7, "out\nerror\n")]
    [TestCase("printf 'a\\x1eb 0\\n'", 0, "ab 0\n", Description = "its own marks do not come through")]
    [TestCase("false", 1, "")]
    public void A_script_has_its_exit_code_and_both_its_outputs(string script, int exitCode, string text)
    {
        using Process bash = Process.Start(new ProcessStartInfo("bash", ["-c", OutOfBand.Command(script, TimeSpan.FromSeconds(10))]) { RedirectStandardOutput = true })!;
        string said = bash.StandardOutput.ReadToEnd();
        bash.WaitForExit();
        Assert.That((bash.ExitCode, said), Is.EqualTo((exitCode, text)));
    }

    [Test]
    public void A_script_that_hangs_is_ended()
    {
        using Process bash = Process.Start(new ProcessStartInfo("bash", ["-c", OutOfBand.Command("echo begun; sleep 60", TimeSpan.FromSeconds(3))]) { RedirectStandardOutput = true })!;
        Assert.That(bash.StandardOutput.ReadToEnd(), Is.EqualTo("begun\n"));
        bash.WaitForExit();
        Assert.That(bash.ExitCode, Is.EqualTo(124));
    }
}
