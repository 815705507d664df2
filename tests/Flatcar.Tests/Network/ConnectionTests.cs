using System.Text.RegularExpressions;
using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Network;

/// <summary>Who listens, how many are answered, and who goes by a proxy.</summary>
[Category("network")]
public sealed partial class ConnectionTests
{
    // Protocol, port, program. Containerd's port is drawn, and for the machine itself.
    private static readonly string[] s_allowed = ["tcp 22 systemd", "tcp 22 sshd", "udp 68 systemd-network", "udp 546 systemd-network", "tcp 53 systemd-resolve", "udp 53 systemd-resolve", "udp * systemd-timesyn", "tcp * containerd", "udp 323 chronyd"];

    [MachineTest("network.listeners.docker")]
    public async Task Docker_brings_no_listener_for_others(Machine machine)
    {
        // Without it the listeners are cl.network.listeners'; with it containerd listens for its own machine.
        await machine.SudoAsync("systemctl start docker.service", TimeSpan.FromMinutes(2));
        // A client of time has a port while it asks.
        await machine.WaitForAsync("nobody to listen who should not", async () =>
        {
            CommandResult listening = await machine.RunAsync("sudo ss --no-header --listening --tcp --udp --numeric --processes");
            Assert.That(listening.Lines, Is.Not.Empty);
            return string.Join('\n', listening.Lines.Where(IsOdd));
        }, odd => odd.Length == 0, TimeSpan.FromSeconds(3));
    }

    [MachineTest("network.connections.1000", Needs = [Feature.PrivateNetwork])]
    public async Task A_thousand_connections_are_open_at_once_and_each_is_answered(Machine server, Machine client)
    {
        await server.StartUnitAsync("kola-echo", "exec socat TCP-LISTEN:7100,fork,backlog=1024,reuseaddr PIPE", "LimitNOFILE=4096", "TasksMax=4096");
        await server.WaitForAsync("the echo to listen", () => server.RunAsync("ss -Hltn sport = :7100"), seen => seen.Text.Length > 0, TimeSpan.FromSeconds(20));
        CommandResult answered = await client.RunAsync("sudo bash -c " + Machine.Quote("""
            ulimit -n 4096
            for i in {1..1000}; do exec {f[i]}<>/dev/tcp/server/7100 || exit 1; done
            for i in {1..1000}; do echo "line $i" >&${f[i]}; done
            n=0; for i in {1..1000}; do read -r -t 30 line <&${f[i]}; [ "$line" = "line $i" ] && n=$((n+1)); done
            echo $n; ss -Htn state established dport = :7100 | wc -l
            # Again on those that are open, so that all were at the same time.
            n=0; for i in {1000..1}; do echo "again $i" >&${f[i]}; read -r -t 30 line <&${f[i]}; [ "$line" = "again $i" ] && n=$((n+1)); done
            echo $n
            """), TimeSpan.FromMinutes(2));
        Assert.That(answered.Lines, Is.EqualTo(new[] { "1000", "1000", "1000" }), "answered, open, and answered again");
        await server.WaitForAsync("the server to have let them go", () => server.RunAsync("ss -Htn state established sport = :7100 | wc -l"), seen => seen.Text == "0", TimeSpan.FromSeconds(20));
        Assert.That((await server.UnitAsync("kola-echo.service")).Restarts, Is.Zero);
    }

    [MachineTest("network.proxy-environment")]
    public async Task Services_shells_and_docker_go_by_the_proxy_they_are_given(Machine machine, Lab lab)
    {
        // A proxy that says who was asked for, and answers the same to everybody.
        // All that was asked is read, or what is closed with something unread resets the connection.
        await machine.WriteFileAsync("/run/kola-proxy", """
            read -r request; echo "$request" >>/run/kola-asked
            while read -r header && [ -n "${header%$'\r'}" ]; do :; done
            printf 'HTTP/1.0 200 OK\r\n\r\nby the proxy\n'

            """);
        await machine.SudoAsync("""
            set -e
            printf '%s\n' [Socket] ListenStream=127.0.0.1:3128 Accept=yes >/run/systemd/system/kola-proxy.socket
            printf '%s\n' [Service] StandardInput=socket StandardError=journal 'ExecStart=bash /run/kola-proxy' >/run/systemd/system/kola-proxy@.service
            systemctl daemon-reload; systemctl start kola-proxy.socket
            """);
        const string url = "http://192.0.2.80/asked", proxy = "http://127.0.0.1:3128";
        const string curl = $"curl --silent --show-error --max-time 20 --connect-timeout 5 {url}";
        Assert.That((await machine.TryRunInUnitAsync($"{curl}/0")).ExitCode, Is.Not.Zero, "there is no way but the proxy");

        await lab.StepAsync("Services", async () =>
        {
            await machine.WriteFileAsync("/etc/systemd/system.conf.d/10-default-env.conf", $"[Manager]\nDefaultEnvironment=HTTP_PROXY={proxy} http_proxy={proxy}\n");
            await machine.SudoAsync("systemctl daemon-reexec", TimeSpan.FromMinutes(1));
            Assert.That((await machine.RunInUnitAsync($"{curl}/service")).Text, Is.EqualTo("by the proxy"));
        });
        await lab.StepAsync("Shells", async () =>
        {
            await machine.WriteFileAsync("/etc/profile.d/proxy.sh", $"export http_proxy={proxy}\n");
            Assert.That((await machine.RunAsync($"env -u http_proxy bash -l -c '{curl}/shell'")).Text, Is.EqualTo("by the proxy"));
        });
        await lab.StepAsync("Docker", async () =>
        {
            await machine.WriteFileAsync("/etc/systemd/system/docker.service.d/10-proxy.conf", $"[Service]\nEnvironment=HTTPS_PROXY={proxy}\nEnvironment=HTTP_PROXY={proxy}\n");
            await machine.SudoAsync("systemctl daemon-reload; systemctl restart docker.service", TimeSpan.FromMinutes(2));
            Assert.That((await machine.TryRunAsync("timeout 60 docker pull registry.example/kola 2>&1")).ExitCode, Is.Not.Zero, "the proxy is no registry");
        });
        string[] asked = [.. (await machine.RunAsync("cat /run/kola-asked")).Lines.Select(line => line.Trim())];
        Assert.That(asked, Has.Some.StartsWith($"GET {url}/service ").And.Some.StartsWith($"GET {url}/shell ").And.Some.StartsWith("CONNECT registry.example:443 "), "what the proxy was asked for");
    }

    private static bool IsOdd(string line)
    {
        Match socket = Socket().Match(line);
        if (!socket.Success)
            return true;
        string protocol = socket.Groups[1].Value, port = socket.Groups[2].Value, program = socket.Groups[3].Value;
        bool drawn = program == "containerd" && !line.Contains("127.0.0.1:", StringComparison.Ordinal);
        return drawn || !s_allowed.Any(allowed => allowed == $"{protocol} {port} {program}" || allowed == $"{protocol} * {program}");
    }

    // udp   UNCONN 0      0      127.0.0.53%lo:53        0.0.0.0:*    users:(("systemd-resolve",pid=184,fd=14))
    [GeneratedRegex(@"^(\w+) +\S+ +\S+ +\S+ +\S+:([0-9]+) +\S+ +users:\(\(""([^""]+)""")]
    private static partial Regex Socket();
}
