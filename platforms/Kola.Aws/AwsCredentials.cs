using Amazon.Runtime;
using Amazon.Runtime.CredentialManagement;
using Amazon.Runtime.Credentials;
using Kola.Platforms;

namespace Kola.Aws;

/// <summary>Where credentials are: said by the environment, in a profile, or wherever else the SDK looks (a container's or an instance's role).</summary>
internal static class AwsCredentials
{
    private const string Next = "aws configure, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or --aws-profile";

    /// <summary>Finds them. They are not tried yet.</summary>
    /// <exception cref="UsageException">There are none.</exception>
    internal static async Task<AWSCredentials> FindAsync(AwsOptions options, PlatformAccess access, CancellationToken cancel)
    {
        if (access.Environment("AWS_ACCESS_KEY_ID") is { Length: > 0 } id && access.Environment("AWS_SECRET_ACCESS_KEY") is { Length: > 0 } secret)
            return access.Environment("AWS_SESSION_TOKEN") is { Length: > 0 } token ? new SessionAWSCredentials(id, secret, token) : new BasicAWSCredentials(id, secret);
        if (options.Profile is { } profile)
        {
            return Profiles(access).TryGetAWSCredentials(profile, out AWSCredentials found) ? found
                : throw new UsageException($"aws: there are no credentials of profile \"{profile}\"\n  wanted:  a profile in ~/.aws/credentials or ~/.aws/config\n  next:    {Next}");
        }

        try
        {
            using var resolver = new DefaultAWSCredentialsIdentityResolver();
            return await resolver.ResolveIdentityAsync(null, cancel);
        }
        catch (AmazonClientException none)
        {
            throw new UsageException($"aws: there are no credentials\n  wanted:  an access key, a profile, or a role of this host\n  got:     none\n  next:    {Next}", none);
        }
    }

    /// <summary>Region a profile names; null when it names none, or there is no such profile.</summary>
    /// <param name="profile">Its name; null for the default one.</param>
    /// <param name="access">Says where profiles are.</param>
    internal static string? RegionOf(string? profile, PlatformAccess access) =>
        Profiles(access).TryGetProfile(profile ?? "default", out CredentialProfile found) ? found.Region?.SystemName : null;

    private static CredentialProfileStoreChain Profiles(PlatformAccess access) => new(access.Environment("AWS_SHARED_CREDENTIALS_FILE"));
}
