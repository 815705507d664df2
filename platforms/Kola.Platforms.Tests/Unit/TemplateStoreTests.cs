using Kola.Machines;
using Kola.Qemu;
using Microsoft.Extensions.Time.Testing;

namespace Kola.Platforms.Tests.Unit;

/// <summary>Templates on disk, with files of a few KiB in the place of machines.</summary>
[Category("unit")]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class TemplateStoreTests : IDisposable
{
    private const int MemoryBytes = 64 * 1024;

    private static readonly string s_key = KeyOf('a');

    private readonly Scratch _scratch = new();

    private string Root => _scratch.File("templates");

    public void Dispose() => _scratch.Dispose();

    [Test]
    public async Task What_was_begun_and_published_is_found_and_counts_as_used()
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));
        TemplateStore store = Store(clock: clock);
        Assert.That(await store.FindAsync(s_key, CancellationToken.None), Is.Null);

        await MakeAsync(store, s_key);

        clock.Advance(TimeSpan.FromHours(1));
        (FileStream held, TemplateManifest manifest) = (await store.FindAsync(s_key, CancellationToken.None))!.Value;
        await using (held)
            Assert.That(manifest.Key, Is.EqualTo(s_key));
        StoredTemplate listed = (await store.ListAsync(CancellationToken.None)).Single();
        Assert.That((listed.Key, listed.Used, listed.Manifest is not null), Is.EqualTo((s_key, clock.GetUtcNow().UtcDateTime, true)));
        Assert.That(listed.Bytes, Is.InRange(MemoryBytes, 2 * MemoryBytes));
        Assert.That(Directory.Exists(store.DraftOf(s_key)), Is.False);
    }

    [Test]
    public async Task Who_begins_second_waits_for_the_first_and_then_has_nothing_to_make()
    {
        TemplateStore store = Store();
        await using FileStream first = (await store.BeginAsync(s_key, CancellationToken.None))!;
        Task<FileStream?> second = Store().BeginAsync(s_key, CancellationToken.None);
        Assert.That(second.IsCompleted, Is.False);

        WriteDraft(store, s_key);
        await store.PublishAsync(s_key, CancellationToken.None);
        Assert.That(second.IsCompleted, Is.False, "the first still holds it");

        await first.DisposeAsync();
        Assert.That(await second, Is.Null);
    }

    [Test]
    public async Task Who_begins_second_makes_it_when_the_first_gave_up()
    {
        TemplateStore store = Store();
        FileStream first = (await store.BeginAsync(s_key, CancellationToken.None))!;
        Task<FileStream?> second = store.BeginAsync(s_key, CancellationToken.None);
        await first.DisposeAsync();
        await using FileStream? right = await second;
        Assert.That(right, Is.Not.Null);
    }

    [Test]
    public async Task Waiting_for_a_maker_can_be_called_off()
    {
        TemplateStore store = Store();
        await using FileStream first = (await store.BeginAsync(s_key, CancellationToken.None))!;
        using var cancel = new CancellationTokenSource();
        Task<FileStream?> second = store.BeginAsync(s_key, cancel.Token);
        await cancel.CancelAsync();
        Assert.That(() => second, Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task Who_only_looks_whether_it_may_be_removed_does_not_make_it_vanish_for_others()
    {
        TemplateStore store = Store();
        await MakeAsync(store, s_key);
        Task<(FileStream Lock, TemplateManifest Manifest)?> finding;
        await using (new FileStream(Path.Combine(Root, s_key + ".lock"), FileMode.Open, FileAccess.ReadWrite, FileShare.None))
            finding = store.FindAsync(s_key, CancellationToken.None);
        (FileStream Lock, TemplateManifest Manifest)? found = await finding;
        Assert.That(found, Is.Not.Null);
        await found.Value.Lock.DisposeAsync();
    }

    [Test]
    public async Task What_a_killed_maker_left_is_no_template_and_is_made_anew()
    {
        TemplateStore store = Store();
        await using (await ChildOfTest.StartAsync("templates.begin", Root))
        {
        }

        Assert.That(File.Exists(Path.Combine(store.DraftOf(s_key), TemplateFiles.Memory)), "it was killed in the middle");
        Assert.That(await store.FindAsync(s_key, CancellationToken.None), Is.Null);

        await using FileStream? right = await store.BeginAsync(s_key, CancellationToken.None);

        Assert.That(right, Is.Not.Null);
        Assert.That(Directory.GetFileSystemEntries(store.DraftOf(s_key)), Is.Empty, "nothing of the dead one's");
    }

    [Test]
    public async Task What_another_process_made_is_found_and_what_it_holds_is_not_removed()
    {
        TemplateStore store = Store();
        await using (await ChildOfTest.StartAsync("templates.hold", Root))
        {
            (FileStream Lock, TemplateManifest Manifest)? found = await store.FindAsync(s_key, CancellationToken.None);
            Assert.That(found, Is.Not.Null);
            await found.Value.Lock.DisposeAsync();
            Assert.That(store.IsInUse(s_key), Is.True);
            Assert.That(await store.PruneAsync(new TemplatePruning { Limit = 0 }, CancellationToken.None), Is.Empty);
            Assert.That(await store.BeginAsync(s_key, CancellationToken.None), Is.Null);
        }

        Assert.That(store.IsInUse(s_key), Is.False, "a lock ends with its process");
        Assert.That(await store.PruneAsync(new TemplatePruning { Limit = 0 }, CancellationToken.None), Has.Count.EqualTo(1));
        Assert.That(Directory.GetDirectories(Root), Is.Empty);
    }

    [Test]
    public async Task A_file_that_was_cut_off_makes_it_no_template()
    {
        TemplateStore store = Store();
        await MakeAsync(store, s_key);
        await using (FileStream memory = File.OpenWrite(Path.Combine(store.DirectoryOf(s_key), TemplateFiles.Memory)))
            memory.SetLength(MemoryBytes - 1);
        await IsNoneAsync(store);
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("null")]
    [TestCase("{\"format\":1}")]
    [TestCase("{\"format\":1,\"key\":null,\"facts\":null,\"what\":\"\",\"disks\":null,\"depth\":0,\"lengths\":null}")]
    public async Task Without_a_manifest_that_can_be_read_it_is_no_template(string? text)
    {
        TemplateStore store = Store();
        await MakeAsync(store, s_key);
        string manifest = TemplateManifest.FileIn(store.DirectoryOf(s_key));
        if (text is null)
            File.Delete(manifest);
        else
            await File.WriteAllTextAsync(manifest, text);
        await IsNoneAsync(store);
    }

    [Test]
    public async Task A_manifest_of_another_template_makes_it_none()
    {
        TemplateStore store = Store();
        await MakeAsync(store, KeyOf('b'));
        Directory.Move(store.DirectoryOf(KeyOf('b')), store.DirectoryOf(s_key));
        await IsNoneAsync(store);
    }

    [Test]
    public async Task A_distrusted_one_is_made_anew_but_not_under_the_copies_that_run()
    {
        TemplateStore store = Store();
        await MakeAsync(store, s_key);
        FileStream running = (await store.FindAsync(s_key, CancellationToken.None))!.Value.Lock;
        store.Distrust(s_key);
        store.Distrust(s_key);
        Assert.That(await store.FindAsync(s_key, CancellationToken.None), Is.Null);

        Assert.That(
            () => store.BeginAsync(s_key, CancellationToken.None),
            Throws.InstanceOf<PlatformException>().With.Message.Contains("copies of it still run"));
        Assert.That(File.Exists(Path.Combine(store.DirectoryOf(s_key), TemplateFiles.Memory)), "it is under a machine");

        await running.DisposeAsync();
        await IsNoneAsync(store);
    }

    [Test]
    public async Task The_least_recently_used_go_first_and_those_in_use_stay()
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));
        TemplateStore store = Store(clock: clock);
        foreach (char c in "abcd")
        {
            clock.Advance(TimeSpan.FromMinutes(1));
            await MakeAsync(store, KeyOf(c));
            await using FileStream used = (await store.FindAsync(KeyOf(c), CancellationToken.None))!.Value.Lock;
        }

        // Used again: the oldest is the youngest now.
        clock.Advance(TimeSpan.FromMinutes(1));
        await using (FileStream used = (await store.FindAsync(KeyOf('a'), CancellationToken.None))!.Value.Lock)
        {
        }

        using FileStream held = File.Open(Path.Combine(Root, KeyOf('b') + ".lock"), FileMode.Open, FileAccess.Read, FileShare.Read);
        long each = (await store.ListAsync(CancellationToken.None)).Max(t => t.Bytes);
        var pruning = new TemplatePruning { Limit = 3 * each, DryRun = true };
        Assert.That((await store.PruneAsync(pruning, CancellationToken.None)).Select(t => t.Key), Is.EqualTo((string[])[KeyOf('c')]));
        Assert.That(await store.ListAsync(CancellationToken.None), Has.Count.EqualTo(4), "a dry run removes nothing");

        await store.PruneAsync(pruning with { DryRun = false }, CancellationToken.None);
        await store.PruneAsync(new TemplatePruning { Limit = long.MaxValue, UnusedSince = clock.GetUtcNow().UtcDateTime }, CancellationToken.None);

        Assert.That((await store.ListAsync(CancellationToken.None)).Select(t => t.Key), Is.EqualTo((string[])[KeyOf('b'), KeyOf('a')]));
    }

    // Three templates of one cluster were published at once, and took the room they needed three times.
    [Test]
    public async Task Several_that_make_room_at_once_remove_no_more_than_one_would()
    {
        TemplateStore store = Store();
        foreach (char digit in "abcdef0123456789")
            await MakeAsync(store, KeyOf(digit));
        var pruning = new TemplatePruning { Limit = 8 * (await store.ListAsync(CancellationToken.None)).Max(t => t.Bytes) };
        IReadOnlyList<StoredTemplate>[] removed = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => store.PruneAsync(pruning, CancellationToken.None))));
        Assert.That(removed.Sum(each => each.Count), Is.EqualTo(8));
        Assert.That(await store.ListAsync(CancellationToken.None), Has.Count.EqualTo(8));
    }

    [Test]
    public async Task What_is_not_whole_goes_whatever_the_limit_unless_it_is_being_made()
    {
        TemplateStore store = Store();
        await MakeAsync(store, KeyOf('w'));
        Directory.CreateDirectory(store.DraftOf(KeyOf('d')));
        Directory.CreateDirectory(store.DirectoryOf(KeyOf('e')));
        await using FileStream making = (await store.BeginAsync(KeyOf('m'), CancellationToken.None))!;

        IReadOnlyList<StoredTemplate> removed = await store.PruneAsync(new TemplatePruning { Limit = long.MaxValue }, CancellationToken.None);

        Assert.That(removed.Select(t => t.Key), Is.EquivalentTo((string[])[KeyOf('d'), KeyOf('e')]));
        Assert.That(Directory.GetDirectories(Root), Is.EquivalentTo((string[])[store.DirectoryOf(KeyOf('w')), store.DraftOf(KeyOf('m'))]));
    }

    [Test]
    public async Task Who_publishes_makes_room_and_keeps_what_was_just_made()
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));
        TemplateStore store = Store(limit: MemoryBytes, clock: clock);
        foreach (char c in "abc")
            await MakeAsync(store, KeyOf(c));
        Assert.That((await store.ListAsync(CancellationToken.None)).Select(t => t.Key), Is.EqualTo((string[])[KeyOf('c')]));
    }

    [Test]
    public async Task A_directory_that_cannot_be_made_is_told()
    {
        await File.WriteAllTextAsync(Root, "a file");
        Assert.That(
            () => Store().BeginAsync(s_key, CancellationToken.None),
            Throws.InstanceOf<PlatformException>().With.Message.Contains("--cold"));
    }

    /// <summary>The other process: makes a template half-way, or wholly and holds it.</summary>
    internal static async Task BeChildAsync(string mode, string root)
    {
        var store = new TemplateStore(root, long.MaxValue, TimeProvider.System);
        FileStream maker = (await store.BeginAsync(s_key, CancellationToken.None))!;
        WriteDraft(store, s_key);
        if (mode == "templates.hold")
        {
            await store.PublishAsync(s_key, CancellationToken.None);
            await maker.DisposeAsync();
            maker = (await store.FindAsync(s_key, CancellationToken.None))!.Value.Lock;
        }

        await using (maker)
        {
            Console.WriteLine("ready");
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System);
        }
    }

    private static string KeyOf(char digit) => new(digit, 64);

    private static async Task MakeAsync(TemplateStore store, string key)
    {
        await using FileStream held = (await store.BeginAsync(key, CancellationToken.None))!;
        WriteDraft(store, key);
        await store.PublishAsync(key, CancellationToken.None);
    }

    private static void WriteDraft(TemplateStore store, string key)
    {
        string draft = store.DraftOf(key);
        File.WriteAllBytes(Path.Combine(draft, TemplateFiles.Memory), Enumerable.Repeat((byte)1, MemoryBytes).ToArray());
        var facts = new TemplateFacts { PublicKey = "ssh-ed25519 AAAA", Mac = "52:54:00:00:00:01", BootId = "b", Version = "1", MadeAt = DateTimeOffset.UnixEpoch, ReadySeconds = 1 };
        new TemplateManifest { Key = key, Facts = facts, What = "a test's", Disks = [], Depth = 0, Lengths = new Dictionary<string, long> { [TemplateFiles.Memory] = MemoryBytes } }.Write(draft);
    }

    private static async Task IsNoneAsync(TemplateStore store)
    {
        Assert.That(await store.FindAsync(s_key, CancellationToken.None), Is.Null);
        await using FileStream? right = await store.BeginAsync(s_key, CancellationToken.None);
        Assert.That(right, Is.Not.Null, "it may be made");
        Assert.That(Directory.Exists(store.DirectoryOf(s_key)), Is.False, "what was not whole is gone");
    }

    private TemplateStore Store(long limit = long.MaxValue, TimeProvider? clock = null) => new(Root, limit, clock ?? TimeProvider.System);
}
