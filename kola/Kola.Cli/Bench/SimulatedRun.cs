using System.Globalization;
using Kola.Reporting;

namespace Kola.Cli.Bench;

/// <summary>
/// A run that never was, drawn from a seed: as many tests as asked for on eight machines at once, all seven outcomes, retries, parity, several machines, reboots, waits,
/// findings, and logs of a given size. What reports cost is measured with it; nobody's image is judged by it.
/// </summary>
internal sealed class SimulatedRun
{
    private const int Lanes = 8;
    private const string Key = "0b5e3f6a9c21d4e70b5e3f6a9c21d4e70b5e3f6a9c21d4e70b5e3f6a9c21d4e7";

    private static readonly string[] s_commands = ["cat /etc/os-release", "systemctl is-system-running --wait", "sudo systemctl restart docker.service", "findmnt --json --mountpoint /usr", "docker run --rm ghcr.io/flatcar/busybox true", "ip -j route get 10.0.0.1", "sudo update_engine_client -status", "journalctl -b -u update-engine.service --no-pager | tail -n 20", "test -e /run/ostree-booted", "sudo cgpt show /dev/vda"];
    private static readonly string[] s_waits = ["docker.service to be active", "the hub to answer through the tunnel", "all nodes to be Ready", "the update to be applied", "the disk to settle"];
    private static readonly string[] s_areas = ["storage.raid", "storage.luks", "net.bond", "net.ipv6", "container.runtime", "sysext.layer", "ignition.merge", "kube.upgrade", "update.rollback", "security.seccomp"];

    private readonly Random _random;
    private readonly SimulatedLogs _logs;
    private readonly List<RunEvent> _events = [];
    private readonly double[] _free = new double[Lanes];
    private readonly DateTimeOffset _zero = new(2026, 11, 22, 18, 15, 0, TimeSpan.Zero);
    private readonly int _journal;

    private SimulatedRun(string directory, int journal, int seed)
    {
        _random = new Random(seed);
        _logs = new SimulatedLogs(_random, directory);
        _journal = journal;
    }

    /// <summary>Writes events.jsonl and the logs of all machines into a directory; returns how many bytes the logs have.</summary>
    /// <param name="directory">An existing, empty one.</param>
    /// <param name="catalog">Ids and sentences of real tests, which come first; the rest is made up.</param>
    /// <param name="tests">How many.</param>
    /// <param name="logBytes">About how many bytes all logs are to have.</param>
    /// <param name="seed">The same seed draws the same run.</param>
    internal static long Write(string directory, IReadOnlyList<TestCase> catalog, int tests, long logBytes, int seed)
    {
        // A test has 1.3 machines on the whole; console and commands add to the journal.
        var run = new SimulatedRun(directory, (int)(logBytes / (tests * 1.3 * 1.06)), seed);
        run.Begin([.. Enumerable.Range(0, tests).Select(i => i < catalog.Count ? catalog[i] : MadeUp(i))], seed);
        using var log = EventLog.Create(Path.Combine(directory, RunDirectory.EventsFile));
        foreach (RunEvent happened in run._events.OrderBy(happened => happened.At))
            log.Append(happened);
        return run._logs.Written;
    }

    private static TestCase MadeUp(int i) => new()
    {
        Id = string.Create(CultureInfo.InvariantCulture, $"simulated.{s_areas[i % s_areas.Length]}.{i}"),
        Sentence = "Something holds that nobody had thought of",
        Source = "Simulated",
        Machines = [new MachineSpec { Name = "machine" }],
        Tags = [s_areas[i % s_areas.Length].Split('.')[0]],
    };

    private DateTimeOffset At(double seconds) => _zero.AddSeconds(Math.Round(seconds, 3));

    private void Begin(TestCase[] tests, int seed)
    {
        _events.Add(new RunStarted
        {
            At = _zero,
            Run = "qemu-20261122-181500-4711",
            Kola = "0.1.0+simulated",
            CommandLine = ["kola", "run", "--image", "flatcar_production_qemu_image.img", "--retries", "1"],
            Platform = "qemu",
            Facts = new Dictionary<string, string> { ["acceleration"] = "kvm", ["qemu-version"] = "10.0.2", ["firmware"] = "direct", ["host-cores"] = "8" },
            Image = new Image { File = "/images/flatcar_production_qemu_image.img", Format = "raw", Digest = "sha256:" + string.Concat(Key.Reverse()), Name = "flatcar_production_qemu_image.img", Version = "4459.0.0", Channel = "alpha" },
            Slowness = 1,
            Seed = seed,
            Retries = 1,
        });
        Outcome[] ends = [.. tests.Select((_, i) => Draw(i, tests.Length))];
        for (int i = 0; i < tests.Length; i++)
        {
            bool skip = ends[i] == Outcome.Skipped;
            _events.Add(new TestPlanned
            {
                At = _zero,
                Test = tests[i].Id,
                Sentence = tests[i].Sentence,
                Tags = tests[i].Tags,
                SkipReason = skip ? (i % 2 == 0 ? "no TPM 2.0 can be attached" : "the image has no locksmith") : null,
                SkipRemedy = skip ? (i % 2 == 0 ? "Install swtpm (apt-get install swtpm)." : "Run it on a Flatcar release: --image FILE.") : null,
                Machines = [.. tests[i].Machines.Select(m => m.Name)],
                Known = ends[i] == Outcome.Known ? new KnownFailure("the policy lacks a rule for it", new DateOnly(2027, 1, 31), "https://github.com/flatcar/Flatcar/issues", "the networking people") : null,
            });
        }

        _events.Add(new TemplateMade { At = At(31), Template = Key, Directory = "templates/0b5e3f6a9c21", ElapsedSeconds = 31, ProcessorSeconds = 28.5 });
        for (int i = 0; i < tests.Length; i++)
        {
            if (ends[i] is not (Outcome.Skipped or Outcome.NotRun))
                Run(tests[i], ends[i], i);
        }

        double end = _free.Max() + 1;
        _events.Add(new RunEnded { At = At(end), ElapsedSeconds = end });
    }

    private Outcome Draw(int i, int of) => _random.Next(1000) switch
    {
        _ when i >= of - 5 => Outcome.NotRun,
        < 30 => Outcome.Failed,
        < 45 => Outcome.Broken,
        < 75 => Outcome.Flaky,
        < 90 => Outcome.Known,
        < 150 => Outcome.Skipped,
        _ => Outcome.Passed,
    };

    private void Run(TestCase test, Outcome end, int i)
    {
        string[] machines = i % 9 == 4 && test.Machines.Count == 1 ? ["hub", "spoke"] : [.. test.Machines.Select(m => m.Name)];
        int[] lanes = [.. Enumerable.Range(0, Lanes).OrderBy(lane => _free[lane]).Take(machines.Length)];
        double turn = Math.Max(i % 9 == 0 ? 0 : 31, lanes.Max(lane => _free[lane]));
        bool retried = end is Outcome.Flaky or Outcome.Failed or Outcome.Known;
        for (int attempt = 1; attempt <= (retried ? 2 : 1); attempt++)
        {
            Outcome ends = end switch { Outcome.Flaky => attempt == 1 ? Outcome.Failed : Outcome.Passed, Outcome.Known => Outcome.Failed, _ => end };
            turn = Try(test.Id, machines, attempt, ends, turn, copies: attempt == 1 && i % 9 != 0);
        }

        foreach (int lane in lanes)
            _free[lane] = turn;
    }

    private double Try(string id, string[] machines, int attempt, Outcome ends, double turn, bool copies)
    {
        bool first = attempt == 1;
        _events.Add(new TestStarted { At = At(turn), Test = id, Attempt = attempt, DeadlineSeconds = 600, WaitedSeconds = first ? Math.Round(turn, 2) : 0.2, WaitedFor = !first ? null : copies && turn < 60 ? "template 0b5e3f6a9c21" : _random.Next(3) switch { 0 => "memory", 1 => "cores", _ => "machines" } });
        double ready = copies ? 1.4 + _random.NextDouble() : 14 + _random.NextDouble() * 6, now = turn + ready;
        string version = "4459.0.0";
        foreach (string machine in machines)
        {
            _events.Add(new MachineStarted { At = At(turn + 0.2), Test = id, Machine = machine, Attempt = attempt, Address = string.Create(CultureInfo.InvariantCulture, $"core@127.0.0.1:{2222 + _random.Next(900)}"), Directory = RunDirectory.DirectoryOf(id, attempt, machine), Template = copies ? Key : null });
            _events.Add(new MachineReady { At = At(now), Test = id, Machine = machine, Attempt = attempt, BootId = Guid.Empty.ToString(), Version = version, ElapsedSeconds = Math.Round(ready, 2), Boot = 0 });
        }

        List<CommandRan> commands = [];
        int many = 6 + _random.Next(30);
        bool reboots = _random.Next(5) == 0;
        for (int k = 0; k < many; k++)
        {
            double took = _random.NextDouble() * _random.NextDouble() * 1.2;
            now += took;
            bool last = k == many - 1 && ends == Outcome.Failed;
            commands.Add(new CommandRan { At = At(now), Test = id, Machine = machines[k % machines.Length], Attempt = attempt, Command = s_commands[_random.Next(s_commands.Length)], ExitCode = last ? 1 : 0, ElapsedSeconds = Math.Round(took, 3) });
            if (k % 11 == 5)
                _events.Add(new WaitEnded { At = At(now += _random.NextDouble() * 5), Test = id, Machine = machines[0], Attempt = attempt, For = s_waits[_random.Next(s_waits.Length)], Held = true, ElapsedSeconds = 2.5, LastSeen = "active" });
            if (reboots && k == many / 2)
            {
                double boot = 9 + _random.NextDouble() * 5;
                _events.Add(new MachineReady { At = At(now += boot), Test = id, Machine = machines[0], Attempt = attempt, BootId = Guid.Empty.ToString(), Version = version, ElapsedSeconds = Math.Round(boot, 2), Boot = 1 });
            }
        }

        _events.AddRange(commands);
        return End(id, machines, attempt, ends, turn, now, copies, commands);
    }

    private double End(string id, string[] machines, int attempt, Outcome ends, double turn, double now, bool copies, List<CommandRan> commands)
    {
        string on = machines[0];
        SimulatedTrouble? trouble = ends is Outcome.Failed or Outcome.Broken ? SimulatedTrouble.Draw(_random, ends) : null;
        (int Console, int Journal) line = (0, 0);
        foreach (string machine in machines)
        {
            (int, int) written = _logs.Write(RunDirectory.DirectoryOf(id, attempt, machine), At(turn), (int)(_journal * (0.4 + 1.2 * _random.NextDouble())), machine == on ? trouble?.LogLine : null, commands.Where(ran => ran.Machine == machine));
            line = machine == on ? written : line;
        }

        string directory = RunDirectory.DirectoryOf(id, attempt, on);
        if (trouble?.Check is { } check)
            _events.Add(new FindingMade { At = At(now), Test = id, Machine = on, Attempt = attempt, Check = check, Title = trouble.Title!, Source = "console", File = $"{directory}/console.txt", Line = line.Console, Text = trouble.LogLine });
        if (_random.Next(6) == 0)
            _events.Add(new StepEnded { At = At(now), Test = id, Attempt = attempt, Step = $"{id}/ReadOnly", Outcome = Outcome.Passed, ElapsedSeconds = 0.4 });
        double gone = now + 0.3 + _random.NextDouble();
        if (trouble is not null && ends == Outcome.Failed)
        {
            foreach ((string what, string file) in (IEnumerable<(string, string)>)[("systemctl --failed", "failed-units.txt"), ("dmesg", "dmesg.txt")])
            {
                File.WriteAllText(Path.Combine(_logs.Directory, directory, file), trouble.LogLine + "\n");
                _events.Add(new EvidenceKept { At = At(now + 0.1), Test = id, Machine = on, Attempt = attempt, What = what, File = $"{directory}/{file}", By = "ssh" });
            }
        }

        foreach (string machine in machines)
            _events.Add(new MachineEnded { At = At(gone), Test = id, Machine = machine, Attempt = attempt, PlatformFault = ends == Outcome.Broken, Detail = ends == Outcome.Broken ? "QEMU was killed by signal 9" : "disposed", ProcessorSeconds = Math.Round(2 + _random.NextDouble() * 20, 2), MemoryMiB = 180 + _random.Next(400) });
        if (copies && ends == Outcome.Passed && attempt == 1 && _random.Next(20) == 0)
            _events.Add(new ParityChecked { At = At(gone), Test = id, Templates = [Key], Cloned = Outcome.Passed, Cold = Outcome.Passed });
        _events.Add(new TestEnded
        {
            At = At(gone + 0.05),
            Test = id,
            Attempt = attempt,
            Outcome = ends,
            Message = trouble?.Message(on, $"_kola/latest/{directory}", line, id),
            Evidence = trouble?.Evidence(on, directory, line),
            Trace = trouble?.Sign == "assertion" ? "   at Flatcar.Tests.Simulated.Test() in Simulated.cs:line 12" : null,
            ElapsedSeconds = Math.Round(gone + 0.05 - turn, 3),
        });
        return gone + 0.3;
    }
}
