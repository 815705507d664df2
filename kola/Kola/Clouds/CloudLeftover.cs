using Kola.Platforms;

namespace Kola.Clouds;

/// <summary>Something in a cloud that carries kola's tags.</summary>
/// <param name="Kind">As the cloud calls it.</param>
/// <param name="Name">Its id or name.</param>
/// <param name="Tags">Whose it is.</param>
/// <param name="IsShared">Whether it goes with the platform and not with a machine.</param>
/// <param name="Delete">Deletes it and waits until it is gone.</param>
public sealed record CloudLeftover(string Kind, string Name, ResourceTags Tags, bool IsShared, Func<CancellationToken, Task> Delete) : ILeftover
{
    /// <inheritdoc/>
    public Task DeleteAsync(CancellationToken cancel) => Delete(cancel);
}
