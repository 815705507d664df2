using System.Text.RegularExpressions;

namespace Kola;

/// <summary>A shape that only secrets have. The part named <c>secret</c> is what is masked; what stands around it says what it was for, and stays.</summary>
/// <param name="Kind">What it is: <c>github token</c>.</param>
/// <param name="Signs">Texts of which one is in everything the pattern can match, whatever their case: looked for first, since that is cheap.</param>
/// <param name="Shape">The pattern.</param>
internal sealed partial record SecretPattern(string Kind, string[] Signs, Regex Shape)
{
    internal static IReadOnlyList<SecretPattern> All { get; } =
    [
        new("private key", ["PRIVATE KEY-----"], PrivateKey()),
        new("aws access key id", ["AKIA", "ASIA"], AwsKeyId()),
        new("aws secret key", ["aws_secret_access_key", "aws_session_token", "SecretAccessKey"], AwsSecret()),
        new("github token", ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"], GitHubToken()),
        new("bearer token", ["Bearer "], Bearer()),
        new("credentials", ["Authorization: Basic "], Basic()),
        new("web token", ["eyJ"], WebToken()),
        new("password hash", ["$6$", "$5$", "$1$", "$y$", "$gy$", "$2a$", "$2b$", "$2y$", "$7$", "$argon2"], PasswordHash()),
        new("password", ["password", "passphrase", "passwd="], Password()),
        new("password", ["://"], UrlPassword()),
    ];

    /// <summary>Whether a variable of that name holds a secret.</summary>
    internal static bool IsSecretName(string name) => SecretName().IsMatch(name);

    internal string Mask(string text) => Signs.Any(sign => text.Contains(sign, StringComparison.OrdinalIgnoreCase))
        ? Shape.Replace(text, Masked)
        : text;

    // As many lines as there were.
    private string Masked(Match match)
    {
        Group secret = match.Groups["secret"];
        int from = secret.Index - match.Index;
        return match.Value[..from] + string.Join('\n', secret.Value.Split('\n').Select(_ => Masking.Mark(Kind))) + match.Value[(from + secret.Length)..];
    }

    // Also one whose end is missing: the rest of the text, as long as it looks like one. \n may be the two characters of a string in JSON.
    // -----BEGIN OPENSSH PRIVATE KEY----- b3BlbnNzaC1rZXktdjEAAAAA -----END OPENSSH PRIVATE KEY-----
    [GeneratedRegex(@"(?<secret>-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----(?:(?:\s|\\n|\\r)+(?:[A-Za-z0-9+/=]{16,}|(?:Proc-Type|DEK-Info): [^\n]*))*(?:(?:(?:\s|\\n|\\r)+[A-Za-z0-9+/=]+)?(?:\s|\\n|\\r)*-----END (?:[A-Z0-9]+ )*PRIVATE KEY-----)?)")]
    internal static partial Regex PrivateKey();

    // AKIAIOSFODNN7EXAMPLE
    [GeneratedRegex(@"\b(?<secret>(?:AKIA|ASIA)[0-9A-Z]{16})\b")]
    internal static partial Regex AwsKeyId();

    // aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
    [GeneratedRegex("""(?:aws_secret_access_key|aws_session_token|SecretAccessKey)["']?\s*[=:]\s*["']?(?<secret>[A-Za-z0-9/+=]{16,})""", RegexOptions.IgnoreCase)]
    internal static partial Regex AwsSecret();

    // ghp_0123456789abcdefghijABCDEFGHIJ012345
    [GeneratedRegex(@"\b(?<secret>gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,})\b")]
    internal static partial Regex GitHubToken();

    // Authorization: Bearer 0123456789abcdef.xyz
    [GeneratedRegex(@"\bBearer (?<secret>[A-Za-z0-9._~+/-]{16,}=*)", RegexOptions.IgnoreCase)]
    internal static partial Regex Bearer();

    // Authorization: Basic YWxhZGRpbjpvcGVuc2VzYW1l
    [GeneratedRegex(@"Authorization: Basic (?<secret>[A-Za-z0-9+/]{8,}=*)", RegexOptions.IgnoreCase)]
    internal static partial Regex Basic();

    // eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N
    [GeneratedRegex(@"\b(?<secret>eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,})")]
    internal static partial Regex WebToken();

    // core:$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/:20000:0:99999:7:::
    [GeneratedRegex(@"(?<secret>\$(?:[1567]|2[aby]|y|gy|argon2id?)\$[A-Za-z0-9./$,=+-]{20,})")]
    internal static partial Regex PasswordHash();

    // A name in front of it (luks.password=), quotes as in JSON ("password": "…"). What is a variable ($PASSWORD) or masked already is no password.
    // mount -t cifs -o username=core,password=correct-horse //host/share
    [GeneratedRegex("""(?:password|passphrase|passwd)(?:["']?=["']?|["']\s*:\s*["'])(?<secret>(?!\[masked: )[^\s"',;&$<>(){}\[\]*][^\s"',;&]{2,})""", RegexOptions.IgnoreCase)]
    internal static partial Regex Password();

    // https://core:correct-horse@registry.example.org/v2/
    [GeneratedRegex(@"\b[a-z][a-z0-9+.-]*://[^\s/:@""'<>]*:(?<secret>(?!\[masked: )[^\s/@""'<>]+)@", RegexOptions.IgnoreCase)]
    internal static partial Regex UrlPassword();

    // REGISTRY_PASSWORD
    [GeneratedRegex("(?:^|_)(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|KEY|APIKEY|CREDENTIALS)$|SECRET|PASSWORD|^AWS_(?!.*(?:REGION|PROFILE|OUTPUT|FILE|ENDPOINT|PAGER|STS|MODE|RETR|URI|URL|CA_BUNDLE|EXECUTION_ENV|ROLE|ACCOUNT|EC2))", RegexOptions.IgnoreCase)]
    internal static partial Regex SecretName();
}
