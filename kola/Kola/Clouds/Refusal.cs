namespace Kola.Clouds;

/// <summary>Why a cloud does not do what it was asked for.</summary>
public enum RefusalKind
{
    /// <summary>None of the others.</summary>
    Other,

    /// <summary>What was asked for is not there.</summary>
    NotFound,

    /// <summary>It is not in a state for that: used by something else, or there already.</summary>
    Conflict,

    /// <summary>The account has no more of it.</summary>
    Quota,

    /// <summary>The place has no more of it; another zone may.</summary>
    NoCapacity,

    /// <summary>It was asked too often.</summary>
    Throttled,

    /// <summary>The credentials are wrong, or may not do that.</summary>
    Credentials,

    /// <summary>Nothing that can be read was answered.</summary>
    Silence,
}

/// <summary>What a cloud said when it refused.</summary>
/// <param name="Kind">What it comes to.</param>
/// <param name="Code">The cloud's own word for it: <c>OverQuota</c>, <c>ZONE_RESOURCE_POOL_EXHAUSTED</c>, or the number of the HTTP status.</param>
/// <param name="Text">Its message for people, one line.</param>
public sealed record Refusal(RefusalKind Kind, string Code, string Text)
{
    private const int Longest = 400;

    /// <summary>The refusal behind a fault; null when there is none.</summary>
    public static Refusal? Of(Exception? fault)
    {
        while (fault is not null and not RefusedException)
            fault = fault.InnerException;
        return (fault as RefusedException)?.Refusal;
    }

    /// <summary>Whether a fault comes to that.</summary>
    public static bool Is(Exception fault, RefusalKind kind) => Of(fault)?.Kind == kind;

    /// <summary>Code and text, as long as a line may be.</summary>
    public override string ToString()
    {
        string text = Text.ReplaceLineEndings(" ").Trim();
        return $"{Code}: {(text.Length > Longest ? text[..Longest] + "…" : text)}";
    }
}

/// <summary>Carries a refusal behind a message for people.</summary>
/// <param name="refusal">What the cloud said.</param>
/// <param name="cause">Null for none.</param>
public sealed class RefusedException(Refusal refusal, Exception? cause = null) : Exception(refusal.ToString(), cause)
{
    /// <summary>What the cloud said.</summary>
    public Refusal Refusal => refusal;
}
