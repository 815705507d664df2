using System.Collections.Concurrent;
using System.Net.Sockets;

namespace Kola.Platforms.Tests.Recording;

/// <summary>What is being done to a provider's machines, in the provider's word for it, and what came to nothing.</summary>
internal sealed class GuestWork
{
    private readonly ConcurrentDictionary<string, string> _changing = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, string> _broken = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>How a machine is while something is done to it; null when nothing is.</summary>
    public string? StatusOf(string id) => _changing.GetValueOrDefault(id);

    /// <summary>Why something came to nothing; null when all went well.</summary>
    public string? FaultOf(string id) => _broken.GetValueOrDefault(id);

    /// <summary>Does something to a machine, while whoever asked for it goes on.</summary>
    /// <param name="id">The machine.</param>
    /// <param name="status">How it is meanwhile.</param>
    /// <param name="act">What is done.</param>
    /// <returns>Why it came to nothing; null when it did not.</returns>
    public async Task<string?> DuringAsync(string id, string status, Func<Task> act)
    {
        _changing[id] = status;
        await Task.Yield();
        try
        {
            await act();
            return null;
        }
        catch (Exception fault) when (fault is InvalidOperationException or IOException or OperationCanceledException or SocketException)
        {
            return _broken[id] = fault.Message;
        }
        finally
        {
            _changing.TryRemove(id, out _);
        }
    }
}
