using System.Text;
using CsCheck;
using Kola.Reporting;

namespace Kola.Tests.Reporting;

public sealed class EventLogTests
{
    private string _directory = null!;

    private string LogFile => Path.Combine(_directory, RunDirectory.EventsFile);

    [SetUp]
    public void Make_a_directory() => _directory = Directory.CreateTempSubdirectory("kola-events-").FullName;

    [TearDown]
    public void Remove_the_directory() => Directory.Delete(_directory, recursive: true);

    [Test]
    public void What_was_written_is_read_back()
    {
        Write(RichRun.Events);
        RecordedRun recorded = EventLog.Read(LogFile);
        Assert.That(recorded.Torn, Is.Null);
        Assert.That(JsonReport.Render(Report.Of(recorded)), Is.EqualTo(JsonReport.Render(Report.Of(RichRun.Events))));
        Assert.That(recorded.Events.Select(e => e.GetType()), Is.EqualTo(RichRun.Events.Select(e => e.GetType())));
    }

    [Test]
    public void A_command_that_was_lost_is_read_back()
    {
        Write([.. Happened.Clean().Events, new CommandRan { At = default, Test = "cl.basic", Machine = "machine", Command = "true", ExitCode = null, ElapsedSeconds = 1 }]);
        Assert.That(EventLog.Read(LogFile).Events.OfType<CommandRan>().Single().ExitCode, Is.Null);
    }

    [Test]
    public void A_directory_of_a_run_will_do_for_its_log()
    {
        Write(Happened.Clean().Events);
        Assert.That(EventLog.Read(_directory).Events, Has.Count.EqualTo(Happened.Clean().Events.Count));
    }

    [Test]
    public void A_line_begins_with_what_happened_and_when_and_leaves_out_what_is_not()
    {
        Write(new Happened().Start().Begin("cl.basic").End("cl.basic", Outcome.Passed).Events);
        string[] lines = File.ReadAllLines(LogFile);
        Assert.That(lines[1], Is.EqualTo("""{"event":"test-started","at":"2026-11-22T18:15:01+00:00","test":"cl.basic","attempt":1,"deadlineSeconds":600,"waitedSeconds":0}"""));
        Assert.That(lines[2], Is.EqualTo("""{"event":"test-ended","at":"2026-11-22T18:15:02+00:00","test":"cl.basic","attempt":1,"outcome":"passed","elapsedSeconds":30}"""));
    }

    [Test]
    public void An_event_is_in_the_file_before_the_log_is_closed()
    {
        using EventLog log = EventLog.Create(LogFile);
        foreach (RunEvent happened in Happened.Clean().Events)
        {
            log.Append(happened);
            Assert.That(EventLog.Read(LogFile).Events, Has.Count.EqualTo(log.Events.Count));
        }
    }

    [Test]
    public void Many_threads_write_whole_lines()
    {
        using (EventLog log = EventLog.Create(LogFile))
        {
            log.Append(new Happened().Start().Events[0]);
            Parallel.For(0, 500, i => log.Append(new Happened().Begin($"cl.test{i}").Events[0]));
        }

        RecordedRun recorded = EventLog.Read(LogFile);
        Assert.That(recorded.Events.OfType<TestStarted>().Select(e => e.Test), Is.Unique.And.Exactly(500).Items);
    }

    [Test]
    public void A_log_is_never_written_over()
    {
        File.WriteAllText(LogFile, "mine");
        Assert.That(() => EventLog.Create(LogFile), Throws.TypeOf<UsageException>().With.Message.Contains("exists"));
        Assert.That(File.ReadAllText(LogFile), Is.EqualTo("mine"));
    }

    [Test]
    public void A_log_that_cannot_be_made_is_the_places_fault()
    {
        Assert.That(() => EventLog.Create(Path.Combine(_directory, "nowhere", "events.jsonl")), Throws.TypeOf<PlatformException>());
    }

    [Test]
    public void A_full_disk_is_told_once_and_results_are_still_kept()
    {
        IReadOnlyList<RunEvent> events = Happened.Clean().Events;
        using var disk = new SmallDisk(900);
        using var log = new EventLog(disk, "events.jsonl");
        int refused = 0;
        foreach (RunEvent happened in events)
        {
            try
            {
                log.Append(happened);
            }
            catch (PlatformException fault)
            {
                refused++;
                Assert.That(fault.Message, Does.StartWith("events.jsonl cannot be written: No space left on device"));
            }
        }

        Assert.That(refused, Is.EqualTo(1));
        Assert.That(disk.ToArray(), Has.Length.InRange(1, 899));
        Assert.That(log.Failure, Is.Not.Null);
        Assert.That(Report.Of(log.Events).ExitCode, Is.Zero);
        Assert.That(Encoding.UTF8.GetString(disk.ToArray()), Does.EndWith("\n"), "a half written line is taken back");
    }

    [Test]
    public void A_closed_log_keeps_what_comes_late_in_memory()
    {
        var log = EventLog.Create(LogFile);
        log.Dispose();
        log.Append(Happened.Clean().Events[0]);
        Assert.That(log.Events, Has.Count.EqualTo(1));
        Assert.That(new FileInfo(LogFile).Length, Is.Zero);
    }

    [Test]
    public void A_run_killed_at_any_byte_is_never_green()
    {
        Write(Happened.Clean().Events);
        byte[] whole = File.ReadAllBytes(LogFile);
        for (int length = 0; length <= whole.Length; length++)
        {
            File.WriteAllBytes(LogFile, whole[..length]);
            // The very last byte is the line end, and what it ends is complete without it.
            int wanted = length >= whole.Length - 1 ? 0 : 3;
            Assert.That(ExitCodeOf(LogFile) ?? 3, Is.EqualTo(wanted), $"after {length} of {whole.Length} bytes");
        }
    }

    [Test]
    public void A_torn_line_is_told()
    {
        Write(Happened.Clean().Events);
        byte[] whole = File.ReadAllBytes(LogFile);
        File.WriteAllBytes(LogFile, whole[..^10]);
        Report report = Report.Of(EventLog.Read(LogFile));
        Assert.That(report.Problems, Has.Some.Matches("^line 7 of events.jsonl is torn after [0-9]+ bytes: the run was killed while it wrote$"));
    }

    [Test]
    public void Damage_is_a_usage_error_or_no_clean_run()
    {
        Write(Happened.Clean().Events);
        byte[] whole = File.ReadAllBytes(LogFile);
        string damaged = Path.Combine(_directory, "damaged.jsonl");
        Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte).Sample(
            (at, value) =>
            {
                byte[] bytes = [.. whole];
                bytes[at] = value;
                File.WriteAllBytes(damaged, bytes);
                // One byte inside a text may well be read as another text; but it is read, or refused in words.
                if (ExitCodeOf(damaged) is not null)
                {
                    Report report = Report.Of(EventLog.Read(damaged));
                    JUnitReport.Render(report);
                    JsonReport.Render(report);
                    TapReport.Render(report);
                    SummaryReport.Render(report, null);
                }
            },
            iter: 500,
            threads: 1);
    }

    [TestCase("", "no record of a run")]
    [TestCase("\n\n", "no record of a run")]
    [TestCase("hello\n", ":1: ")]
    [TestCase("null\n", "null is no event")]
    [TestCase("[]\n", ":1: ")]
    [TestCase("{}\n", ":1: ")]
    [TestCase("{\"event\":\"coffee-made\",\"at\":\"2026-11-22T18:15:00Z\"}\n", "coffee-made")]
    [TestCase("{\"event\":\"run-ended\",\"at\":\"2026-11-22T18:15:00Z\",\"elapsedSeconds\":1}\n", "run-started as its first event")]
    [TestCase("{\"event\":\"run-ended\",\"at\":\"2026-11-22T18:15:00Z\"}\n", "elapsedSeconds")]
    [TestCase("{\"event\":\"run-ended\",\"at\":null,\"elapsedSeconds\":1}\n", ":1: ")]
    public void What_is_no_record_is_refused_with_file_and_line(string text, string words)
    {
        File.WriteAllText(LogFile, text);
        Assert.That(() => EventLog.Read(LogFile), Throws.TypeOf<UsageException>().With.Message.StartsWith(LogFile + ":1: ").And.Message.Contains(words));
    }

    [Test]
    public void Garbage_in_the_middle_is_refused_with_its_line()
    {
        Write(Happened.Clean().Events);
        string[] lines = File.ReadAllLines(LogFile);
        lines[3] = lines[3][..20];
        File.WriteAllLines(LogFile, lines);
        Assert.That(() => EventLog.Read(LogFile), Throws.TypeOf<UsageException>().With.Message.StartsWith(LogFile + ":4: "));
    }

    [Test]
    public void A_log_that_is_not_there_is_a_usage_error()
    {
        Assert.That(() => EventLog.Read(Path.Combine(_directory, "none.jsonl")), Throws.TypeOf<UsageException>());
    }

    [Test]
    public void A_log_of_a_newer_kola_is_read()
    {
        Write(Happened.Clean().Events);
        File.WriteAllText(LogFile, File.ReadAllText(LogFile).Replace("\"attempt\":1", "\"mood\":\"good\",\"attempt\":1", StringComparison.Ordinal));
        Assert.That(ExitCodeOf(LogFile), Is.Zero);
    }

    private static int? ExitCodeOf(string file)
    {
        try
        {
            return Report.Of(EventLog.Read(file)).ExitCode;
        }
        catch (UsageException)
        {
            return null;
        }
    }

    private void Write(IReadOnlyList<RunEvent> events)
    {
        using EventLog log = EventLog.Create(LogFile);
        foreach (RunEvent happened in events)
            log.Append(happened);
    }

    /// <summary>Takes what fits, then fails like a disk that is full.</summary>
    private sealed class SmallDisk(int room) : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count)
        {
            int fits = (int)Math.Min(count, room - Length);
            base.Write(buffer, offset, fits);
            if (fits < count)
                throw new IOException("No space left on device");
        }
    }
}
