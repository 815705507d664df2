using Amazon;
using Amazon.EC2;
using Amazon.EC2.Model;
using Amazon.Runtime;
using Amazon.SecurityToken;
using Kola.Platforms;

namespace Kola.Aws;

/// <summary>The clients of one region, with credentials.</summary>
internal sealed class AwsConnection : IDisposable
{
    private static readonly TimeSpan s_requestLimit = TimeSpan.FromSeconds(60);

    private AwsConnection(AwsOptions options, AWSCredentials credentials, AwsCalls calls)
    {
        Options = options;
        Calls = calls;
        Ec2 = new AmazonEC2Client(credentials, Configured(new AmazonEC2Config(), options));
        Sts = new AmazonSecurityTokenServiceClient(credentials, Configured(new AmazonSecurityTokenServiceConfig(), options));
        Ebs = new EbsDirect(options, credentials, Ec2.Config, calls.Clock);
    }

    /// <summary>How it was opened.</summary>
    internal AwsOptions Options { get; }

    /// <summary>How calls are made, until machines are started.</summary>
    internal AwsCalls Calls { get; }

    /// <summary>Machines and all they need.</summary>
    internal AmazonEC2Client Ec2 { get; }

    /// <summary>The contents of snapshots.</summary>
    internal EbsDirect Ebs { get; }

    private AmazonSecurityTokenServiceClient Sts { get; }

    /// <summary>Finds credentials and asks whose they are.</summary>
    /// <exception cref="UsageException">There are none, or they are refused.</exception>
    /// <exception cref="PlatformException">The endpoint does not answer.</exception>
    internal static async Task<AwsConnection> OpenAsync(AwsOptions options, PlatformAccess access, CancellationToken cancel)
    {
        var connection = new AwsConnection(options, await AwsCredentials.FindAsync(options, access, cancel), new AwsCalls(access.Clock, opening: true));
        try
        {
            await connection.Calls.RunAsync("log in", Signal.Host, c => connection.Sts.GetCallerIdentityAsync(new Amazon.SecurityToken.Model.GetCallerIdentityRequest(), c), cancel);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>The tags of a resource of a kind, for its creation: nothing is ever there without them.</summary>
    internal static TagSpecification TagsOf(ResourceType type, ResourceTags tags, params (string Key, string Value)[] more) =>
        new() { ResourceType = type, Tags = TagsOf(tags, more) };

    /// <summary>Tags as EC2 takes them.</summary>
    internal static List<Tag> TagsOf(ResourceTags tags, params (string Key, string Value)[] more) =>
        [.. tags.ToPairs().Select(p => new Tag(p.Key, p.Value)), .. more.Select(m => new Tag(m.Key, m.Value))];

    /// <summary>Whose something is; null when it is not kola's.</summary>
    internal static ResourceTags? TagsIn(IEnumerable<Tag>? tags) =>
        ResourceTags.Of((tags ?? []).GroupBy(t => t.Key).ToDictionary(g => g.Key, g => g.First().Value));

    /// <inheritdoc/>
    public void Dispose()
    {
        Ec2.Dispose();
        Sts.Dispose();
        Ebs.Dispose();
    }

    private static T Configured<T>(T config, AwsOptions options)
        where T : ClientConfig
    {
        if (options.ServiceUrl is { } url)
        {
            config.ServiceURL = url.ToString();
            config.AuthenticationRegion = options.Region;
        }
        else
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(options.Region);
        }

        config.RetryMode = RequestRetryMode.Adaptive;
        // Few: no capacity is an error of the server's to the SDK, and another zone is to be asked soon. AwsCalls goes on where throttling lasts.
        config.MaxErrorRetry = 2;
        config.Timeout = s_requestLimit;
        return config;
    }
}
