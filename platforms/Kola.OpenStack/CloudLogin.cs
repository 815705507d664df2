using System.Text.Json.Nodes;

namespace Kola.OpenStack;

/// <summary>Where keystone is, and who logs in there, in the words of clouds.yaml; the <c>OS_*</c> variables are the same words.</summary>
/// <param name="from">Where the words come from, for messages: <c>cloud "lab" of ~/.config/openstack/clouds.yaml</c>.</param>
/// <param name="words">By their names in clouds.yaml: <c>auth_url</c>, <c>username</c>. Empty ones are absent.</param>
internal sealed class CloudLogin(string from, IReadOnlyDictionary<string, string> words)
{
    /// <summary>Where the words come from.</summary>
    internal string From => from;

    /// <summary>Keystone's v3.</summary>
    internal Uri AuthUrl { get; } = Keystone(from, words.GetValueOrDefault("auth_url"));

    /// <summary>Null for the only one.</summary>
    internal string? Region => words.GetValueOrDefault("region_name");

    /// <summary><c>public</c>, <c>internal</c> or <c>admin</c>.</summary>
    internal string Interface { get; } = (words.GetValueOrDefault("interface") ?? words.GetValueOrDefault("endpoint_type") ?? "public").Replace("URL", "", StringComparison.Ordinal);

    /// <summary>File with the certificates of who signed the cloud's; null for the system's.</summary>
    internal string? CertificateFile => words.GetValueOrDefault("cacert");

    /// <summary>The cloud's certificate is not looked at.</summary>
    internal bool Insecure { get; } = IsTrue(words.GetValueOrDefault("insecure")) || words.GetValueOrDefault("verify") is { } verify && !IsTrue(verify);

    /// <summary>What is given to keystone for a token.</summary>
    /// <exception cref="UsageException">Something is missing.</exception>
    internal JsonObject ToRequest()
    {
        string type = words.GetValueOrDefault("auth_type") ?? (words.ContainsKey("application_credential_secret") ? "v3applicationcredential" : words.ContainsKey("token") ? "token" : "password");
        (string method, JsonObject given, bool scoped) = type switch
        {
            "password" or "v3password" => ("password", new JsonObject { ["user"] = User(new JsonObject { ["password"] = Need("password", "OS_PASSWORD") }) }, true),
            "token" or "v3token" => ("token", new JsonObject { ["id"] = Need("token", "OS_TOKEN") }, true),
            "v3applicationcredential" => ("application_credential", Credential(), false),
            _ => throw new UsageException($"openstack: {from} wants to log in by \"{type}\"\n  wanted:  password, token or v3applicationcredential"),
        };
        var auth = new JsonObject { ["identity"] = new JsonObject { ["methods"] = new JsonArray(method), [method] = given } };
        // An application credential is of one project.
        if (scoped)
            auth["scope"] = new JsonObject { ["project"] = Project() };
        return new JsonObject { ["auth"] = auth };
    }

    private JsonObject Credential()
    {
        var credential = new JsonObject { ["secret"] = Need("application_credential_secret", "OS_APPLICATION_CREDENTIAL_SECRET") };
        if (words.GetValueOrDefault("application_credential_id") is { } id)
            credential["id"] = id;
        else
            (credential["name"], credential["user"]) = (Need("application_credential_name", "OS_APPLICATION_CREDENTIAL_ID"), User([]));
        return credential;
    }

    private JsonObject User(JsonObject user)
    {
        if (words.GetValueOrDefault("user_id") is { } id)
            user["id"] = id;
        else
            (user["name"], user["domain"]) = (Need("username", "OS_USERNAME"), Domain("user"));
        return user;
    }

    private JsonObject Project() => (words.GetValueOrDefault("project_id") ?? words.GetValueOrDefault("tenant_id")) is { } id ? new JsonObject { ["id"] = id }
        : new JsonObject { ["name"] = words.GetValueOrDefault("tenant_name") ?? Need("project_name", "OS_PROJECT_NAME"), ["domain"] = Domain("project") };

    private JsonObject Domain(string of) =>
        (words.GetValueOrDefault($"{of}_domain_id") ?? words.GetValueOrDefault("domain_id") ?? words.GetValueOrDefault("default_domain_id")) is { } id ? new JsonObject { ["id"] = id }
        : (words.GetValueOrDefault($"{of}_domain_name") ?? words.GetValueOrDefault("domain_name") ?? words.GetValueOrDefault("default_domain_name")) is { } name ? new JsonObject { ["name"] = name }
        : new JsonObject { ["id"] = words.GetValueOrDefault("default_domain") ?? "default" };

    private string Need(string word, string variable) => words.GetValueOrDefault(word)
        ?? throw new UsageException($"openstack: {from} says no {word}\n  wanted:  {word} below auth in clouds.yaml or secure.yaml, or {variable}\n  got:     none\n  next:    openstack token issue tells the same");

    // http://keystone:5000, http://keystone/identity/v3/, https://keystone:5000/v2.0
    private static Uri Keystone(string from, string? url)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https"))
            throw new UsageException($"openstack: {from} does not say where keystone is\n  wanted:  auth_url, as https://cloud.example:5000/v3\n  got:     {url ?? "none"}\n  next:    --openstack-cloud CLOUD, or source the openrc.sh of your project (OS_AUTH_URL)");
        string text = uri.GetLeftPart(UriPartial.Path).TrimEnd('/');
        string root = text.EndsWith("/v3", StringComparison.Ordinal) ? text[..^3] : text.EndsWith("/v2.0", StringComparison.Ordinal) ? text[..^5] : text;
        return new Uri($"{root}/v3");
    }

    private static bool IsTrue(string? text) => text is not null && (text.Equals("true", StringComparison.OrdinalIgnoreCase) || text is "1" || text.Equals("yes", StringComparison.OrdinalIgnoreCase));
}
