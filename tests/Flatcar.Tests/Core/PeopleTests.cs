using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Core;

/// <summary>People on the machine: who core is, and who else can be made.</summary>
[Category("core")]
public sealed class PeopleTests
{
    [MachineTest("core.user")]
    public async Task Core_may_do_what_an_operator_has_to(Machine machine)
    {
        Assert.That((await machine.RunAsync("id --name --groups")).Text.Split(' '), Is.SupersetOf(new[] { "core", "sudo", "docker", "systemd-journal" }));
        CommandResult rights = await machine.RunAsync("sudo -n id -un; docker version --format '{{.Server.Os}}' 2>/dev/null; journalctl --quiet --boot --lines=1 | wc -l; stat --format='%U %a' ~ ~/.ssh ~/.ssh/authorized_keys* 2>/dev/null | sort -u");
        Assert.That(rights.Lines.Take(3), Is.EqualTo(new[] { "root", "linux", "1" }), "root by sudo, Docker and the journal without it");
        Assert.That(rights.Lines.Skip(3), Is.All.StartsWith("core ").And.None.EndsWith("7").And.None.EndsWith("6").And.None.EndsWith("2"), "whose the home and the keys are, and that nobody else may write them");
    }

    [MachineTest("core.users")]
    public async Task People_can_be_added_changed_locked_and_removed(Machine machine)
    {
        await machine.SudoAsync("groupadd --gid 4000 kola-team && useradd --create-home --uid 4001 --gid kola-team --shell /bin/bash kola-ann && mkdir --mode=0700 /home/kola-ann/.ssh && ssh-keygen -q -t ed25519 -N '' -f /root/kola-key && cp /root/kola-key.pub /home/kola-ann/.ssh/authorized_keys && chown -R kola-ann:kola-team /home/kola-ann/.ssh");
        const string login = "sudo ssh -n -o BatchMode=yes -o StrictHostKeyChecking=no -i /root/kola-key kola-ann@localhost 'echo in as $(id -un):$(id -gn), $(sudo -n true 2>/dev/null && echo root too || echo no more)'";
        Assert.That((await machine.RunAsync(login)).Text, Is.EqualTo("in as kola-ann:kola-team, no more"));
        await machine.RunAsync("sudo usermod --append --groups sudo kola-ann");
        Assert.That((await machine.RunAsync(login)).Text, Is.EqualTo("in as kola-ann:kola-team, root too"));
        await machine.RunAsync("sudo usermod --expiredate 1 kola-ann");
        Assert.That((await machine.TryRunAsync(login)).ExitCode, Is.Not.Zero, "an account that has expired lets in");
        await machine.RunAsync("sudo usermod --expiredate '' kola-ann && sudo loginctl terminate-user kola-ann; sudo userdel --force --remove kola-ann 2>/dev/null; ! getent passwd kola-ann && ! test -e /home/kola-ann");
        Assert.That((await machine.TryRunAsync(login)).ExitCode, Is.Not.Zero, "somebody who is gone is let in");
    }

    [MachineTest("core.sudo")]
    public async Task Sudo_gives_rights_and_no_more_of_the_callers_surroundings(Machine machine)
    {
        CommandResult run = await machine.RunAsync("LD_PRELOAD=/tmp/kola.so KOLA_SECRET=x PATH=/tmp/kola:$PATH sudo env | grep -cE '^(LD_PRELOAD|KOLA_SECRET)='; sudo sh -c 'echo $PATH' | tr : '\\n' | grep -c ^/tmp; sudo -u nobody id -un; sudo stat --format='%a %U' /etc/sudoers; sudo visudo --check --quiet && echo sound");
        Assert.That(run.Lines, Has.Count.EqualTo(5));
        Assert.That(run.Lines.Take(3), Is.EqualTo(new[] { "0", "0", "nobody" }), "variables that came along, directories of the caller's path, who it became");
        Assert.That(run.Lines.Skip(3), Is.EqualTo(new[] { "440 root", "sound" }));
        Assert.That((await machine.TryRunAsync("sudo -u nobody sudo -n true")).ExitCode, Is.Not.Zero, "nobody becomes root");
    }

    [MachineTest("core.programs")]
    public async Task Programs_that_scripts_rely_on_are_there_and_start(Machine machine)
    {
        // Started, not only found: one whose library is missing ends with 127.
        string[] programs = ["awk", "bash", "bzip2", "cat", "curl", "cut", "date", "dd", "df", "docker", "find", "findmnt", "grep", "gzip", "id", "ip", "jq", "ln", "ls", "lsblk", "mount", "nsenter", "ps", "rsync", "sed", "sort", "ss", "systemctl", "tar", "tee", "unshare", "wget", "xargs", "xz", "zstd", "iptables", "nft", "ctr", "openssl", "socat", "mkfs.ext4", "mkfs.xfs", "mkfs.btrfs", "cryptsetup", "mdadm", "lvm"];
        CommandResult tried = await machine.RunAsync($"PATH=$PATH:/usr/sbin:/sbin; for program in {string.Join(' ', programs)}; do command -v $program >/dev/null || {{ echo $program; continue; }}; $program --help >/dev/null 2>&1 </dev/null; case $? in 126 | 127 | 139) echo $program does not start ;; esac; done", TimeSpan.FromMinutes(2));
        Assert.That(tried.Lines, Is.Empty);
    }

    [MachineTest("core.etc-overlay")]
    public async Task What_is_changed_in_etc_stays_and_what_is_not_is_the_releases(Machine machine)
    {
        if ((await machine.MountsAsync("/etc")) is not [{ Type: "overlay" }])
            Lab.Skip("/etc is no overlay", "Run it on version 3602.0.0 or newer.");
        await machine.SudoAsync("echo kola >/etc/kola-new && echo '# kola' >>/etc/profile && rm /etc/inputrc && rm -r /etc/terminfo 2>/dev/null; mkdir -p /etc/kola.d && chmod 0700 /etc/kola.d");
        await machine.RebootAsync();
        CommandResult etc = await machine.RunAsync("cat /etc/kola-new; tail -n 1 /etc/profile; test -e /etc/inputrc || echo gone; stat --format=%a /etc/kola.d; cmp /etc/protocols /usr/share/flatcar/etc/protocols && echo as shipped; findmnt --noheadings --output OPTIONS /etc | grep -o 'lowerdir=[^,]*'");
        Assert.That(etc.Lines.Take(5), Is.EqualTo(new[] { "kola", "# kola", "gone", "700", "as shipped" }));
        Assert.That(etc.Lines[5], Does.Contain("/usr/share/flatcar/etc"));
    }
}
