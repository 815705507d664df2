namespace Kola;

/// <summary>A request to the server of files, when it was over.</summary>
/// <param name="At">When it came.</param>
/// <param name="Protocol"><c>http</c>, <c>https</c> or <c>tftp</c>.</param>
/// <param name="Path">As it was asked for, with query; through a proxy the whole address.</param>
/// <param name="Status">
/// HTTP's. Of TFTP: 200 when all of the file was acknowledged, 404 for no such file, 400 for a request it does not serve. 499 where the client went away, or
/// said nothing any more.
/// </param>
/// <param name="Bytes">Of the content that went out.</param>
/// <param name="Remote">Address and port the request came from; a guest of QEMU's user network comes from the host.</param>
/// <param name="Agent">What the client calls itself: <c>Ignition/2.14.0</c>; null when it does not say.</param>
/// <param name="ElapsedSeconds">Until its end.</param>
public sealed record ServedRequest(DateTimeOffset At, string Protocol, string Path, int Status, long Bytes, string Remote, string? Agent, double ElapsedSeconds)
{
    /// <summary>One line: <c>2026-01-02T03:04:05.678Z https /gzip/hello.txt 200 54 bytes to 127.0.0.1:40312 Ignition/2.14.0</c>.</summary>
    public override string ToString() => FormattableString.Invariant($"{At.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {Protocol} {Path} {Status} {Bytes} bytes to {Remote} {Agent}").TrimEnd();
}
