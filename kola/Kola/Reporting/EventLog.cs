using System.Text;
using System.Text.Json;

namespace Kola.Reporting;

/// <summary>
/// The record of a run: one JSON object a line, handed to the operating system as it happens, so it survives the death of the harness.
/// Safe to use from several threads.
/// <code>{"event":"test-started","at":"2026-11-22T18:15:03+00:00","test":"cl.basic","attempt":1,"deadlineSeconds":600}</code>
/// </summary>
public sealed class EventLog : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<RunEvent> _events = [];
    private readonly string _name;
    private Stream? _file;
    private long _whole;

    internal EventLog(Stream file, string name)
    {
        _file = file;
        _name = name;
    }

    /// <summary>Everything appended so far, also what could not be written.</summary>
    public IReadOnlyList<RunEvent> Events
    {
        get
        {
            lock (_lock)
                return [.. _events];
        }
    }

    /// <summary>Why the file is not complete; null while it is. Events are kept in memory all the same.</summary>
    public PlatformException? Failure { get; private set; }

    /// <summary>Starts a new file.</summary>
    /// <exception cref="UsageException">It exists.</exception>
    /// <exception cref="PlatformException">It cannot be made.</exception>
    public static EventLog Create(string file)
    {
        if (File.Exists(file))
            throw new UsageException($"{file} exists\n  wanted:  a new file; the record of a run is never overwritten");
        try
        {
            // Unbuffered: each event is one write to the operating system.
            return new EventLog(new FileStream(file, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0), file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new PlatformException(Signal.HostStorage, $"{file} cannot be written: {fault.Message}", fault);
        }
    }

    /// <summary>Reads a record back. A torn last line is what a killed run leaves behind, and no error.</summary>
    /// <param name="path">The file, or the directory of a run.</param>
    /// <exception cref="UsageException">There is no such file, or it is no record of a run; names file and line.</exception>
    public static RecordedRun Read(string path)
    {
        string file = Directory.Exists(path) ? Path.Combine(path, RunDirectory.EventsFile) : path;
        try
        {
            return Parse(File.ReadAllBytes(file), file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{file} cannot be read: {fault.Message}", fault);
        }
    }

    /// <summary>Adds an event and flushes it.</summary>
    /// <exception cref="PlatformException">It could not be written. Thrown once; from then on events are kept in memory only.</exception>
    public void Append(RunEvent happened)
    {
        lock (_lock)
        {
            _events.Add(happened);
            if (_file is null)
                return;
            byte[] line = [.. JsonSerializer.SerializeToUtf8Bytes(happened, EventFormat.Line), (byte)'\n'];
            try
            {
                _file.Write(line);
                _file.Flush();
                _whole += line.Length;
            }
            catch (IOException fault)
            {
                Failure = new PlatformException(Signal.HostStorage, $"{_name} cannot be written: {fault.Message}\n  wanted:  room for every event of the run\n  got:     {_events.Count - 1} events written", fault);
                Abandon();
                throw Failure;
            }
        }
    }

    /// <summary>Closes the file. Later events are kept in memory only.</summary>
    public void Dispose()
    {
        lock (_lock)
            Close();
    }

    // What is in the file stays readable: a line that was half written is taken back.
    private void Abandon()
    {
        try
        {
            if (_file is { CanSeek: true })
                _file.SetLength(_whole);
        }
        catch (IOException)
        {
            // Then it ends with a torn line, which a reader expects.
        }

        Close();
    }

    private void Close()
    {
        Stream? file = _file;
        _file = null;
        try
        {
            file?.Dispose();
        }
        catch (IOException)
        {
            // Every event was flushed on its own; there is nothing left to lose.
        }
    }

    private static RecordedRun Parse(byte[] bytes, string file)
    {
        var events = new List<RunEvent>();
        string? torn = null;
        int number = 0;
        for (int start = 0; start < bytes.Length;)
        {
            number++;
            int length = bytes.AsSpan(start).IndexOf((byte)'\n');
            bool whole = length >= 0;
            ReadOnlySpan<byte> line = whole ? bytes.AsSpan(start, length) : bytes.AsSpan(start);
            start += line.Length + 1;
            if (Encoding.UTF8.GetString(line).Trim('\uFEFF', ' ', '\r', '\t') is not { Length: > 0 } text)
                continue;
            if (TryParse(text, out string? problem) is { } happened)
                events.Add(happened);
            else if (whole)
                throw new UsageException($"{file}:{number}: {problem}\n  wanted:  an event of a run, one JSON object a line");
            else
                torn = $"line {number} of {Path.GetFileName(file)} is torn after {line.Length} bytes: the run was killed while it wrote";
        }

        return events is [RunStarted, ..]
            ? new RecordedRun(events, torn)
            : throw new UsageException($"{file}:1: no record of a run\n  wanted:  run-started as its first event\n  got:     {(events.Count == 0 ? "no event" : events[0].GetType().Name)}");
    }

    private static RunEvent? TryParse(string text, out string? problem)
    {
        try
        {
            RunEvent? happened = JsonSerializer.Deserialize<RunEvent>(text, EventFormat.Line);
            problem = happened is null ? "null is no event" : null;
            return happened;
        }
        catch (Exception fault) when (fault is JsonException or NotSupportedException)
        {
            // NotSupportedException: an object without "event".
            problem = fault.Message;
            return null;
        }
    }
}
