using System.CommandLine;
using Kola.Checks;
using Kola.Ignition;
using Kola.Machines;
using Kola.Planning;

namespace Kola.Cli;

/// <summary><c>kola spawn</c></summary>
internal static class SpawnCommand
{
    private const string Id = "spawn";

    internal static Command Create(Surroundings surroundings)
    {
        var target = new TargetOptions(surroundings);
        var config = new Option<string?>("--config", "-c") { Description = "Config to boot with: Butane, Ignition, a cloud-config or a script. Default: none but what lets you in.", HelpName = "FILE" };
        var memory = new Option<int>("--ram") { Description = "Guest memory in MiB.", DefaultValueFactory = _ => 1024 };
        var cpus = new Option<int>("--cpus") { Description = "Virtual CPUs.", DefaultValueFactory = _ => 1 };
        var disk = new Option<int?>("--disk") { Description = "Grow the boot disk to this many MiB.", HelpName = "MIB" };
        var tpm = new Option<bool>("--tpm") { Description = "Attach a TPM 2.0." };
        var cold = new Option<bool>("--cold", "--fresh") { Description = "Boot it, even where a copy of one that has booted is at hand." };
        var noShell = new Option<bool>("--no-shell") { Description = "Print how to connect and wait for Ctrl-C instead of opening a shell." };
        Option<string[]> secrets = SecretOption.Create();
        var output = new Option<string?>("--output", "-o") { Description = "Where the machine's console and journal are kept. Default: _kola.", HelpName = "DIR" };
        var command = new Command("spawn", "Boots one machine, gives you a shell in it, and takes it away when you leave.") { config, memory, cpus, disk, tpm, cold, noShell, output, secrets };
        target.AddTo(command);
        command.SetAction(async (parsed, cancel) =>
        {
            using var interruptions = Interruptions.Of(cancel);
            var machine = new MachineSpec
            {
                Name = "machine",
                Config = Read(parsed.GetValue(config)),
                ConfigFile = parsed.GetValue(config),
                ConfigDirectory = parsed.GetValue(config) is { } file ? Path.GetDirectoryName(Path.GetFullPath(file)) : null,
                FilesDirectory = parsed.GetValue(config) is { } beside ? ServedBeside(beside) : null,
                ConfigWarnings = true,
                MemoryMiB = parsed.GetValue(memory) is >= 256 and var mib ? mib : throw new UsageException($"--ram {parsed.GetValue(memory)}\n  wanted:  at least 256 MiB"),
                Cpus = parsed.GetValue(cpus) is >= 1 and <= 64 and var count ? count : throw new UsageException($"--cpus {parsed.GetValue(cpus)}\n  wanted:  1 to 64"),
                DiskMiB = parsed.GetValue(disk),
                Tpm = parsed.GetValue(tpm),
                Updates = true,
            };
            Masking masking = SecretOption.Read(parsed, secrets, surroundings);
            // What cannot be read on any image is told before one is built for it.
            if (machine.Config is not null)
                MachineConfig.Planned(machine, neighbours: null, machine.ConfigFile!);
            await using Target opened = await target.OpenAsync(parsed, new StandardErrorProgress(), interruptions.First);
            // A machine to look at is a test that a person runs by hand: same artifacts, same watching, no deadline to speak of. Where Ignition has failed
            // nobody ever gets in.
            var test = new TestCase { Id = Id, Sentence = "A machine to look at", Source = "kola spawn", Machines = [machine], Minutes = Visit.Minutes, Tolerates = [.. PlanCommand.SettingOf(opened).Checks.Where(c => c != CheckId.IgnitionFailed).Select(c => new Toleration(c, "a person is looking"))] };
            new ConfigCheck(PlanCommand.SettingOf(opened)).Check([test]);
            var settings = new RunSettings { Output = parsed.GetValue(output), Keep = true, Cold = parsed.GetValue(cold), Visit = true, Quiet = true, Masking = masking };
            var visit = new Visit(opened, test, settings, new TestCode { Judge = Visit.Judge }) { NoShell = parsed.GetValue(noShell) };
            return await visit.ExecuteAsync(["kola", .. parsed.Tokens.Select(t => t.Value)], interruptions);
        });
        return command;
    }

    // As a suite has it, or simply all files there.
    private static string ServedBeside(string file)
    {
        string directory = Path.GetDirectoryName(Path.GetFullPath(file))!;
        string served = Path.Combine(directory, "served");
        return Directory.Exists(served) ? served : directory;
    }

    private static string? Read(string? file)
    {
        try
        {
            return file is null ? null : File.ReadAllText(file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--config {file}: cannot be read: {fault.Message}\n  wanted:  a file with a config", fault);
        }
    }
}
