using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Kola.Machines;

namespace Kola.Fake;

/// <summary>Templates of scripted guests, in memory, as long as their platform lives.</summary>
internal sealed class FakeTemplates(FakePlatform platform) : ITemplates
{
    private readonly ConcurrentDictionary<string, (FakeState State, TemplateFacts Facts)> _made = new();
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _making = new();
    private int _held;

    private FakePlatform Platform => platform;

    /// <summary>How many are held.</summary>
    internal int Held => _held;

    public string KeyOf(TemplateSpec spec)
    {
        MachineSpec shape = spec.Machine;
        string all = string.Join('\n', spec.Image.Digest, spec.Ignition, spec.Cards, spec.Preparation, spec.Checks, shape.User, string.Join(',', shape.Disks.Select(d => $"{d.SizeMiB}:{d.Serial}:{d.Bus}")), string.Create(CultureInfo.InvariantCulture, $"{shape.MemoryMiB} {shape.Cpus} {shape.DiskMiB}"));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all)));
    }

    public Task<ITemplate?> FindAsync(string key, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return Task.FromResult<ITemplate?>(_made.TryGetValue(key, out (FakeState State, TemplateFacts Facts) made) ? new Template(this, key, made.State, made.Facts) : null);
    }

    public async Task<ITemplateDraft?> BeginAsync(string key, CancellationToken cancel)
    {
        SemaphoreSlim right = _making.GetOrAdd(key, _ => new SemaphoreSlim(1, 1));
        await right.WaitAsync(cancel);
        if (!_made.ContainsKey(key))
            return new Draft(this, key, right);
        right.Release();
        return null;
    }

    public Task ForgetAsync(string key)
    {
        _made.TryRemove(key, out _);
        return Task.CompletedTask;
    }

    private sealed class Template : ITemplate
    {
        private readonly FakeTemplates _all;
        private readonly FakeState _state;
        private int _letGo;

        internal Template(FakeTemplates all, string key, FakeState state, TemplateFacts facts)
        {
            _all = all;
            _state = state;
            Key = key;
            Facts = facts;
            Interlocked.Increment(ref all._held);
        }

        public string Key { get; }

        public TemplateFacts Facts { get; }

        public Task<IInstance> CloneAsync(InstanceSpec spec, CancellationToken cancel) => _all.Platform.CopyAsync(spec, _state, cancel);

        public ValueTask DisposeAsync()
        {
            if (Interlocked.Exchange(ref _letGo, 1) == 0)
                Interlocked.Decrement(ref _all._held);
            return ValueTask.CompletedTask;
        }
    }

    private sealed class Draft(FakeTemplates all, string key, SemaphoreSlim right) : ITemplateDraft
    {
        private int _over;

        public Task<IInstance> StartAsync(InstanceSpec spec, ITemplate? from, CancellationToken cancel) =>
            from is null ? all.Platform.StartAsync(spec, cancel) : from.CloneAsync(spec, cancel);

        public async Task<ITemplate> FreezeAsync(IInstance instance, TemplateFacts facts, CancellationToken cancel)
        {
            cancel.ThrowIfCancellationRequested();
            var machine = (FakeInstance)instance;
            if (machine.Guest.FreezeFailure is { } failure)
                throw new PlatformException(Signal.Template, failure);
            FakeState state = machine.Freeze();
            await machine.DisposeAsync();
            all._made[key] = (state, facts);
            return new Template(all, key, state, facts);
        }

        public ValueTask DisposeAsync()
        {
            if (Interlocked.Exchange(ref _over, 1) == 0)
                right.Release();
            return ValueTask.CompletedTask;
        }
    }
}
