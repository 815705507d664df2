using Kola;
using NUnit.Framework;

[assembly: Parallelizable(ParallelScope.All)]
[assembly: FixtureLifeCycle(LifeCycle.InstancePerTestCase)]

namespace Samples;

/// <summary>Tests that end in every way a test can, on purpose: what a run makes of each is the harness's own test.</summary>
[Category("sample")]
public sealed class SampleTests
{
    private int _seen;

    [MachineTest("sample.passes", Minutes = 2)]
    public async Task A_test_passes(Machine machine) =>
        Assert.That((await machine.RunAsync("echo hello")).Text, Is.EqualTo("hello"));

    [MachineTest("sample.fails.assertion", Minutes = 2)]
    public async Task An_assertion_fails(Machine machine) =>
        Assert.That((await machine.RunAsync("echo hello")).Text, Is.EqualTo("goodbye"));

    [MachineTest("sample.fails.at-once", Minutes = 2)]
    public void An_assertion_fails_in_a_method_that_waits_for_nothing(Machine machine) => Assert.That(machine.Name, Is.EqualTo("hub"));

    [MachineTest("sample.flaky", Minutes = 2)]
    public async Task A_test_passes_the_second_time(Machine machine, Lab lab)
    {
        await machine.RunAsync("true");
        Assert.That(_seen++, Is.Zero, "what the first attempt left in its fixture is seen");
        Assert.That(lab.Directory, Does.EndWith("attempt-2"), "only the second attempt passes");
    }

    [MachineTest("sample.flips", Minutes = 2)]
    public async Task Every_fourth_repetition_fails(Machine machine, Lab lab)
    {
        await machine.RunAsync("true");
        string number = lab.Directory.Split("attempt-")[^1];
        Assert.That(int.TryParse(number, out int repetition) && repetition % 4 == 0, Is.False, "it is the fourth");
    }

    [MachineTest("sample.fails.command", Minutes = 2)]
    public Task A_command_fails(Machine machine) => machine.RunAsync("ls /no/such/directory");

    [MachineTest("sample.fails.several", Minutes = 2)]
    public async Task Several_assertions_fail_and_all_are_told(Machine machine)
    {
        string text = (await machine.RunAsync("echo hello")).Text;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(text, Has.Length.EqualTo(1));
            Assert.That(text, Is.EqualTo("goodbye"));
        }
    }

    [MachineTest("sample.fails.part", Minutes = 2)]
    public async Task One_part_fails_and_the_others_are_still_tried(Machine machine, Lab lab)
    {
        await lab.StepAsync("Wrong", () => machine.RunAsync("false"));
        await lab.StepAsync("Unequal", async () => Assert.That((await machine.RunAsync("echo 1")).Text, Is.EqualTo("2")));
        await lab.StepAsync("Other", async () => Assert.That((await machine.RunAsync("echo 3")).Text, Is.EqualTo("4")));
        await lab.StepAsync("Right", () => machine.RunAsync("true"));
    }

    [MachineTest("sample.fails.fault", Minutes = 2)]
    public async Task The_test_itself_has_a_fault(Machine machine)
    {
        await machine.RunAsync("true");
        throw new InvalidOperationException("the author made a mistake");
    }

    [MachineTest("sample.hangs.command", Minutes = 1)]
    public Task A_command_never_ends(Machine machine) => machine.RunAsync("sleep infinity", TimeSpan.FromHours(1));

    [MachineTest("sample.hangs.thread", Minutes = 1)]
    public async Task The_test_holds_its_thread_for_ever(Machine machine)
    {
        await machine.RunAsync("true");
        using var never = new ManualResetEvent(false);
        never.WaitOne();
    }

    [MachineTest("sample.waits", Minutes = 2)]
    public Task What_is_waited_for_never_comes(Machine machine) =>
        machine.WaitForAsync("pigs to fly", () => machine.TryRunAsync("test -e /pigs"), pigs => pigs.ExitCode == 0, TimeSpan.FromSeconds(1));

    [MachineTest("sample.panics", Minutes = 5)]
    public Task The_kernel_panics(Machine machine) => machine.SudoAsync("sync; echo c >/proc/sysrq-trigger", TimeSpan.FromMinutes(4));

    [MachineTest("sample.panics.on-purpose", Minutes = 5)]
    [Tolerates("kernel-panic", because: "the test is about panics")]
    public async Task A_panic_that_is_tolerated_does_not_fail_the_test(Machine machine)
    {
        Assert.That(async () => await machine.SudoAsync("sync; echo c >/proc/sysrq-trigger", TimeSpan.FromSeconds(5)), Throws.InstanceOf<MachineException>());
        await machine.ResetAsync();
    }

    [MachineTest("sample.emergency", Minutes = 6)]
    public Task The_first_boot_ends_in_the_emergency_shell([Spec(Config = "emergency.ign")] Machine machine) => machine.RunAsync("true");

    [MachineTest("sample.emergency.expected", Minutes = 6)]
    public void A_boot_that_is_meant_to_fail_fails([Spec(Config = "emergency.ign", BootFails = true)] Machine machine) =>
        Assert.That(machine.BootFailure, Does.Contain("hash verification failed"));

    [MachineTest("sample.emergency.missed", Minutes = 6)]
    public void A_boot_that_is_meant_to_fail_succeeds([Spec(BootFails = true)] Machine machine) => Assert.Fail($"the test was run, with {machine.Name}");

    [MachineTest("sample.poweroff", Minutes = 5)]
    public Task The_machine_powers_off(Machine machine) => machine.SudoAsync("systemctl poweroff; sleep infinity", TimeSpan.FromMinutes(4));

    [MachineTest("sample.deaf", Minutes = 3)]
    public async Task The_machine_goes_on_and_SSH_is_dead(Machine machine)
    {
        await machine.SudoAsync("echo password=correct-horse >/run/note; systemd-run --quiet --collect sh -c 'systemctl stop sshd.socket; pkill -9 sshd'; sleep 60");
        await machine.RunAsync("true");
    }

    [MachineTest("sample.finding", Minutes = 3)]
    public async Task A_check_fires_in_the_journal_of_a_test_that_went_well(Machine machine)
    {
        await machine.WriteFileAsync("/etc/systemd/system/broken.service", "[Service]\nType=oneshot\nExecStart=/bin/false\n");
        await machine.TryRunAsync("sudo systemctl start broken.service");
    }

    [MachineTest("sample.updates", Minutes = 2, Needs = [Feature.OmahaServer])]
    public async Task A_test_has_an_update_server_of_its_own(Machine machine, Lab lab)
    {
        await machine.RunAsync("true");
        Assert.That((lab.Updates.Requests.Count, lab.Updates.Authority), Is.EqualTo((0, lab.Updates.Authority)));
        lab.Updates.OfferNothing();
        using var http = new System.Net.Http.HttpClient();
        using var check = new System.Net.Http.StringContent("""<request protocol="3.0"><app appid="{e96281a6-d1af-4bde-9a0a-97b76e56dc57}" version="1.0.0" machineid="0123"><ping active="1"/><updatecheck/><event eventtype="3" eventresult="2" previousversion="0.9.0"/></app></request>""");
        Task<OmahaEvent> told = lab.Updates.WaitForEventAsync("an event", e => e.Type == 3);
        using System.Net.Http.HttpResponseMessage answer = await http.PostAsync(new Uri(lab.Updates.Server), check);
        Assert.That(await answer.Content.ReadAsStringAsync(), Does.Contain("noupdate"));
        Assert.That((await told).ToString(), Is.EqualTo("3/2 from 0.9.0"));
    }

    [MachineTest("sample.updates.hangs", Minutes = 1, Needs = [Feature.OmahaServer])]
    public Task A_request_that_never_comes_is_waited_for(Machine machine, Lab lab) => lab.Updates.WaitForRequestAsync($"{machine.Name} to check", r => r.IsUpdateCheck);

    [MachineTest("sample.updates.unasked", Minutes = 1)]
    public void An_update_server_that_was_not_asked_for_is_not_there(Machine machine, Lab lab) => Assert.That(lab.Updates.Server, Is.EqualTo(machine.Name));

    [MachineTest("sample.broken", Minutes = 2)]
    public async Task The_place_is_wrong(Machine machine)
    {
        await machine.RunAsync("true");
        throw new PlatformException(Signal.ImageStore, "the image store is on fire");
    }

    [MachineTest("sample.leaks", Minutes = 2)]
    public async Task Something_is_left_behind(Machine machine)
    {
        _ = machine.TryRunAsync("sleep 600");
        await machine.RunAsync("true");
    }

    [MachineTest("sample.skips", Minutes = 2)]
    public async Task The_test_finds_that_it_does_not_apply(Machine machine, Lab lab)
    {
        await machine.RunAsync("true");
        await lab.StepAsync("Part", () =>
        {
            Lab.Skip("not this part either", "Look further.");
            return Task.CompletedTask;
        });
        Lab.Skip("there is nothing to see here", "Look elsewhere.");
    }

    [MachineTest("sample.needs", Needs = [Feature.Internet])]
    public Task Something_that_is_not_offered_is_needed(Machine machine) => machine.RunAsync("true");

    [MachineTest("sample.fresh", Minutes = 2, Fresh = true)]
    public Task A_machine_of_its_own_is_booted(Machine machine) => machine.RunAsync("true");

    [MachineTest("sample.two", Minutes = 2)]
    public Task Two_machines_reach_each_other(Machine hub, Machine spoke) => spoke.RunAsync($"ping -c 1 -W 2 {hub.Address}");

    [MachineTest("sample.prepared", Minutes = 2)]
    public async Task A_machine_has_been_prepared([Spec(Prepared = "greeting")] Machine machine) =>
        Assert.That(await machine.ReadFileAsync("/etc/greeting"), Is.EqualTo("hello"));

    [MachineTest("sample.prepared.again", Minutes = 2)]
    public async Task Another_one_has_been_prepared_likewise([Spec(Prepared = "greeting")] Machine machine) =>
        Assert.That(await machine.ReadFileAsync("/etc/greeting"), Is.EqualTo("hello"));

    [MachineTest("sample.prepared.badly", Minutes = 2)]
    public Task A_preparation_that_fails_is_the_failure_of_its_tests([Spec(Prepared = "failing")] Machine machine) => machine.RunAsync("true");

    [MachineTest("sample.prepared.never", Minutes = 2)]
    public Task A_preparation_that_never_ends_ends_its_tests([Spec(Prepared = "never")] Machine machine) => machine.RunAsync("true");

    [MachineTest("sample.together", Minutes = 2, Prepared = "pair")]
    public Task Two_machines_have_met(Machine hub, Machine spoke) => HaveMetAsync(hub, spoke);

    [MachineTest("sample.together.again", Minutes = 2, Prepared = "pair")]
    public Task The_same_two_have_met(Machine hub, Machine spoke) => HaveMetAsync(hub, spoke);

    [MachineTest("sample.together.badly", Minutes = 2, Prepared = "failing-pair")]
    public Task Two_that_cannot_meet_are_the_failure_of_their_tests(Machine hub, Machine spoke) => HaveMetAsync(hub, spoke);

    [Preparation("pair")]
    public static async Task They_meet([Spec(MemoryMiB = 512)] Machine hub, Machine spoke, Lab lab)
    {
        await hub.WriteFileAsync("/etc/greeting", $"hello {spoke.Name} at {spoke.Address}, in {Path.GetFileName(lab.Directory).Length > 0}");
        await spoke.WriteFileAsync("/etc/greeting", $"hello {hub.Name} at {hub.Address}");
    }

    [Preparation("failing-pair")]
    public static async Task They_do_not_meet(Machine hub, Machine spoke)
    {
        await hub.WriteFileAsync("/etc/greeting", "hello");
        Assert.That(await hub.ReadFileAsync("/etc/greeting"), Is.EqualTo($"goodbye {spoke.Name}"));
    }

    private static async Task HaveMetAsync(Machine hub, Machine spoke)
    {
        Assert.That(await hub.ReadFileAsync("/etc/greeting"), Is.EqualTo($"hello spoke at {spoke.Address}, in True"));
        Assert.That(await spoke.ReadFileAsync("/etc/greeting"), Is.EqualTo($"hello hub at {hub.Address}"));
        Assert.That((hub.Spec.MemoryMiB, spoke.Spec.MemoryMiB), Is.EqualTo((512, 1024)), "what the preparation says of them");
    }

    [Preparation("greeting")]
    public static async Task A_greeting_is_written(Machine machine) => await machine.WriteFileAsync("/etc/greeting", "hello");

    [Preparation("failing")]
    public static async Task It_does_not_work(Machine machine) =>
        Assert.That((await machine.RunAsync("echo hello")).Text, Is.EqualTo("goodbye"));

    [Preparation("never")]
    public static async Task It_holds_its_thread_for_ever(Machine machine)
    {
        await machine.RunAsync("true");
        using var never = new ManualResetEvent(false);
        never.WaitOne();
    }
}
