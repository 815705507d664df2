using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Security;

/// <summary>Who gets in, and by what.</summary>
[Category("security")]
public sealed class AccessTests
{
    [MachineTest("cl.network.listeners")]
    public async Task Nothing_listens_that_need_not(Machine machine)
    {
        CommandResult sockets = await machine.RunAsync("sudo ss --no-header --tcp --udp --listening --processes --numeric");
        string[] open = [.. sockets.Lines.Select(Listener).Where(listener => listener is not null).Select(listener => listener!).Distinct().Order(StringComparer.Ordinal)];
        Assert.That(open, Does.Contain("tcp 22 systemd"), "the sockets could not be read");
        // Who has its clients on this machine alone is no listener; the rest is the peer's list.
        Assert.That(open, Is.SubsetOf(new[] { "tcp 22 systemd", "udp 68 systemd-network", "udp 546 systemd-network", "tcp 53 systemd-resolve", "udp 53 systemd-resolve" }));
    }

    [MachineTest("security.ssh.algorithms")]
    public async Task Ssh_speaks_nothing_that_was_broken(Machine machine)
    {
        await machine.RunAsync("ssh-keygen -q -t ed25519 -N '' -f ~/kola-key && cat ~/kola-key.pub >>~/.ssh/authorized_keys");
        // A cipher of its own, since those that check themselves make no use of a MAC.
        const string login = "ssh -n -o BatchMode=yes -o StrictHostKeyChecking=no -o Ciphers=aes128-ctr -i ~/kola-key core@localhost true 2>&1";
        async Task<string[]> LetInAsync(string option, params string[] values) => [.. (await machine.RunAsync($"for value in {string.Join(' ', values)}; do {login.Replace(option == "Ciphers" ? "-o Ciphers=aes128-ctr" : "-n", option == "Ciphers" ? "-o Ciphers=$value" : $"-n -o {option}=$value", StringComparison.Ordinal)} | grep -qE 'Unable to negotiate|Bad SSH2|Unsupported|no matching' || echo $value; done; true")).Lines];

        Assert.That((await machine.RunAsync(login)).Text, Is.Empty.Or.StartWith("Warning: Permanently added"), "an ordinary login");
        Assert.That(await LetInAsync("KexAlgorithms", "diffie-hellman-group1-sha1,diffie-hellman-group-exchange-sha1,diffie-hellman-group14-sha1"), Is.Empty, "key exchanges with SHA-1");
        Assert.That(await LetInAsync("Ciphers", "3des-cbc,aes128-cbc,aes256-cbc"), Is.Empty, "ciphers in CBC mode");
        Assert.That(await LetInAsync("MACs", "hmac-md5,hmac-md5-96", "hmac-sha1-96"), Is.Empty, "checksums that are too short or broken");
        Assert.That(await LetInAsync("HostKeyAlgorithms", "ssh-rsa"), Is.Empty, "host keys with SHA-1");
        Assert.That(await LetInAsync("KexAlgorithms", "curve25519-sha256"), Is.EqualTo(new[] { "curve25519-sha256" }), "a good one is refused: nothing was shown");
    }

    [MachineTest("security.ssh.root")]
    public async Task Root_does_not_get_in_and_keys_others_could_have_written_do_not_count(Machine machine)
    {
        await machine.SudoAsync("ssh-keygen -q -t ed25519 -N '' -f /var/tmp/kola-key && chown core /var/tmp/kola-key && install -D --mode=0600 /var/tmp/kola-key.pub /root/.ssh/authorized_keys && useradd --create-home kola-lax && install -D --mode=0600 --owner=kola-lax /var/tmp/kola-key.pub /home/kola-lax/.ssh/authorized_keys && chown -R kola-lax /home/kola-lax/.ssh");
        async Task<bool> LetsInAsync(string user) => (await machine.TryRunAsync($"ssh -n -o BatchMode=yes -o StrictHostKeyChecking=no -i /var/tmp/kola-key {user}@localhost true")).ExitCode == 0;

        Assert.That(await LetsInAsync("kola-lax"), Is.True, "the key is good");
        Assert.That(await LetsInAsync("root"), Is.False, "root, with a key");
        await machine.RunAsync("sudo chmod 0777 /home/kola-lax");
        Assert.That(await LetsInAsync("kola-lax"), Is.False, "a home everybody can write: anybody can have put the key there");
    }

    [MachineTest("security.secrets")]
    public async Task Secrets_of_the_system_are_hidden_from_its_users(Machine machine)
    {
        await machine.RunAsync("sudo useradd kola-nosy");
        CommandResult read = await machine.RunAsync("""
            for file in /etc/shadow /etc/gshadow /etc/ssh/ssh_host_*_key /root /etc/sudoers /proc/1/environ /var/lib/systemd/random-seed /var/log/journal/*/system.journal /run/docker.sock /dev/mem /dev/kmsg $(rootdev -s -d /); do
                sudo test -e "$file" && sudo -u nobody head -c 1 "$file" >/dev/null 2>&1 && echo "$file"; sudo test -d "$file" && sudo -u nobody ls "$file" >/dev/null 2>&1 && echo "$file"
            done; sudo -u kola-nosy dmesg >/dev/null 2>&1 && echo dmesg; grep -v '^0000000000000000' /proc/kallsyms | head -n 1; true
            """);
        Assert.That(read.Lines, Is.Empty, "what nobody may read");
    }

    [MachineTest("security.record")]
    public async Task Who_came_in_who_did_not_and_who_became_root_is_on_record(Machine machine)
    {
        Assert.That(await machine.LetsInAsync("kola-stranger", "wrong"), Is.False);
        await machine.RunAsync("sudo true kola-was-root && sudo journalctl --sync");
        const string sshd = "--boot _COMM=sshd-session + _COMM=sshd";
        Assert.That(await machine.JournalAsync("--boot --identifier=sudo --grep='core : .*COMMAND=.*true kola-was-root'"), Is.Not.Empty, "a command as root, and who gave it");
        Assert.That(await machine.JournalAsync($"{sshd} --grep='Invalid user kola-stranger from'"), Is.Not.Empty, "somebody who was not let in");
        Assert.That(await machine.JournalAsync($"{sshd} --grep='Accepted publickey for core from .* SHA256:'"), Is.Not.Empty, "a login, and by which key");
    }

    // tcp LISTEN 0 4096 *:22 *:* users:(("systemd",pid=1,fd=72))
    private static string? Listener(string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string address = words[4][..words[4].LastIndexOf(':')], port = words[4][(words[4].LastIndexOf(':') + 1)..];
        string process = words.Length > 6 ? words[6].Split('"').ElementAtOrDefault(1) ?? "kernel" : "kernel";
        // systemd-timesyncd asks from a port that changes.
        return address.StartsWith("127.", StringComparison.Ordinal) && port != "53" || process == "systemd-timesyn" ? null : $"{words[0]} {port} {process}";
    }
}
