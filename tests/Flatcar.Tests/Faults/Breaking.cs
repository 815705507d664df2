namespace Flatcar.Tests.Faults;

/// <summary>Makes something wrong with a machine, and sees that it is.</summary>
internal static class Breaking
{
    extension(Machine machine)
    {
        /// <summary>Changes something as root and waits until that shows: a fault that does nothing would pass for a gap of the suite.</summary>
        /// <param name="change">Lines of shell; the first that fails ends it.</param>
        /// <param name="effect">Line of shell that ends with 0 once the machine is wrong.</param>
        public async Task BreakAsync(string change, string effect)
        {
            await machine.SudoAsync($"set -e\n{change}");
            await machine.WaitForAsync("the fault to show", () => machine.TryRunAsync($"sudo sh -c {Machine.Quote(effect)}"), seen => seen.ExitCode == 0, TimeSpan.FromSeconds(10));
        }

        /// <summary>Stops units for good.</summary>
        /// <param name="units">Names; the first is the one that is missed, the others would start it again.</param>
        public Task StopForGoodAsync(params string[] units) =>
            machine.BreakAsync($"systemctl mask --now {string.Join(' ', units)}", $"! systemctl is-active --quiet {units[0]} && test $(systemctl is-enabled {units[0]}) = masked");

        /// <summary>Sets a kernel parameter, also for later boots.</summary>
        public Task SetKernelAsync(string name, string value) => machine.BreakAsync(
            $"echo '{name} = {value}' >/etc/sysctl.d/99-fault.conf; sysctl -q -w {name}={value}",
            $"test \"$(sysctl -n {name})\" = '{value}'");

        /// <summary>Keeps a kernel module that is not loaded from ever being loaded.</summary>
        public Task ForbidModuleAsync(string name) => machine.BreakAsync(
            $"echo 'install {name} /bin/false' >/etc/modprobe.d/fault.conf; modprobe -r {name} 2>/dev/null || true",
            $"! modprobe {name} 2>/dev/null && ! grep -q '^{name} ' /proc/modules");

        /// <summary>Puts a file in the place of another that cannot be written, until the next boot.</summary>
        public Task CoverAsync(string path, string content, string effect) => machine.BreakAsync(
            $"file=$(mktemp /run/fault.XXXXXX); printf '%s\\n' {Machine.Quote(content)} >$file; chmod 0755 $file; mount --bind $file {path}", effect);

        /// <summary>Adds lines to what sshd goes by; the first word on a matter counts, so they come first.</summary>
        public Task ConfigureSshAsync(string lines, string effect) => machine.BreakAsync(
            $"printf '%s\\n' {Machine.Quote(lines)} >/run/sshd_config; cat /etc/ssh/sshd_config >>/run/sshd_config; cat /run/sshd_config >/etc/ssh/sshd_config", $"sshd -T | grep -q -i -- {Machine.Quote(effect)}");

        /// <summary>Writes a unit and starts it; that may fail.</summary>
        public Task AddUnitAsync(string name, string text, string effect) => machine.BreakAsync(
            $"printf '%s\\n' {Machine.Quote(text)} >/etc/systemd/system/{name}; systemctl daemon-reload; systemctl enable {name}; systemctl start {name} || true", effect);

        /// <summary>Has docker started, or started again, with a configuration.</summary>
        public Task ConfigureDockerAsync(string json, string effect) => machine.BreakAsync(
            $"mkdir -p /etc/docker; echo {Machine.Quote(json)} >/etc/docker/daemon.json; systemctl try-restart docker.service", effect);
    }
}
