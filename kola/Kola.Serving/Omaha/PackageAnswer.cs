using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Kola.Updates.Omaha;
using Microsoft.AspNetCore.Http;

namespace Kola.Serving;

/// <summary>Answers a request for a file of an update.</summary>
/// <param name="context">The request.</param>
/// <param name="feed">Whose file it is.</param>
/// <param name="scope">Path of the feed.</param>
/// <param name="path">What is asked for, below it.</param>
/// <param name="time">By which a slow answer is slow.</param>
internal sealed class PackageAnswer(HttpContext context, UpdateFeed feed, string scope, string path, TimeProvider time)
{
    // Counts down in the address: a redirect that forgets nothing would never end.
    private const string Hop = "hop";

    private readonly HttpResponse _response = context.Response;
    private UpdateFeed.NotedPackage _noted;

    internal async Task GiveAsync()
    {
        string? header = context.Request.Headers.Range is [{ } range] ? range : null;
        string? file = feed.Offers.Find(path[UpdateServing.PackagesPath.Length..]);
        long size = file is null ? 0 : new FileInfo(file).Length;
        ByteRange? part = ByteRange.Parse(header, size);
        _noted = feed.Begin(path, header, part?.From ?? 0);
        var sending = new PackageSending(context, feed, time);
        try
        {
            if (context.Request.Method is not ("GET" or "HEAD"))
                Say(StatusCodes.Status405MethodNotAllowed);
            else if (!IsAllowed())
                Refuse();
            else if (Redirect() is { } hops)
                Go(hops);
            else if (feed.Faults.Take(FaultKind.PackageStatus) is { } fault)
                Say((int)fault.Number);
            else if (file is null)
                Say(StatusCodes.Status404NotFound);
            else if (part is { Length: 0 })
                NotSatisfiable(size);
            else
                await SendAsync(sending, file, part, size);
        }
        finally
        {
            _noted.End(sending.Sent);
        }
    }

    private async Task SendAsync(PackageSending sending, string file, ByteRange? part, long size)
    {
        ByteRange wanted = part ?? new ByteRange(0, size);
        _response.Headers.AcceptRanges = "bytes";
        if (part is not null)
            _response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {wanted.From}-{wanted.From + wanted.Length - 1}/{size}");
        _response.ContentType = "application/octet-stream";
        _response.ContentLength = wanted.Length;
        Say(part is null ? StatusCodes.Status200OK : StatusCodes.Status206PartialContent);
        if (context.Request.Method == "GET")
            await sending.SendAsync(file, wanted);
    }

    private void NotSatisfiable(long size)
    {
        _response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes */{size}");
        Say(StatusCodes.Status416RangeNotSatisfiable);
    }

    private void Refuse()
    {
        _response.Headers.WWWAuthenticate = "Basic realm=\"kola\"";
        Say(StatusCodes.Status401Unauthorized);
    }

    private void Go(int hops)
    {
        _response.Headers.Location = string.Create(CultureInfo.InvariantCulture, $"{scope}{context.Request.Path.ToUriComponent()[scope.Length..]}?{Hop}={hops - 1}");
        Say(StatusCodes.Status302Found);
    }

    private void Say(int status)
    {
        _response.StatusCode = status;
        _noted.Answered(status);
    }

    /// <returns>How many redirects are left, this one included; null for none.</returns>
    private int? Redirect()
    {
        if (context.Request.Query[Hop] is [{ } text] && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int left))
            return left > 0 ? left : null;
        return feed.Faults.Take(FaultKind.PackageRedirect) is { } fault ? (int)fault.Number : null;
    }

    private bool IsAllowed()
    {
        if (feed.Login is not { } login)
            return true;
        byte[] wanted = Encoding.UTF8.GetBytes("Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{login.User}:{login.Password}")));
        return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(context.Request.Headers.Authorization.ToString()), wanted);
    }
}
