using Kola.Updates.Omaha;
using Microsoft.AspNetCore.Http;

namespace Kola.Serving;

/// <summary>A part of a file on its way out, with all that is to happen to it there.</summary>
internal sealed class PackageSending(HttpContext context, UpdateFeed feed, TimeProvider time)
{
    private const int Piece = 256 * 1024;

    // A slow answer comes in so many pieces a second.
    private const int PiecesASecond = 10;

    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1) / PiecesASecond;

    /// <summary>Bytes that have gone.</summary>
    internal long Sent { get; private set; }

    /// <exception cref="IOException">The client has gone, or the file.</exception>
    /// <exception cref="OperationCanceledException">The same, or the feed is closed.</exception>
    internal async Task SendAsync(string file, ByteRange part)
    {
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, feed.Closed);
        int? slow = feed.Faults.Take(FaultKind.PackageSlow) is { } fault ? (int)fault.Number : null;
        await using FileStream content = new(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.Asynchronous);
        content.Position = part.From;
        await context.Response.StartAsync(gone.Token);
        byte[] buffer = new byte[slow is { } rate ? Math.Clamp(rate / PiecesASecond, 1, Piece) : Piece];
        long end = part.From + part.Length;
        for (long at = part.From; at < end;)
        {
            if (feed.Faults.StallOf(at) is { } stall)
                await stall.PassAsync(gone.Token);
            if (feed.Faults.TakeAt(at, FaultKind.PackageReset, FaultKind.PackageCut) is { } broken)
            {
                End(broken);
                return;
            }

            long stop = feed.Faults.NextStop(at, end);
            int read = await content.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, stop - at)), gone.Token);
            if (read == 0)
                throw new IOException($"{file} has become shorter");
            if (feed.Faults.TakeAt(at, FaultKind.PackageCorrupt) is not null)
                buffer[0] ^= 1;
            await context.Response.Body.WriteAsync(buffer.AsMemory(0, read), gone.Token);
            Sent += read;
            at += read;
            if (slow is { } bytesPerSecond && at < end)
                await Task.Delay(bytesPerSecond < PiecesASecond ? TimeSpan.FromSeconds(1.0 / bytesPerSecond) : s_pause, time, gone.Token);
        }
    }

    // Fewer bytes than were announced: Kestrel ends the connection after them.
    private void End(ServerFault broken)
    {
        if (broken.Kind == FaultKind.PackageReset)
            OmahaServer.Reset(context);
    }
}
