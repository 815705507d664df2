using Kola.Libvirt.Bindings;

namespace Kola.Libvirt;

/// <summary>Writes a machine's console to a file, from the first byte and over power cycles.</summary>
internal sealed class ConsoleCapture : IAsyncDisposable
{
    // What a machine that is off has said is there already; a daemon that does not say that it was all is not waited for.
    private static readonly TimeSpan s_lastWords = TimeSpan.FromSeconds(2);

    private readonly FileStream _file;
    private LibvirtStream? _stream;
    private Task _copying = Task.CompletedTask;

    /// <param name="file">Where it is written; what was there is gone.</param>
    public ConsoleCapture(string file) => _file = new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);

    /// <summary>Takes a console, before the machine says anything on it.</summary>
    public void Attach(LibvirtStream stream)
    {
        _stream = stream;
        _copying = Task.Run(() => CopyAsync(stream));
    }

    /// <summary>Lets the console of a machine that is off go, when all it said has been written.</summary>
    public async Task DetachAsync()
    {
        await Task.WhenAny(_copying, Task.Delay(s_lastWords, TimeProvider.System));
        if (_stream is { } stream)
            await Task.Run(stream.Dispose);
        _stream = null;
        await _copying;
    }

    /// <summary>When all that was said before the console ended has been written.</summary>
    public Task Ended => Task.WhenAny(_copying, Task.Delay(s_lastWords, TimeProvider.System));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await DetachAsync();
        await _file.DisposeAsync();
    }

    private async Task CopyAsync(LibvirtStream stream)
    {
        byte[] part = new byte[64 << 10];
        int count;
        while ((count = await stream.ReadAsync(part)) > 0)
            await _file.WriteAsync(part.AsMemory(0, count));
    }
}
