using Kola.Qemu;
using Microsoft.Extensions.Time.Testing;

namespace Kola.Platforms.Tests.Unit;

[Category("unit")]
public sealed class KvmAnswerTests
{
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));
    private Scratch _scratch = null!;

    [SetUp]
    public void HaveADirectory() => _scratch = new Scratch();

    [TearDown]
    public void CleanUp() => _scratch.Dispose();

    [TestCase(true, 1000, true)]
    [TestCase(false, 23, true)]
    [TestCase(false, 25, false)]
    public async Task A_yes_holds_for_ever_and_a_no_for_a_day(bool works, int hoursLater, bool kept)
    {
        string file = _scratch.File("cache/kvm.json");
        var answer = new KvmAnswer { Works = works, Detail = "seen", Seconds = 1.5, MeasuredAt = _clock.GetUtcNow() };
        await answer.WriteAsync(file, CancellationToken.None);
        _clock.Advance(TimeSpan.FromHours(hoursLater));
        Assert.That(await KvmAnswer.ReadAsync(file, _clock, CancellationToken.None), Is.EqualTo(kept ? answer : null));
    }

    [TestCase("")]
    [TestCase("{")]
    [TestCase("null")]
    [TestCase("{\"works\": true}")]
    public async Task A_corrupt_answer_is_none(string text)
    {
        await File.WriteAllTextAsync(_scratch.File("kvm.json"), text);
        Assert.That(await KvmAnswer.ReadAsync(_scratch.File("kvm.json"), _clock, CancellationToken.None), Is.Null);
    }

    [Test]
    public void Another_host_kernel_qemu_or_guest_kernel_is_another_question()
    {
        string[] files =
        [
            KvmAnswer.FileFor("/c", "6.1", new Version(10, 0), "sha256:a"), KvmAnswer.FileFor("/c", "6.2", new Version(10, 0), "sha256:a"),
            KvmAnswer.FileFor("/c", "6.1", new Version(10, 1), "sha256:a"), KvmAnswer.FileFor("/c", "6.1", new Version(10, 0), "sha256:b"),
        ];
        Assert.That(files, Is.Unique);
    }

    [TestCase("[    0.912345] Run /init as init process\n", true)]
    [TestCase("[    0.912345] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)\n", true)]
    [TestCase("[    1.534000] systemd[1]: Detected virtualization kvm.\n", true)]
    [TestCase("SeaBIOS (version 1.16.3)\nBooting from ROM..\n", false)]
    [TestCase("[    0.000000] Linux version 6.12.0\n[    0.000000] Command line: console=ttyS0\n", false)]
    public void Only_a_kernel_at_its_init_process_is_proof(string console, bool proof) => Assert.That(KvmProbe.IsProof(console), Is.EqualTo(proof));

    [Test]
    public void Why_kvm_is_out_of_the_question_is_told()
    {
        Assert.That(Acceleration.WhyNotKvm("amd64", "/nowhere/kvm"), Does.Contain("/nowhere/kvm").Or.Contain("this host is arm64"));
        Assert.That(Acceleration.WhyNotKvm("sparc"), Does.StartWith("the image is for sparc"));
    }
}
