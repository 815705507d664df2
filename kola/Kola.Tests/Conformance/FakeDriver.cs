using Kola.Fake;
using Kola.Machines;
using Kola.Platforms;

namespace Kola.Tests.Conformance;

/// <summary>The platform without machines, as an endpoint that keeps what it made until somebody deletes it.</summary>
internal sealed class FakeDriver(FakePlatform platform) : IPlatformDriver
{
    /// <summary>What is there beside machines: more than was disposed of, say.</summary>
    internal List<ILeftover> Others { get; } = [];

    /// <summary>Whether machines are listed at all.</summary>
    internal bool Lists { get; init; } = true;

    public string Name => "fake";

    public string Summary => "machines that are scripts";

    public IReadOnlyList<PlatformOption> Options { get; } =
    [
        new() { Name = "fake-word", Description = "A word.", Choices = ["one", "two"] },
        new() { Name = "fake-many", Description = "As many as you like.", Repeatable = true },
    ];

    public IReadOnlySet<Feature> Features => platform.Features;

    public PlatformLimits Limits => platform.Limits;

    public Task<Image?> FindImageAsync(PlatformAccess access, CancellationToken cancel) => Task.FromResult<Image?>(null);

    public Task<IPlatform> OpenAsync(PlatformRequest request, CancellationToken cancel) => Task.FromResult<IPlatform>(platform);

    public Task<IReadOnlyList<ILeftover>> FindLeftoversAsync(PlatformAccess access, CancellationToken cancel) =>
        Task.FromResult<IReadOnlyList<ILeftover>>([.. Lists ? platform.Instances.Select(i => new Left("machine", i.Id, () => i.End(new InstanceExit(PlatformFault: !KeepsQuiet, "deleted")))) : [], .. Others]);

    /// <summary>A machine that is deleted says that it powered off.</summary>
    internal bool KeepsQuiet { get; init; }
}

/// <summary>Something on an endpoint.</summary>
internal sealed class Left(string kind, string name, Action? delete = null) : ILeftover
{
    internal static readonly ResourceTags Ours = new() { Run = "run-1", Owner = "tests", Expires = new DateTimeOffset(2026, 11, 29, 0, 0, 0, TimeSpan.Zero) };

    public string Kind => kind;

    public string Name => name;

    public ResourceTags Tags { get; init; } = Ours;

    public bool IsShared { get; init; }

    internal bool IsGone { get; private set; }

    /// <summary>How often it still refuses to go.</summary>
    internal int Refusals { get; set; }

    /// <summary>What a refusal is; by default the place's.</summary>
    internal Func<Exception> Refusal { get; init; } = () => new PlatformException(Signal.Host, $"{name} is in use");

    public Task DeleteAsync(CancellationToken cancel)
    {
        if (Refusals-- > 0)
            throw Refusal();
        IsGone = true;
        delete?.Invoke();
        return Task.CompletedTask;
    }
}
