using Kola.Machines;
using Kola.Qemu;

namespace Kola.Platforms.Tests;

/// <summary>Freezing and copying, tried with a guest of one sector: no guest program, no SSH, and a second a boot.</summary>
public sealed class QemuTemplateTests
{
    private static readonly TimeSpan s_boot = TimeSpan.FromSeconds(120);
    internal static readonly TemplateFacts Facts = new()
    {
        PublicKey = "k",
        Mac = "52:54:00:00:00:01",
        BootId = "b",
        Version = "1",
        MadeAt = DateTimeOffset.UnixEpoch,
        ReadySeconds = 1,
    };

    private readonly QemuBackend _backend = new();
    private Scratch _scratch = null!;
    private QemuPlatform _platform = null!;
    private Image _image = null!;

    [SetUp]
    public async Task HaveQemu()
    {
        if (_backend.WhyNot is { } reason)
            Assert.Ignore(reason);
        _scratch = new Scratch();
        _platform = (QemuPlatform)await _backend.CreateAsync(_scratch);
        _image = _backend.Image(_scratch, powersOff: false);
    }

    [TearDown]
    public async Task CleanUp()
    {
        if (_platform is not null)
            await _platform.DisposeAsync();
        _scratch?.Dispose();
    }

    [Test]
    public async Task Copies_go_on_where_their_template_stopped_and_do_not_disturb_each_other()
    {
        await using ITemplate template = await MakeAsync("a");
        await using IInstance first = await template.CloneAsync(Spec("first"), CancellationToken.None);
        await using IInstance second = await template.CloneAsync(Spec("second"), CancellationToken.None);

        Assert.That(Console(first), Does.Contain("kola boot 1"), "its template's boot is its own");
        await first.ResetAsync(CancellationToken.None);
        await SaysAsync(first, "kola boot 2");
        await first.PowerCycleAsync(CancellationToken.None);
        await Soon.HoldsAsync(() => Console(first).Split("kola boot").Length == 4, () => Console(first), s_boot);
        Assert.That(Console(second), Does.Not.Contain("kola boot 2"));
        await second.ResetAsync(CancellationToken.None);
        await SaysAsync(second, "kola boot 2");
        Assert.That(second.Address, Is.Not.EqualTo(first.Address));
    }

    [Test]
    public async Task A_template_outlives_the_platform_that_made_it()
    {
        await using (ITemplate _ = await MakeAsync("a"))
        {
        }

        await _platform.DisposeAsync();
        _platform = (QemuPlatform)await _backend.CreateAsync(_scratch);
        await using ITemplate? found = await _platform.Templates!.FindAsync(Key("a"), CancellationToken.None);
        Assert.That(found, Is.Not.Null);
        await using IInstance copy = await found!.CloneAsync(Spec("copy"), CancellationToken.None);
        Assert.That(copy.Exited.IsCompleted, Is.False);
    }

    [Test]
    public async Task A_template_can_go_on_from_another_and_does_not_lean_on_it()
    {
        await using (ITemplate below = await MakeAsync("a"))
        await using (ITemplateDraft draft = (await _platform.Templates!.BeginAsync(Key("b"), CancellationToken.None))!)
        {
            await using IInstance machine = await draft.StartAsync(Spec("b"), below, CancellationToken.None);
            await machine.ResetAsync(CancellationToken.None);
            await SaysAsync(machine, "kola boot 2");
            await (await draft.FreezeAsync(machine, Facts, CancellationToken.None)).DisposeAsync();
        }

        Directory.Delete(Path.Combine(_scratch.File("cache"), "templates", Key("a")), recursive: true);
        await using ITemplate deeper = (await _platform.Templates!.FindAsync(Key("b"), CancellationToken.None))!;
        await using IInstance copy = await deeper.CloneAsync(Spec("copy"), CancellationToken.None);
        await copy.ResetAsync(CancellationToken.None);
        await SaysAsync(copy, "kola boot 3");
    }

    [Test]
    public async Task The_memory_of_every_numa_node_is_part_of_a_template()
    {
        MachineSpec shape = Spec("a").Machine with { Cpus = 2, NumaNodes = 2 };
        foreach (string name in new[] { "a", "b" })
        {
            await using ITemplate? below = name == "b" ? await _platform.Templates!.FindAsync(Key("a"), CancellationToken.None) : null;
            await using ITemplateDraft draft = (await _platform.Templates!.BeginAsync(Key(name), CancellationToken.None))!;
            await using IInstance machine = await draft.StartAsync(Spec(name) with { Machine = shape }, below, CancellationToken.None);
            await SaysAsync(machine, "kola boot 1");
            await (await draft.FreezeAsync(machine, Facts, CancellationToken.None)).DisposeAsync();
            string[] files = Directory.GetFiles(Path.Combine(_scratch.File("cache"), "templates", Key(name)), "memory*");
            Assert.That(files.Select(Path.GetFileName).Order(), Is.EqualTo(new[] { "memory-0", "memory-1" }));
        }

        await using ITemplate deeper = (await _platform.Templates!.FindAsync(Key("b"), CancellationToken.None))!;
        await using IInstance copy = await deeper.CloneAsync(Spec("copy") with { Machine = shape }, CancellationToken.None);
        await copy.ResetAsync(CancellationToken.None);
        await SaysAsync(copy, "kola boot 2");
        await copy.PowerCycleAsync(CancellationToken.None);
        await Soon.HoldsAsync(() => Console(copy).Split("kola boot").Length == 4, () => Console(copy), s_boot);
    }

    [Test]
    public async Task A_draft_that_is_given_up_leaves_nothing()
    {
        await using (ITemplateDraft draft = (await _platform.Templates!.BeginAsync(Key("a"), CancellationToken.None))!)
        await using (IInstance machine = await draft.StartAsync(Spec("a"), null, CancellationToken.None))
            await SaysAsync(machine, "kola boot 1");
        Assert.That(Directory.GetDirectories(Path.Combine(_scratch.File("cache"), "templates")), Is.Empty);
        Assert.That(await _platform.Templates.FindAsync(Key("a"), CancellationToken.None), Is.Null);
    }

    [Test]
    public async Task A_qemu_that_is_killed_while_it_is_frozen_leaves_no_template()
    {
        await using (ITemplateDraft draft = (await _platform.Templates!.BeginAsync(Key("a"), CancellationToken.None))!)
        {
            await using IInstance machine = await draft.StartAsync(Spec("a"), null, CancellationToken.None);
            await SaysAsync(machine, "kola boot 1");
            _backend.Kill(machine);
            await Assert.ThrowsAsync<PlatformException>(() => draft.FreezeAsync(machine, Facts, CancellationToken.None));
        }

        Assert.That(Directory.GetDirectories(Path.Combine(_scratch.File("cache"), "templates")), Is.Empty);
        await using ITemplate again = await MakeAsync("a");
    }

    [Test]
    public async Task A_state_that_is_damaged_is_not_trusted_twice()
    {
        await using (ITemplate template = await MakeAsync("a"))
        {
            string state = Path.Combine(_scratch.File("cache"), "templates", Key("a"), "state");
            byte[] bytes = await File.ReadAllBytesAsync(state);
            Array.Fill(bytes, (byte)0x5A, bytes.Length / 2, 4096);
            Array.Clear(bytes, 0, 8);
            await File.WriteAllBytesAsync(state, bytes);
            PlatformException problem = (await Assert.ThrowsAsync<PlatformException>(() => template.CloneAsync(Spec("copy"), CancellationToken.None)))!;
            Assert.That(problem.Message, Does.Contain("will be made anew"));
        }

        Assert.That(await _platform.Templates!.FindAsync(Key("a"), CancellationToken.None), Is.Null);
        await using ITemplate again = await MakeAsync("a");
        await using IInstance copy = await again.CloneAsync(Spec("copy2"), CancellationToken.None);
    }

    [Test]
    public void The_key_is_of_all_that_a_copy_depends_on_and_of_nothing_else()
    {
        TemplateSpec spec = Template("{}");
        string Of(TemplateSpec other) => _platform.Templates!.KeyOf(other);
        MachineSpec machine = spec.Machine;
        Assert.Multiple(() =>
        {
            Assert.That(Of(spec), Is.EqualTo(Of(spec with { Machine = machine with { Name = "other" } })));
            Assert.That(Of(spec), Has.Length.EqualTo(64));
        });
        TemplateSpec[] others =
        [
            spec with { Machine = machine with { MemoryMiB = 512 } },
            spec with { Machine = machine with { Cpus = 2 } },
            spec with { Machine = machine with { Cpus = 2, NumaNodes = 2 } },
            spec with { Machine = machine with { DiskMiB = 4096 } },
            spec with { Machine = machine with { Disks = [new ExtraDisk(64, "data")] } },
            spec with { Machine = machine with { Disks = [new ExtraDisk(65, "data")] } },
            spec with { Machine = machine with { User = "somebody" } },
            spec with { Image = spec.Image with { Digest = "sha256:1" } },
            spec with { Ignition = "{ }" },
            spec with { Cards = 1 },
            spec with { Preparation = "docker@1" },
        ];
        Assert.That(others.Select(Of).Append(Of(spec)), Is.Unique);
    }

    private async Task<ITemplate> MakeAsync(string name)
    {
        await using ITemplateDraft draft = (await _platform.Templates!.BeginAsync(Key(name), CancellationToken.None))!;
        await using IInstance machine = await draft.StartAsync(Spec("make"), null, CancellationToken.None);
        await SaysAsync(machine, "kola boot 1");
        return await draft.FreezeAsync(machine, Facts, CancellationToken.None);
    }

    private string Key(string name) => _platform.Templates!.KeyOf(Template(name));

    private TemplateSpec Template(string config) => new() { Machine = new MachineSpec { Name = "machine", MemoryMiB = 256 }, Image = _image, Ignition = config };

    private InstanceSpec Spec(string name) => new()
    {
        Id = $"test/{name}",
        Machine = new MachineSpec { Name = "machine", MemoryMiB = 256 },
        Image = _image,
        Directory = _scratch.New(name),
    };

    private static Task SaysAsync(IInstance machine, string words) =>
        Soon.HoldsAsync(() => Console(machine).Contains(words, StringComparison.Ordinal), () => $"\"{words}\" on the console:\n{Console(machine)}", s_boot);

    private static string Console(IInstance machine) => File.ReadAllText(machine.ConsoleFile!);
}
