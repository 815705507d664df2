namespace Flatcar.Reference.Init;

/// <summary>
/// A root file system in a LUKS volume on the ROOT partition. As on Flatcar it becomes /dev/mapper/rootencrypted, whatever its config
/// called it, and is opened by what its header has tokens for: systemd's TPM2 token, or clevis with a TPM or Tang servers.
/// </summary>
internal static class EncryptedRoot
{
    public const string Partition = "/dev/disk/by-partlabel/ROOT";

    private const string Name = "rootencrypted";
    private const string Tokens = "/run/flatcar/root-tokens", Bindings = "/run/flatcar/root-bindings";

    /// <summary>A Tang server may come up after its clients, as when the power is back.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(2);

    public static bool IsThere => File.Exists(Partition) && FileSystemProbe.IsLuks(Partition);

    /// <summary>Opens the volume.</summary>
    /// <param name="bringUpNetwork">Called when the volume is bound to a server.</param>
    public static void Open(Action bringUpNetwork)
    {
        var tokens = Told(Tokens, "/usr/sbin/cryptsetup", "luksDump", "--dump-json-metadata", Partition);
        if (tokens.Contains("\"systemd-tpm2\"", StringComparison.Ordinal)
            && Succeeds("/usr/bin/systemd-cryptsetup", "attach", Name, Partition, "none", "luks,tpm2-device=auto,headless=1"))
        {
            BootLog.Info($"{Partition} is opened by systemd's TPM2 token");
            return;
        }
        if (!tokens.Contains("\"clevis\"", StringComparison.Ordinal))
            throw new BootException($"{Partition} is a LUKS volume that neither the TPM nor clevis opens; see /run/init.log");
        // 1: sss '{"t":1,"pins":{"tang":[{"url":"http://10.0.2.2:8080"}]}}'
        var bindings = Told(Bindings, "/usr/bin/clevis", "luks", "list", "-d", Partition);
        var byServer = bindings.Contains("tang", StringComparison.Ordinal);
        if (byServer)
            bringUpNetwork();
        for (var waited = TimeSpan.Zero; !Succeeds("/usr/bin/clevis", "luks", "unlock", "-d", Partition, "-n", Name); waited += Step)
        {
            if (!byServer || waited >= Patience)
                throw new BootException($"clevis cannot open {Partition}, bound to {bindings.Trim()}; see /run/init.log");
            Native.Pause(Step);
        }
        BootLog.Info($"{Partition} is opened by clevis: {bindings.Trim()}");
    }

    private static bool Succeeds(params string[] command) => ChildProcess.Run(command, Program.ChildEnvironment, "/run/init.log") == 0;

    private static string Told(string file, params string[] command)
    {
        File.Delete(file);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        var code = ChildProcess.Run(command, Program.ChildEnvironment, file);
        return code == 0 ? File.ReadAllText(file) : throw new BootException($"{string.Join(' ', command)} ended with {code}: {File.ReadAllText(file)}");
    }
}
