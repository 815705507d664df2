namespace Flatcar.Tests.Faults;

/// <summary>What may be wrong with docker and containerd.</summary>
public static class ContainerFaults
{
    [Fault("docker.socket-masked", "docker is not started when it is asked", Near = ["cl.basic", "docker.*"])]
    public static Task Nobody_starts_docker(Machine machine) => machine.StopForGoodAsync("docker.socket");

    [Fault("docker.data-full", "docker has no room", Near = ["docker.*"])]
    public static Task Docker_has_no_room(Machine machine) =>
        machine.BreakAsync("systemctl stop docker.service; mkdir -p /var/lib/docker; mount -t tmpfs -o size=1m tmpfs /var/lib/docker", "! dd if=/dev/zero of=/var/lib/docker/fault bs=1M count=2 2>/dev/null; rm -f /var/lib/docker/fault; mountpoint -q /var/lib/docker");

    [Fault("docker.socket-for-all", "everybody may command docker", Near = ["docker.*", "security.*"])]
    public static Task Everybody_commands_docker(Machine machine) => machine.BreakAsync(
        "mkdir -p /etc/systemd/system/docker.socket.d; printf '[Socket]\\nSocketMode=0666\\n' >/etc/systemd/system/docker.socket.d/99-fault.conf; systemctl daemon-reload; chmod 0666 /run/docker.sock",
        "sudo -u nobody test -w /run/docker.sock");

    [Fault("docker.no-seccomp", "containers may call all of the kernel", Near = ["docker.*", "containerd.*"])]
    public static Task Containers_are_not_filtered(Machine machine) =>
        machine.ConfigureDockerAsync("""{"seccomp-profile":"unconfined"}""", "docker info --format '{{.SecurityOptions}}' | grep -q profile=unconfined");

    [Fault("docker.cgroupfs", "docker makes its control groups past systemd", Near = ["docker.cgroup*", "docker.*"])]
    public static Task Docker_goes_past_systemd(Machine machine) =>
        machine.ConfigureDockerAsync("""{"exec-opts":["native.cgroupdriver=cgroupfs"]}""", "docker info --format '{{.CgroupDriver}}' | grep -q cgroupfs");

    [Fault("docker.few-files", "containers may open 64 files", Near = ["docker.*"])]
    public static Task Containers_open_few_files(Machine machine) => machine.ConfigureDockerAsync(
        """{"default-ulimits":{"nofile":{"Name":"nofile","Hard":64,"Soft":64}}}""", "docker info >/dev/null && grep -q nofile /etc/docker/daemon.json");

    [Fault("docker.no-firewall", "docker sets up no rules for containers", Near = ["docker.*"])]
    public static Task Docker_sets_no_rules(Machine machine) =>
        machine.ConfigureDockerAsync("""{"iptables":false,"ip-masq":false}""", "docker info >/dev/null && grep -q iptables /etc/docker/daemon.json");

    [Fault("docker.log-lost", "what containers print is kept nowhere", Near = ["docker.*"])]
    public static Task Output_is_lost(Machine machine) =>
        machine.ConfigureDockerAsync("""{"log-driver":"none"}""", "docker info --format '{{.LoggingDriver}}' | grep -q none");

    [Fault("docker.no-network", "packets from containers are dropped", Near = ["docker.*"])]
    public static Task Containers_are_cut_off(Machine machine) =>
        machine.BreakAsync("iptables -I INPUT -i docker0 -j DROP; iptables -I FORWARD -i docker0 -j DROP", "iptables -C INPUT -i docker0 -j DROP");

    [Fault("docker.no-bridge-filter", "the firewall does not see what passes between containers", Near = ["docker.*", "network.*"])]
    public static Task Bridges_are_not_filtered(Machine machine) => machine.ForbidModuleAsync("br_netfilter");

    [Fault("docker.no-runc", "runc starts nothing", Near = ["docker.*", "containerd.*"])]
    public static Task Runc_starts_nothing(Machine machine) => machine.BreakAsync("mount --bind /bin/false $(command -v runc)", "! runc --version");

    [Fault("containerd.stopped", "containerd is masked", Near = ["containerd.*", "docker.*"])]
    public static Task Containerd_is_gone(Machine machine) => machine.StopForGoodAsync("containerd.service");
}
