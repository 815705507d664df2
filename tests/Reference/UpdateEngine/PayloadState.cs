using System.Globalization;
using System.Text;

namespace Flatcar.Reference.UpdateEngine;

/// <summary>Which URL of an offer is tried, and when the next attempt may be made; survives restarts.</summary>
internal sealed class PayloadState(Prefs prefs, TimeProvider time, Func<int, TimeSpan> fuzz)
{
    private const string Attempt = "payload-attempt-number", UrlIndex = "current-url-index", UrlFailures = "current-url-failure-count",
        Expiry = "backoff-expiry-time", Signature = "current-response-signature";

    /// <summary>Longest backoff, in days.</summary>
    private const int MaxDays = 16;

    private OmahaOffer? offer;

    /// <summary>How many times a payload has come down whole.</summary>
    public long Attempts => prefs.Number(Attempt) is > 0 and var number ? number : 0;

    public int Index => offer is { } there && prefs.Number(UrlIndex) is >= 0 and var index && index < there.CodeBases.Count ? (int)index : 0;

    /// <summary>What the payload is fetched from now.</summary>
    public string Url => offer is { } there ? there.CodeBases[Index] + there.Name : throw new InvalidOperationException("there is no offer");

    /// <summary>Takes an offer; all is counted anew for one that differs in what it is or where.</summary>
    public void Take(OmahaOffer taken)
    {
        offer = taken;
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"NumURLs = {taken.CodeBases.Count}\n");
        for (var i = 0; i < taken.CodeBases.Count; i++)
            text.Append(CultureInfo.InvariantCulture, $"Url{i} = {taken.CodeBases[i]}{taken.Name}\n");
        text.Append(CultureInfo.InvariantCulture, $"Payload Size = {taken.Size}\nPayload Sha256 Hash = {taken.Sha256}\nIs Delta Payload = {taken.IsDelta}\nMax Failure Count Per Url = {taken.MaxFailuresPerUrl}\nDisable Payload Backoff = {taken.BackoffDisabled}\n");
        if (prefs.Text(Signature) == text.ToString())
            return;
        prefs.Set(Attempt, 0);
        prefs.Set(UrlIndex, 0);
        prefs.Set(UrlFailures, 0);
        prefs.Remove(Expiry);
        prefs.Set(Signature, text.ToString());
    }

    /// <summary>Whether the offer must wait.</summary>
    public bool BacksOff(bool developer)
    {
        if (offer is not { BackoffDisabled: false, IsDelta: false } || developer || prefs.Number(Expiry) is not { } expiry)
            return false;
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        // A clock that was in the future when that was written must not keep updates away for ever.
        return now < expiry && expiry - now <= (MaxDays + 1) * 86400L;
    }

    /// <summary>A payload has come down whole.</summary>
    public void Complete()
    {
        if (offer is { IsDelta: false })
            CountAttempt();
    }

    public void Failed(ErrorCode code)
    {
        if (offer is null)
            return;
        if ((int)code is 10 or 11 or 12 or 17 or 18 or (>= 21 and <= 29) or 32 or 33 or 38 or 39)
        {
            NextUrl();
        }
        else if ((int)code is 1 or 9 or 14 or 20 or 37)
        {
            var failures = (prefs.Number(UrlFailures) ?? 0) + 1;
            if (failures >= offer.MaxFailuresPerUrl)
                NextUrl();
            else
                prefs.Set(UrlFailures, failures);
        }
    }

    private void NextUrl()
    {
        var next = Index + 1;
        if (next >= offer!.CodeBases.Count)
        {
            next = 0;
            CountAttempt();
        }
        prefs.Set(UrlIndex, next);
        prefs.Set(UrlFailures, 0);
    }

    private void CountAttempt()
    {
        var attempts = Attempts + 1;
        prefs.Set(Attempt, attempts);
        if (offer!.BackoffDisabled)
        {
            prefs.Remove(Expiry);
            return;
        }
        prefs.Set(Expiry, (time.GetUtcNow() + Backoff(attempts) + fuzz(12 * 3600)).ToUnixTimeSeconds());
    }

    /// <summary>1, 2, 4, 8, 16, 16, … days after so many attempts.</summary>
    internal static TimeSpan Backoff(long attempts) => TimeSpan.FromDays(attempts is > 0 and < 5 ? 1 << (int)(attempts - 1) : attempts <= 0 ? 0 : MaxDays);
}
