using Kola.Qemu;

namespace Kola.Platforms.Tests.Unit;

/// <summary>Whether an emulator is gone for want of memory.</summary>
public sealed class MemoryShortageTests
{
    private static readonly string[] s_vmstat = ["nr_free_pages 15872", "oom_kill 3", "numa_hit 1"];

    [Test]
    public void The_kernels_count_of_kills_is_read() => Assert.That(MemoryShortage.KillsIn(s_vmstat), Is.EqualTo(3));

    [Test]
    public void A_kernel_that_does_not_count_has_killed_nobody() => Assert.That(MemoryShortage.KillsIn(["nr_free_pages 1"]), Is.Zero);

    [TestCase(137, "", 0, ExpectedResult = false, Description = "killed, and not by the kernel: its count is what it was")]
    [TestCase(137, "", -1, ExpectedResult = true)]
    [TestCase(1, "qemu-system-x86_64: cannot set up guest memory 'ram': Cannot allocate memory", 0, ExpectedResult = true)]
    [TestCase(1, "qemu-system-x86_64: no such machine", -1, ExpectedResult = false)]
    public bool It_is_told_by_the_emulators_words_or_by_the_kernels_count(int code, string words, int countedLess) =>
        MemoryShortage.Ended(code, [words], MemoryShortage.Kills() + countedLess);
}
