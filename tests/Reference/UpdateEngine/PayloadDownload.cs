using System.Net.Http.Headers;
using System.Text;

namespace Flatcar.Reference.UpdateEngine;

/// <summary>Brings a payload, with patience for a line that breaks.</summary>
/// <param name="transfer">The line.</param>
/// <param name="retryAfter">Pause before a transfer that broke off is taken up again.</param>
/// <param name="idle">Told when nothing has come for a second.</param>
internal sealed class PayloadDownload(Transfer transfer, TimeSpan retryAfter, Action idle)
{
    /// <summary>How often a transfer that had begun is taken up again, and one that found nobody is repeated.</summary>
    private const int Retries = 20, RetriesWithoutAnswer = 3;

    private static readonly TimeSpan WithoutAnswer = TimeSpan.FromSeconds(10);

    /// <exception cref="UpdateException">9, or what <paramref name="take"/> found.</exception>
    public async Task RunAsync(string url, long size, Resume? resume, ImageProperties image, bool interactive, Action<ReadOnlySpan<byte>> take, CancellationToken cancel)
    {
        var user = image.DownloadUser is { Length: > 0 } name
            ? new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{name}:{image.DownloadPassword}")))
            : null;
        if (resume is null)
        {
            await RangeAsync(url, 0, null, user, interactive, take, cancel);
            return;
        }
        await RangeAsync(url, 0, resume.MetadataSize - 1, user, interactive, take, cancel);
        // All of it was there before the power went: a server has nothing to send from its end on.
        if (resume.MetadataSize + resume.DataOffset < size)
            await RangeAsync(url, resume.MetadataSize + resume.DataOffset, null, user, interactive, take, cancel);
    }

    private async Task RangeAsync(string url, long from, long? last, AuthenticationHeaderValue? user, bool interactive, Action<ReadOnlySpan<byte>> take, CancellationToken cancel)
    {
        var at = from;
        for (int broken = 0, unanswered = 0; ;)
        {
            var before = at;
            try
            {
                await transfer.GetAsync(url, at, last, user, data => { take(data); at += data.Length; }, idle, cancel);
                return;
            }
            catch (TransferException e)
            {
                Log.Error($"Transfer of {url} failed at byte {at}: {e.Message}");
                if (e.Status is not null)
                    throw new UpdateException(ErrorCode.Transfer, $"Download failed: {e.Message}");
                if (at == before && at == from ? ++unanswered > (interactive ? 1 : RetriesWithoutAnswer) : ++broken > Retries)
                    throw new UpdateException(ErrorCode.Transfer, $"Download failed: {e.Message}");
                await Task.Delay(at == from ? WithoutAnswer : retryAfter, TimeProvider.System, cancel);
            }
        }
    }
}
