using System.CommandLine;
using System.Text.Json;
using Kola.Ignition;
using Kola.Machines;
using Kola.Planning;
using Kola.Reporting;

namespace Kola.Cli;

/// <summary><c>kola open RUN TEST</c></summary>
internal static class OpenCommand
{
    // Not among the runs: a look at one of them is not the latest of them.
    private static readonly string s_output = Path.Combine(Run.DefaultRoot, "opened");

    internal static Command Create(Surroundings surroundings)
    {
        var run = new Argument<string>("run") { Description = "Directory of a run." };
        var test = new Argument<string>("test") { Description = "Id of a test of it." };
        var machine = new Option<string?>("--machine") { Description = "Role of the machine the shell is in; all of the test's are booted. Default: the first.", HelpName = "ROLE" };
        var image = new Option<string?>("--image") { Description = "Where the image of the run is now. Default: where it was.", HelpName = "FILE" };
        var cold = new Option<bool>("--cold", "--fresh") { Description = "Boot, even where a copy of a machine that has booted is at hand." };
        var noShell = new Option<bool>("--no-shell") { Description = "Print how to connect and wait for Ctrl-C instead of opening a shell." };
        var output = new Option<string?>("--output", "-o") { Description = $"Where consoles and journals are kept. Default: {s_output}.", HelpName = "DIR" };
        Option<string[]> secrets = SecretOption.Create();
        var kubernetes = new KubernetesOption(surroundings);
        var command = new Command("open", "Boots the machines of a test of an earlier run again, with the image, options and configs of that run and as the test found them, and gives you a shell.") { run, test, machine, image, cold, noShell, output, secrets };
        kubernetes.AddTo(command);
        command.SetAction(async (parsed, cancel) =>
        {
            using var interruptions = Interruptions.Of(cancel);
            string path = parsed.GetValue(run)!;
            RunStarted recorded = EventLog.Read(path).Events.OfType<RunStarted>().First();
            TestCase found = Find(path, parsed.GetValue(test)!);
            if (parsed.GetValue(machine) is { } role && found.Machines.All(m => m.Name != role))
                throw new UsageException($"--machine {role}\n  wanted:  a machine of {found.Id}: {string.Join(", ", found.Machines.Select(m => m.Name))}");
            Masking masking = SecretOption.Read(parsed, secrets, surroundings);
            Option<string?> suite = Suites.Option();
            (TargetOptions options, ParseResult line) = TargetOptions.OfRecorded(surroundings, recorded.CommandLine, ImageOf(recorded, parsed.GetValue(image)), suite);
            (found, TestCode code) = Complete(found, line.GetValue(suite), masking);
            IReadOnlyDictionary<string, SuiteInput> inputs = await kubernetes.ReadAsync(parsed, recorded, interruptions.First);
            await using FileStream? held = KubernetesOption.Hold(inputs);
            await using Target opened = await options.OpenAsync(line, new StandardErrorProgress(), interruptions.First);
            if (opened.Image.Digest != recorded.Image.Digest)
                throw new UsageException($"{opened.Image.File} is another image than that of the run\n  wanted:  {recorded.Image.Digest}\n  got:     {opened.Image.Digest}\n  next:    say where that image is: --image FILE, or run the test on this one: kola run {found.Id} --keep");
            var settings = new RunSettings { Output = parsed.GetValue(output) ?? s_output, Keep = true, Cold = parsed.GetValue(cold), Visit = true, Quiet = true, Masking = masking, Inputs = inputs };
            var visit = new Visit(opened, found with { Minutes = Visit.Minutes }, settings, code) { Role = parsed.GetValue(machine), NoShell = parsed.GetValue(noShell) };
            return await visit.ExecuteAsync(["kola", .. parsed.Tokens.Select(t => t.Value)], interruptions);
        });
        return command;
    }

    /// <summary>The test as it was planned.</summary>
    internal static TestCase Find(string run, string test)
    {
        string file = Path.Combine(Directory.Exists(run) ? run : Path.GetDirectoryName(Path.GetFullPath(run))!, RunDirectory.PlanFile);
        Plan plan;
        try
        {
            plan = JsonSerializer.Deserialize<Plan>(File.ReadAllText(file), Run.PlanJson) ?? throw new JsonException("it is null");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new UsageException($"{file} cannot be read: {fault.Message}\n  wanted:  the plan of a run of this kola", fault);
        }

        PlannedTest found = plan.Tests.FirstOrDefault(t => t.Case.Id == test)
            ?? throw new UsageException($"{test}\n  wanted:  a test of the run: {string.Join(", ", plan.Tests.Select(t => t.Case.Id).Take(10))}{(plan.Tests.Count > 10 ? $" and {plan.Tests.Count - 10} more" : "")}");
        return found.Skip is { } skip
            ? throw new UsageException($"{test} was skipped: {skip.Reason}\n  wanted:  a test that had machines in this run\n  next:    {skip.Remedy}")
            : found.Case;
    }

    // What a person named, while it is there: what is said of an image stands beside it, and not beside what was unpacked.
    private static string ImageOf(RunStarted recorded, string? given)
    {
        if (given is not null)
            return Path.GetFullPath(given);
        if (TargetOptions.ImageIn(recorded.CommandLine) is { } named && File.Exists(named))
            return Path.GetFullPath(named);
        return File.Exists(recorded.Image.File) ? recorded.Image.File : throw new UsageException(
            $"{recorded.Image.File}: the image of the run is not there any more\n  wanted:  {recorded.Image.Name}{(recorded.Image.Version is { } version ? $" {version}" : "")}, {recorded.Image.Digest}\n  next:    say where it is: --image FILE");
    }

    // What a plan does not hold: how machines are prepared, and the secrets of their configs. Both are the suite's.
    private static (TestCase Test, TestCode Code) Complete(TestCase test, string? suite, Masking masking)
    {
        NUnitSuite? tests = null;
        TestCase? now = null;
        try
        {
            tests = Suites.Open(suite);
            now = tests.Explore().Cases.FirstOrDefault(c => c.Id == test.Id);
        }
        catch (UsageException) when (test.Prepared is null && test.Machines.All(m => m.Prepared is null))
        {
            // Nothing of it is needed.
        }

        test = test with { Machines = [.. test.Machines.Select(machine => Unmasked(machine, now?.Machines.FirstOrDefault(m => m.Name == machine.Name), masking))] };
        if (test.Machines.Any(m => m.Config?.Contains("[masked: ", StringComparison.Ordinal) == true))
            Console.Error.WriteLine($"kola: the config of {test.Id} holds secrets, which no run records: there is [masked: …] in their place");
        return (test, tests?.Code ?? new TestCode { Judge = Visit.Judge });
    }

    private static MachineSpec Unmasked(MachineSpec recorded, MachineSpec? now, Masking masking) =>
        now?.Config is { } config && recorded.Config != config && MaskedConfig.Of(config, masking) == recorded.Config ? recorded with { Config = config } : recorded;
}
