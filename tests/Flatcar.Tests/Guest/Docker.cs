namespace Flatcar.Tests.Guest;

/// <summary>Containers from what the machine has.</summary>
public static class Docker
{
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
    }
}
