using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Containers;

/// <summary>Images that come over the network.</summary>
[Category("containers")]
public sealed class RegistryTests
{
    private const string Reference = "registry:5000/kola/tools";

    [MachineTest("docker.registry", Needs = [Feature.PrivateNetwork])]
    public async Task An_image_comes_as_it_was_pushed_or_not_at_all(
        [Spec(Prepared = "docker-tools")] Machine registry, [Spec(Prepared = "docker-tools")] Machine client, Lab lab)
    {
        string certificate = await ServesAsync(registry);
        await TrustsAsync(registry, certificate);
        await registry.RunAsync($"docker tag {Docker.Tools} {Reference}:v1 && docker push --quiet {Reference}:v1", TimeSpan.FromMinutes(2));
        string image = await registry.InspectAsync($"{Reference}:v1", "{{index .RepoDigests 0}}");
        Assert.That(image, Does.Match("^registry:5000/kola/tools@sha256:[0-9a-f]{64}$"));
        await client.RunAsync($"docker rmi --force {Docker.Tools}");

        await lab.StepAsync("stranger", async () => Assert.That((await client.TryRunAsync($"docker pull {image}")).Error, Does.Contain("certificate signed by unknown authority")));
        await TrustsAsync(client, certificate);
        // Before the first pull: docker keeps manifests that were whole, and asks no registry for them again.
        await lab.StepAsync("manifest", async () =>
        {
            string file = $"/var/lib/kola-registry/docker/registry/v2/blobs/sha256/{image[^64..^62]}/{image[^64..]}/data";
            await registry.SudoAsync($"cp {file} /var/lib/kola-manifest && sed -i '1s/{{/{{ /' {file}");
            await RefusesAsync(client, image, "manifest verification failed");
            await registry.SudoAsync($"cp /var/lib/kola-manifest {file}");
        });
        await lab.StepAsync("pull", async () =>
        {
            await client.RunAsync($"docker pull --quiet {image}", TimeSpan.FromMinutes(2));
            Assert.That((await client.RunAsync($"docker run --rm {image} sh -c 'echo here'; docker rmi --force {image} >/dev/null; docker images --quiet")).Text, Is.EqualTo("here"));
        });
        await lab.StepAsync("layer", async () =>
        {
            // The largest blob is the layer. One bit of it is turned, then turned back.
            const string Turn = "cd /var/lib/kola-registry/docker/registry/v2/blobs/sha256 && layer=$(ls -S */*/data | head -n 1) && byte=$(tail -c 1 $layer | od -A n -t u1) && truncate --size=-1 $layer && printf \"\\\\$(printf %o $((byte ^ 1)))\" >>$layer";
            await registry.SudoAsync(Turn);
            await RefusesAsync(client, image, "filesystem layer verification failed");
            await registry.SudoAsync(Turn);
        });
    }

    private static async Task RefusesAsync(Machine client, string image, string why)
    {
        CommandResult refused = await client.TryRunAsync($"docker pull --quiet {image}", TimeSpan.FromMinutes(2));
        Assert.That(refused.ExitCode, Is.Not.Zero);
        Assert.That(refused.Error, Does.Contain(why));
        Assert.That((await client.RunAsync("docker images --quiet")).Text, Is.Empty, "nothing of it is kept");
    }

    /// <returns>The certificate of the registry that runs on the machine from now on.</returns>
    private static async Task<string> ServesAsync(Machine machine)
    {
        if ((await machine.TryRunAsync("command -v docker-registry")).ExitCode != 0)
            Lab.Skip("the image has no docker-registry", "Bring the registry of the distribution's sources as an extension.");
        await machine.WriteFileAsync("/tmp/kola-registry.yml", """
            version: 0.1
            storage: {filesystem: {rootdirectory: /var/lib/kola-registry}}
            http: {addr: ":5000", tls: {certificate: /run/kola-registry.crt, key: /run/kola-registry.key}}
            """);
        await machine.SudoAsync("""
            set -e
            openssl req -x509 -nodes -days 2 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -subj /CN=registry -addext subjectAltName=DNS:registry -keyout /run/kola-registry.key -out /run/kola-registry.crt 2>/dev/null
            systemd-run --quiet --unit=kola-registry docker-registry serve /tmp/kola-registry.yml
            """);
        await machine.WaitForAsync("the registry to answer", () => machine.TryRunAsync("curl --silent --fail --insecure https://127.0.0.1:5000/v2/"), seen => seen.ExitCode == 0);
        return await machine.ReadFileAsync("/run/kola-registry.crt");
    }

    private static async Task TrustsAsync(Machine machine, string certificate)
    {
        await machine.SudoAsync("mkdir -p /etc/docker/certs.d/registry:5000");
        await machine.WriteFileAsync("/etc/docker/certs.d/registry:5000/ca.crt", certificate);
    }
}
