using Kola.Platforms;
using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace Kola.OpenStack;

/// <summary>Finds out who logs in where, as all programs of OpenStack do: a cloud of clouds.yaml by its name, else the variables of an openrc.sh.</summary>
internal static class CloudsFile
{
    private static readonly string[] s_variables =
    [
        "auth_url", "auth_type", "username", "user_id", "password", "project_name", "project_id", "tenant_name", "tenant_id", "user_domain_name", "user_domain_id", "project_domain_name", "project_domain_id",
        "domain_name", "domain_id", "default_domain", "default_domain_name", "default_domain_id", "application_credential_id", "application_credential_name", "application_credential_secret", "token",
        "region_name", "interface", "endpoint_type", "cacert", "insecure",
    ];

    /// <summary>Reads files and variables.</summary>
    /// <param name="options">Names a cloud, or none.</param>
    /// <param name="access">Has the variables.</param>
    /// <param name="directory">The working directory.</param>
    /// <exception cref="UsageException">There is no such cloud, nothing that says where to log in, or a file cannot be read.</exception>
    internal static CloudLogin Find(OpenStackOptions options, PlatformAccess access, string directory)
    {
        string? name = options.Cloud ?? Variable(access, "OS_CLOUD");
        if (name is null && Variable(access, "OS_AUTH_URL") is not null)
            return new CloudLogin("the environment (OS_*)", WithRegion(Variables(access), options));

        string? file = Paths(access, directory, "OS_CLIENT_CONFIG_FILE", "clouds").FirstOrDefault(File.Exists);
        if (file is null)
            throw new UsageException($"openstack: nobody said which cloud\n  wanted:  clouds.yaml in this directory, ~/.config/openstack or /etc/openstack, or OS_AUTH_URL and its like\n  got:     none\n  next:    source the openrc.sh of your project, or download clouds.yaml from its dashboard");
        Dictionary<string, Dictionary<string, string>> clouds = Read(file);
        name ??= clouds.Count == 1 ? clouds.Keys.Single() : throw Unknown("openstack: nobody said which cloud", file, clouds);
        if (!clouds.TryGetValue(name, out Dictionary<string, string>? words))
            throw Unknown($"openstack: there is no cloud \"{name}\"", file, clouds);
        if (Paths(access, directory, "OS_CLIENT_SECURE_FILE", "secure").FirstOrDefault(File.Exists) is { } secrets && Read(secrets).GetValueOrDefault(name) is { } more)
        {
            foreach ((string word, string value) in more)
                words[word] = value;
        }

        return new CloudLogin($"cloud \"{name}\" of {file}", WithRegion(words, options));
    }

    private static Dictionary<string, string> Variables(PlatformAccess access)
    {
        var words = new Dictionary<string, string>();
        foreach (string word in s_variables)
        {
            if (Variable(access, $"OS_{word.ToUpperInvariant()}") is { } value)
                words[word] = value;
        }

        if (Variable(access, "OS_AUTH_TOKEN") is { } token)
            words.TryAdd("token", token);
        return words;
    }

    private static Dictionary<string, string> WithRegion(Dictionary<string, string> words, OpenStackOptions options)
    {
        if (options.Region is { } region)
            words["region_name"] = region;
        return words;
    }

    private static IEnumerable<string> Paths(PlatformAccess access, string directory, string variable, string name)
    {
        if (Variable(access, variable) is { } said)
            yield return said;
        string config = Variable(access, "XDG_CONFIG_HOME") ?? Path.Combine(Variable(access, "HOME") ?? "/", ".config");
        foreach (string place in (string[])[directory, Path.Combine(config, "openstack"), "/etc/openstack"])
        {
            yield return Path.Combine(place, $"{name}.yaml");
            yield return Path.Combine(place, $"{name}.yml");
        }
    }

    // clouds: { lab: { auth: { auth_url: …, username: … }, region_name: … } }
    private static Dictionary<string, Dictionary<string, string>> Read(string file)
    {
        try
        {
            var root = new DeserializerBuilder().Build().Deserialize<Dictionary<string, object?>?>(File.ReadAllText(file));
            return Map(root?.GetValueOrDefault("clouds")).ToDictionary(c => c.Key, c => Words(c.Value));
        }
        catch (Exception fault) when (fault is YamlException or IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"openstack: {file} cannot be read\n  got:     {fault.Message}", fault);
        }
    }

    private static Dictionary<string, string> Words(object? cloud)
    {
        var words = new Dictionary<string, string>();
        foreach ((string word, object? value) in Map(cloud))
        {
            foreach ((string inner, object? text) in word == "auth" ? Map(value) : [new(word, value)])
            {
                if (text is string { Length: > 0 } plain)
                    words[inner] = plain;
            }
        }

        return words;
    }

    private static IEnumerable<KeyValuePair<string, object?>> Map(object? node) =>
        (node as IDictionary<object, object?> ?? new Dictionary<object, object?>()).Select(p => new KeyValuePair<string, object?>(p.Key.ToString()!, p.Value));

    private static string? Variable(PlatformAccess access, string name) => access.Environment(name) is { Length: > 0 } value ? value : null;

    private static UsageException Unknown(string what, string file, Dictionary<string, Dictionary<string, string>> clouds) =>
        new($"{what}\n  wanted:  one of {string.Join(", ", clouds.Keys.Order())}\n  next:    --openstack-cloud CLOUD; they are in {file}");
}
