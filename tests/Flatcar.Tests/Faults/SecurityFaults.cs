namespace Flatcar.Tests.Faults;

/// <summary>What may let in or let through who should not be.</summary>
public static class SecurityFaults
{
    [Fault("security.aslr-off", "addresses are not random", Near = ["security.*"])]
    public static Task Addresses_are_not_random(Machine machine) => machine.SetKernelAsync("kernel.randomize_va_space", "0");

    [Fault("security.bpf-for-all", "every user may load BPF programs", Near = ["security.*"])]
    public static Task Users_load_programs_into_the_kernel(Machine machine) => machine.SetKernelAsync("kernel.unprivileged_bpf_disabled", "0");

    [Fault("security.dmesg-for-all", "every user reads the kernel's log", Near = ["security.*"])]
    public static Task Users_read_the_kernels_log(Machine machine) => machine.SetKernelAsync("kernel.dmesg_restrict", "0");

    [Fault("security.links-unprotected", "links in /tmp lead others astray", Near = ["security.*"])]
    public static Task Links_are_followed(Machine machine) => machine.SetKernelAsync("fs.protected_symlinks", "0");

    [Fault("security.setuid-dumps", "what runs for another user may dump its memory", Near = ["security.*"])]
    public static Task Setuid_programs_dump_core(Machine machine) => machine.SetKernelAsync("fs.suid_dumpable", "1");

    [Fault("security.no-user-namespaces", "there are no user namespaces", Near = ["security.*", "systemd.*", "core.*"])]
    public static Task There_are_no_user_namespaces(Machine machine) => machine.SetKernelAsync("user.max_user_namespaces", "0");

    [Fault("security.kernel-tainted", "the kernel is tainted", Near = ["core.*", "security.*", "boot.*"])]
    public static Task The_kernel_is_tainted(Machine machine) => machine.BreakAsync("echo 64 >/proc/sys/kernel/tainted", "test $(cat /proc/sys/kernel/tainted) -ne 0");

    [Fault("security.random-is-not", "/dev/urandom reads as zeros", Near = ["core.*", "security.*"])]
    public static Task Nothing_is_random(Machine machine) =>
        machine.BreakAsync("mount --bind /dev/zero /dev/urandom", "test $(head -c 4 /dev/urandom | od -A n -t d4) -eq 0");

    [Fault("security.writable-file", "everybody may write a file in /etc", Near = ["security.*"])]
    public static Task A_file_can_be_written_by_all(Machine machine) =>
        machine.BreakAsync("install -m 0666 /dev/null /etc/fault.conf", "test $(stat -c %a /etc/fault.conf) = 666");

    [Fault("security.writable-directory", "everybody may write in a directory, and remove what others wrote", Near = ["security.*"])]
    public static Task A_directory_can_be_written_by_all(Machine machine) =>
        machine.BreakAsync("install -d -m 0777 /etc/fault.d /var/lib/fault", "test $(stat -c %a /etc/fault.d) = 777");

    [Fault("security.tmp-not-sticky", "users remove each other's files in /tmp", Near = ["security.*", "core.*", "cl.filesystem"])]
    public static Task Tmp_has_no_sticky_bit(Machine machine) => machine.BreakAsync("chmod 0777 /tmp", "test ! -k /tmp");

    [Fault("security.setuid-shell", "there is a shell that makes everybody root", Near = ["security.*", "cl.filesystem"])]
    public static Task A_shell_makes_root(Machine machine) =>
        machine.BreakAsync("install -D -m 4755 /bin/bash /opt/bin/fault", "test -u /opt/bin/fault && sudo -u core /opt/bin/fault -p -c 'test $EUID = 0'");

    [Fault("security.second-root", "another user is root", Near = ["security.*", "cl.users.shells", "core.*"])]
    public static Task There_is_a_second_root(Machine machine) =>
        machine.BreakAsync("echo toor:x:0:0::/root:/bin/bash >>/etc/passwd", "test $(id -u toor) = 0");

    [Fault("security.empty-password", "a user has no password to type", Near = ["security.*", "coreos.auth.verify"])]
    public static Task A_user_has_no_password(Machine machine) =>
        machine.BreakAsync("useradd --create-home --shell /bin/bash --password '' guest", "test \"$(getent shadow guest | cut -d: -f2)\" = ''");

    [Fault("security.root-password", "root has a password somebody knows", Near = ["security.*", "coreos.auth.verify"])]
    public static Task Root_has_a_password(Machine machine) =>
        machine.BreakAsync("echo root:flatcar | chpasswd", "getent shadow root | cut -d: -f2 | grep -q '^[$]'");

    [Fault("security.system-shell", "a user of the system may log in", Near = ["cl.users.shells", "security.*"])]
    public static Task A_system_user_has_a_shell(Machine machine) => machine.BreakAsync(
        "name=$(getent passwd | awk -F: '$3 > 0 && $3 < 500 && $7 ~ /nologin|false/ { print $1; exit }'); getent passwd $name | sed 's|[^:]*$|/bin/bash|' >/run/fault; grep -v \"^$name:\" /etc/passwd >/run/passwd || true; cat /run/fault /run/passwd >/etc/passwd",
        "getent passwd $(cut -d: -f1 /run/fault) | grep -q /bin/bash");

    [Fault("security.shadow-readable", "everybody reads password hashes", Near = ["security.*"])]
    public static Task Hashes_can_be_read(Machine machine) => machine.BreakAsync("chmod 0644 /etc/shadow", "sudo -u nobody cat /etc/shadow >/dev/null");

    [Fault("security.host-key-readable", "everybody reads the machine's SSH key", Near = ["security.*"])]
    public static Task The_host_key_can_be_read(Machine machine) =>
        machine.BreakAsync("cp /etc/ssh/ssh_host_ed25519_key /etc/ssh/ssh_host_fault_key; chmod 0644 /etc/ssh/ssh_host_*_key", "sudo -u nobody cat /etc/ssh/ssh_host_fault_key >/dev/null");

    [Fault("security.ssh-passwords", "SSH takes passwords", Near = ["coreos.auth.verify", "security.*"])]
    public static Task Passwords_are_taken(Machine machine) => machine.ConfigureSshAsync("PasswordAuthentication yes", "^passwordauthentication yes");

    [Fault("security.ssh-root", "root may log in over SSH", Near = ["security.*", "coreos.auth.verify"])]
    public static Task Root_may_log_in(Machine machine) => machine.ConfigureSshAsync("PermitRootLogin yes", "^permitrootlogin yes");

    [Fault("security.ssh-ciphers", "SSH offers ciphers that are broken", Near = ["security.*"])]
    public static Task Weak_ciphers_are_offered(Machine machine) => machine.ConfigureSshAsync("Ciphers +3des-cbc,aes128-cbc\nMACs +hmac-md5", "^ciphers.*3des-cbc");

    [Fault("security.no-sudo", "core may not become root", Near = ["cl.basic", "security.*"])]
    public static async Task Nobody_becomes_root(Machine machine)
    {
        await machine.SudoAsync("rm -r /etc/sudoers.d; sed -i '/^%/d' /etc/sudoers; gpasswd --delete core sudo");
        Assert.That((await machine.TryRunAsync("sudo -n true")).ExitCode, Is.Not.Zero);
    }

    [Fault("security.sudo-for-all", "everybody may become root", Near = ["security.*", "core.*"])]
    public static Task Everybody_becomes_root(Machine machine) => machine.BreakAsync(
        "echo 'ALL ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/fault; chmod 0440 /etc/sudoers.d/fault", "sudo -u nobody sudo -n true");

    [Fault("security.no-certificates", "no certificate authority is trusted", Near = ["security.*", "core.*"])]
    public static Task No_authority_is_trusted(Machine machine) =>
        machine.BreakAsync("mount -t tmpfs -o size=64k tmpfs /etc/ssl/certs", "test -z \"$(ls /etc/ssl/certs)\"");
}
