namespace Flatcar.Tests.Boot;

/// <summary>/usr is what was built, block by block.</summary>
[Category("boot")]
public sealed class VerityTests
{
    [MachineTest("cl.verity")]
    public async Task Every_block_of_usr_is_checked_against_the_hash_in_the_kernel(Machine machine, Lab lab)
    {
        string architecture = (await machine.RunAsync("uname -m")).Text;
        // The build puts 64 hex digits into a gap of the kernel's image.
        int gap = architecture == "x86_64" ? 64 : 512;
        CommandResult read = await machine.RunAsync($"sudo dd if=/boot/flatcar/vmlinuz-a bs=1 skip={gap} count=64 status=none");
        string hash = read.Text;
        Assert.That(hash, Does.Match("^[0-9a-f]{64}$"), "the kernel of slot A bears no root hash");

        // usr: 0 2080752 verity V
        await lab.StepAsync("status", async () =>
        {
            Assert.That((await machine.RunAsync("sudo dmsetup status --target verity usr")).Text, Does.EndWith(" verity V"));
            Assert.That((await machine.RunAsync("sudo dmsetup table --target verity usr")).Text, Does.Contain(hash).And.Contain("panic_on_corruption"));
        });
        await lab.StepAsync("verify", () => machine.RunAsync(
            $"usr=$(rootdev -s /usr) && sudo veritysetup verify --hash-offset=1065345024 $usr $usr {hash}", TimeSpan.FromMinutes(5)));
    }

    // A sub-test of the peer's cl.verity, which zeroes 100 MB; one wrong block has to be enough. The machine is lost by it.
    [MachineTest("cl.verity.corruption")]
    [Tolerates("kernel-panic", because: "it is what is asked for: a machine stops rather than run what nobody built")]
    [Tolerates("verity-corruption", because: "a block is made wrong on purpose")]
    public async Task One_wrong_block_of_usr_stops_the_machine(Machine machine)
    {
        const string read = "sudo dd if=/dev/mapper/usr of=/dev/null bs=4096 skip=1000 count=1 iflag=direct status=none";
        await machine.RunAsync(read);
        await machine.RunAsync("sudo dd if=/dev/urandom of=$(rootdev -s /usr) bs=4096 seek=1000 count=1 conv=notrunc,fsync status=none");
        await machine.SudoAsync("echo 3 >/proc/sys/vm/drop_caches");

        MachineException? lost = await Assert.ThrowsAsync<MachineException>(() => machine.TryRunAsync(read, TimeSpan.FromSeconds(5)));
        Assert.That(lost?.Message, Does.Contain("was lost").Or.Contain("did not end"), "an answer, and be it an error, means that the machine goes on");
    }
}
