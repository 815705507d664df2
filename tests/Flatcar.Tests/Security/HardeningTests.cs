namespace Flatcar.Tests.Security;

/// <summary>What the kernel keeps people from, seen by trying it.</summary>
[Category("security")]
public sealed class HardeningTests
{
    [MachineTest("security.usr.immutable")]
    public async Task Not_even_root_changes_usr(Machine machine)
    {
        CommandResult tries = await machine.SudoAsync("""
            cd /; touch /usr/kola 2>/dev/null && echo wrote; mount -o remount,rw /usr 2>/dev/null && echo remounted; rm -f /usr/bin/true 2>/dev/null && echo removed
            dd if=/dev/zero of=/dev/mapper/usr bs=4096 count=1 conv=notrunc oflag=direct 2>/dev/null && echo through the device; blockdev --setrw /dev/mapper/usr 2>/dev/null && touch /usr/kola 2>/dev/null && echo set writable
            test -e /usr/kola && echo it is there; true
            """);
        Assert.That(tries.Lines, Is.Empty, "what root could do to /usr");
        await machine.RunAsync("/usr/bin/true && sudo dmsetup status usr | grep -q ' verity V$'");
    }

    [MachineTest("security.links")]
    public async Task Traps_in_shared_directories_do_not_work(Machine machine)
    {
        await machine.SudoAsync("useradd kola-thief; echo precious >/tmp/kola-mine; chmod 0644 /tmp/kola-mine; sudo -u kola-thief ln -s /etc/kola-planted /tmp/kola-link; touch /etc/kola-planted; sudo -u kola-thief mkfifo /tmp/kola-fifo; chmod 0666 /tmp/kola-fifo");
        CommandResult tries = await machine.SudoAsync("""
            cat /tmp/kola-link 2>/dev/null && echo followed a link; echo x >>/tmp/kola-link 2>/dev/null && echo wrote through a link
            sudo -u kola-thief ln /tmp/kola-mine /tmp/kola-hard 2>/dev/null && echo linked a file that is not his
            sudo -u kola-thief rm -f /tmp/kola-mine 2>/dev/null; test -e /tmp/kola-mine || echo removed a file that is not his
            sudo -u kola-thief mv /tmp/kola-mine /tmp/kola-moved 2>/dev/null; test -e /tmp/kola-mine || echo moved a file that is not his
            timeout 2 sh -c 'echo x >/tmp/kola-fifo' 2>&1 | grep -q 'Permission denied' || test "$(cat /proc/sys/fs/protected_fifos)" = 0 || echo wrote into his pipe; true
            """);
        Assert.That(tries.Lines, Is.Empty);
    }

    [MachineTest("security.setuid")]
    public async Task A_program_becomes_root_only_where_the_file_system_allows_it(Machine machine)
    {
        await machine.SudoAsync("for place in /dev/shm /tmp /run /var/tmp; do cp /usr/bin/id $place/kola-id && chmod 4755 $place/kola-id; done");
        CommandResult ran = await machine.RunAsync("for place in /dev/shm /tmp /run /var/tmp; do sudo -u nobody $place/kola-id 2>/dev/null | grep -q 'euid=0' && echo $place; done; true");
        // That it does work on the disk shows that the others refuse it.
        Assert.That(ran.Lines, Is.EqualTo(new[] { "/var/tmp" }), "places where a set-uid program makes root");
        Assert.That((await machine.RunAsync("sudo -u nobody /var/tmp/kola-id -un; setpriv --no-new-privs /var/tmp/kola-id -un")).Lines, Is.EqualTo(new[] { "root", "core" }), "with no-new-privileges it stays who it was");
    }

    [MachineTest("security.aslr")]
    public async Task No_two_processes_lie_at_the_same_addresses(Machine machine)
    {
        CommandResult maps = await machine.RunAsync("for i in 1 2 3 4; do awk '/stack/ {s=$1} /heap/ {h=$1} /libc/ && !l {l=$1} END {print s, h, l}' /proc/self/maps; done");
        string[][] addresses = [.. maps.Lines.Select(line => line.Split(' '))];
        for (int part = 0; part < 2; part++)
            Assert.That(addresses.Select(seen => seen[part]).Distinct().Count(), Is.EqualTo(4), "stacks and heaps of four runs");
        Assert.That((await machine.RunAsync("for i in 1 2; do setarch --addr-no-randomize awk '/stack/ {print $1}' /proc/self/maps; done | sort -u | wc -l")).Text, Is.EqualTo("1"), "without it they do not differ: the look was right");
    }

    [MachineTest("security.user-namespaces")]
    public async Task Root_of_a_user_namespace_is_root_nowhere_else(Machine machine)
    {
        CommandResult inside = await machine.RunAsync("""
            unshare --user --map-root-user --mount --net sh -c '
                id -u; mount -t tmpfs none /mnt && echo own-mounts; ip link set lo up && echo own-network
                touch /etc/kola 2>/dev/null && echo etc; mount -o remount,rw /usr 2>/dev/null && echo usr; echo 1 >/proc/sys/kernel/sysrq 2>/dev/null && echo sysctl; head -c 1 $(rootdev -s -d /) >/dev/null 2>&1 && echo disk; date --set=@0 >/dev/null 2>&1 && echo clock; true'
            """);
        Assert.That(inside.Lines, Is.EqualTo(new[] { "0", "own-mounts", "own-network" }));
    }

    [MachineTest("security.lockdown")]
    public async Task A_locked_down_kernel_takes_no_foreign_code_and_shows_no_memory(Machine machine)
    {
        if ((await machine.TryRunAsync("sudo grep -q '\\[none\\]' /sys/kernel/security/lockdown")).ExitCode != 0)
            Lab.Skip("the kernel has no lockdown, or is locked down already", "Run it on a machine that was not booted with Secure Boot.");
        // A byte behind the signature, and it is none any more.
        await machine.SudoAsync("cp $(modinfo --field filename dummy) /var/tmp/dummy.ko && echo >>/var/tmp/dummy.ko && echo integrity >/sys/kernel/security/lockdown");
        CommandResult tries = await machine.SudoAsync("""
            insmod /var/tmp/dummy.ko 2>/dev/null && echo unsigned module; head -c 1 /dev/mem >/dev/null 2>&1 && echo memory; test -e /dev/port && head -c 1 /dev/port >/dev/null 2>&1 && echo ports
            echo none >/sys/kernel/security/lockdown 2>/dev/null && grep -q '\[none\]' /sys/kernel/security/lockdown && echo unlocked; modprobe dummy || echo no signed module; true
            """);
        Assert.That(tries.Lines, Is.Empty);
    }

    [MachineTest("security.audit")]
    public async Task What_is_watched_is_on_record_with_who_did_it(Machine machine)
    {
        if ((await machine.TryRunAsync("command -v auditctl || sudo test -x /usr/sbin/auditctl")).ExitCode != 0)
            Lab.Skip("the image has no auditctl", "Run it on an image that has it.");
        await machine.SudoAsync("mkdir -p /var/lib/kola && systemctl start auditd && auditctl -e 1 >/dev/null && auditctl -a always,exit -F arch=b64 -F path=/var/lib/kola/watched -F perm=wa -F key=kola-file && auditctl -a always,exit -F arch=b64 -S execve -F uid=nobody -F key=kola-exec");
        await machine.RunAsync("sudo touch /var/lib/kola/watched /var/lib/kola/unwatched && sudo -u nobody /usr/bin/true");
        CommandResult file = await machine.WaitForAsync("the change to be on record", () => machine.TryRunAsync("sudo ausearch --key kola-file --interpret </dev/null | grep 'type=SYSCALL'"), seen => seen.Text.Contains("comm=touch", StringComparison.Ordinal), TimeSpan.FromSeconds(30));
        Assert.That(file.Text, Does.Contain("auid=core").And.Contain("uid=root"), "who logged in, and what he had become");
        Assert.That((await machine.RunAsync("sudo ausearch --key kola-exec --interpret </dev/null")).Text, Does.Contain("exe=/usr/bin/true").Or.Contain("exe=/usr/bin/coreutils"));
        await machine.RunAsync("sudo auditctl -D >/dev/null && sudo auditctl -e 0 >/dev/null");
    }

    [MachineTest("security.openssl.fips")]
    public async Task OpenSsl_in_fips_mode_knows_no_md5(Machine machine)
    {
        CommandResult module = await machine.TryRunAsync("find /usr/lib* -name fips.so | head -n 1");
        if (module.Text.Length == 0)
            Lab.Skip("the image has no FIPS provider for OpenSSL", "Run it on an image that has it.");
        await machine.WriteFileAsync("/var/tmp/fips/openssl.cnf", "openssl_conf = init\n.include /var/tmp/fips/module.cnf\n[init]\nproviders = providers\nalg_section = algorithms\n[providers]\nfips = fips_sect\nbase = base\n[base]\nactivate = 1\n[algorithms]\ndefault_properties = fips=yes\n");
        await machine.SudoAsync($"openssl fipsinstall -quiet -module {module.Text} -out /var/tmp/fips/module.cnf && chmod a+r /var/tmp/fips/module.cnf");
        const string openssl = "OPENSSL_CONF=/var/tmp/fips/openssl.cnf openssl";
        Assert.That((await machine.RunAsync($"echo kola | {openssl} dgst -sha512 -r")).Text, Does.Match("^[0-9a-f]{128} "));
        Assert.That((await machine.RunAsync($"{openssl} list -providers")).Text, Does.Contain("FIPS"));
        Assert.That((await machine.TryRunAsync($"echo kola | {openssl} dgst -md5")).ExitCode, Is.Not.Zero, "MD5 works in FIPS mode");
        Assert.That((await machine.RunAsync("echo kola | openssl dgst -md5 -r")).Text, Does.Match("^[0-9a-f]{32} "), "and without it as ever");
    }
}
