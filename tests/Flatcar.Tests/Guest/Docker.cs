namespace Flatcar.Tests.Guest;

/// <summary>Containers from what the machine has.</summary>
public static class Docker
{
    /// <summary>Image of the preparation <c>docker-tools</c>: a few of the machine's programs in /bin.</summary>
    public const string Tools = "kola-tools";

    extension(Machine machine)
    {
        /// <summary>Makes a container image of some of the machine's programs and the libraries they need.</summary>
        /// <param name="image">Name of the image.</param>
        /// <param name="programs">Names on the path; in the image they are in /bin.</param>
        public Task ImportToolsAsync(string image, params string[] programs) => machine.SudoAsync($$"""
            set -e; root=$(mktemp -d); mkdir "$root/bin" "$root/tmp"
            for name in {{string.Join(' ', programs)}}; do
                program=$(readlink -f "$(command -v "$name")")
                cp "$program" "$root/bin/$name"
                for library in $(ldd "$program" | grep -o '/[^ ]*'); do mkdir -p "$root$(dirname "$library")"; cp -L "$library" "$root$library"; done
            done
            tar -C "$root" -c . | docker import --change 'ENV PATH=/bin' - {{image}}; rm -r "$root"
            """, TimeSpan.FromMinutes(3));

        /// <summary>Runs a script of the shell in a container of <see cref="Tools"/> that is gone afterwards; exit code and output are the script's.</summary>
        /// <param name="options">Of <c>docker run</c>.</param>
        /// <param name="script">For <c>sh</c>.</param>
        public Task<CommandResult> InContainerAsync(string options, string script) =>
            machine.RunAsync($"docker run --rm {options} {Tools} sh -c {Machine.Quote(script)}");

        /// <summary>Starts a container of <see cref="Tools"/> in the background.</summary>
        /// <param name="name">Its name.</param>
        /// <param name="options">Of <c>docker run</c>.</param>
        /// <param name="command">Default: it sleeps for longer than any test.</param>
        public Task StartContainerAsync(string name, string options = "", string command = "sleep 3600") =>
            machine.RunAsync($"docker run --detach --name {name} {options} {Tools} {command}");

        /// <summary>What docker knows of a container.</summary>
        /// <param name="name">Its name.</param>
        /// <param name="template">Go's: <c>{{.State.Pid}}</c>.</param>
        public async Task<string> InspectAsync(string name, string template) =>
            (await machine.RunAsync($"docker inspect --format {Machine.Quote(template)} {name}")).Text;

        /// <summary>Starts the daemon again, with settings of its own. Its unit may be started three times a minute.</summary>
        /// <param name="settings">The text of daemon.json.</param>
        public async Task RestartDockerAsync(string settings)
        {
            await machine.SudoAsync("mkdir -p /etc/docker");
            await machine.WriteFileAsync("/etc/docker/daemon.json", settings);
            await machine.SudoAsync("systemctl restart docker.service", TimeSpan.FromMinutes(2));
        }
    }
}
