using Kola;
using NUnit.Framework;

namespace Samples;

/// <summary>Tests that notice some of what is made wrong with their machines, and what is made wrong: how a mutation run tells them apart.</summary>
[Category("mutated")]
public sealed class MutatedTests
{
    [MachineTest("mutated.sees", Minutes = 2)]
    public async Task A_machine_has_no_file_that_is_wrong(Machine machine) =>
        Assert.That((await machine.TryRunAsync("sudo cat /etc/wrong")).ExitCode, Is.Not.Zero, "there is a file that is wrong");

    [MachineTest("mutated.blind", Minutes = 2)]
    public Task A_machine_runs_a_command(Machine machine) => machine.RunAsync("true");

    [MachineTest("mutated.prepared", Minutes = 2)]
    public async Task A_machine_was_prepared_before_anything_was_wrong([Spec(Prepared = "greeting")] Machine machine) =>
        Assert.That(await machine.ReadFileAsync("/etc/greeting"), Is.EqualTo("hello"));

    [MachineTest("mutated.prepared.too", Minutes = 2)]
    public async Task Another_machine_was_prepared_before_anything_was_wrong([Spec(Prepared = "greeting")] Machine machine) =>
        Assert.That(await machine.ReadFileAsync("/etc/greeting"), Is.EqualTo("hello"));

    [MachineTest("mutated.fresh", Minutes = 2, Fresh = true)]
    public Task A_first_boot_is_looked_at(Machine machine) => machine.RunAsync("true");

    [Fault("sample.seen", "there is a file that is wrong", Near = ["mutated.sees"])]
    public static Task A_file_is_wrong(Machine machine) => machine.WriteFileAsync("/etc/wrong", "wrong");

    [Fault("sample.unseen", "there is a file nobody looks at", Reboots = true, Near = ["mutated.*"])]
    public static Task A_file_is_wrong_that_nobody_looks_at(Machine machine) => machine.WriteFileAsync("/etc/unseen", "wrong");

    [Fault("sample.unmet", "machines that had met have forgotten it")]
    public static async Task They_forget(Machine machine)
    {
        Assert.That(await machine.ReadFileAsync("/etc/greeting"), Does.StartWith("hello"), "they had met");
        await machine.WriteFileAsync("/etc/greeting", "who are you?");
    }

    [Fault("sample.degrades", "the machine is degraded")]
    public static Task A_machine_is_degraded(Machine machine) => machine.WriteFileAsync("/etc/degraded", "");

    [Fault("sample.nothing", "nothing is wrong, and that is seen")]
    public static async Task It_has_no_effect(Machine machine) =>
        Assert.That((await machine.TryRunAsync("sudo cat /etc/nothing")).ExitCode, Is.Zero, "it has no effect");

    [Fault("sample.kills", "the emulator is killed")]
    public static Task It_takes_the_place_with_it(Machine machine) => machine.RunAsync("kill the emulator");
}
