using Kola.Platforms;

namespace Kola.Aws;

/// <summary>Something in a region that carries kola's tags.</summary>
/// <param name="Kind">As EC2 calls it.</param>
/// <param name="Name">Its id.</param>
/// <param name="Tags">Whose it is.</param>
/// <param name="Delete">Deletes it.</param>
internal sealed record AwsLeftover(string Kind, string Name, ResourceTags Tags, Func<CancellationToken, Task> Delete) : ILeftover
{
    /// <inheritdoc/>
    public bool IsShared => Kind is "image" or "snapshot" or "security group" or "key pair";

    /// <inheritdoc/>
    public Task DeleteAsync(CancellationToken cancel) => Delete(cancel);
}
