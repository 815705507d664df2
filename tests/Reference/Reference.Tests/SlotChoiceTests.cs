using Flatcar.Reference.Gpt;
using NUnit.Framework;

namespace Flatcar.Reference.Tests;

public sealed class SlotChoiceTests
{
    private static readonly HashSet<Guid> Nothing = [];

    [Test]
    public void A_fresh_image_boots_A_and_writes_nothing()
    {
        var choice = SlotChoice.Next(Table(a: (1, 0, true), b: (0, 0, false)), Nothing);
        Assert.That((choice!.Slot.Name, choice.Write), Is.EqualTo(("USR-A", (GuidPartitionTable?)null)));
    }

    [Test]
    public void After_an_update_the_new_slot_is_tried_and_the_try_is_used_up_first()
    {
        var choice = SlotChoice.Next(Table(a: (1, 0, true), b: (2, 1, false)), Nothing)!;
        Assert.That(choice.Slot.Name, Is.EqualTo("USR-B"));
        var written = choice.Write!.Partitions.Single(p => p.Name == "USR-B");
        Assert.That((written.Priority, written.Tries, written.Successful), Is.EqualTo((2, 0, false)));
    }

    [Test]
    public void A_slot_whose_try_is_used_up_is_left_for_the_old_one() =>
        Assert.That(SlotChoice.Next(Table(a: (1, 0, true), b: (2, 0, false)), Nothing)!.Slot.Name, Is.EqualTo("USR-A"));

    [Test]
    public void Of_equal_priorities_the_first_partition_wins() =>
        Assert.That(SlotChoice.Next(Table(a: (1, 0, true), b: (1, 0, true)), Nothing)!.Slot.Name, Is.EqualTo("USR-A"));

    [Test]
    public void A_slot_found_broken_in_this_boot_is_passed_over() =>
        Assert.That(SlotChoice.Next(Table(a: (1, 0, true), b: (2, 1, false)), new HashSet<Guid> { FlatcarDisk.UsrB })!.Slot.Name, Is.EqualTo("USR-A"));

    [Test]
    public void Without_tries_or_success_there_is_nothing_to_boot() =>
        Assert.That(SlotChoice.Next(Table(a: (1, 0, false), b: (0, 0, false)), Nothing), Is.Null);

    private static GuidPartitionTable Table((int, int, bool) a, (int, int, bool) b) => new(Guid.Empty,
    [
        Slot(3, FlatcarDisk.UsrA, "USR-A", a),
        Slot(4, FlatcarDisk.UsrB, "USR-B", b),
        new(9, FlatcarDisk.ResizableRootType, new Guid("99999999-9999-9999-9999-999999999999"), 300, 400, 0x0FFUL << 48, "ROOT"),
    ]);

    private static GptPartition Slot(int number, Guid id, string name, (int Priority, int Tries, bool Successful) state) =>
        new GptPartition(number, FlatcarDisk.UsrType, id, 100, 199, 0, name).WithSlotState(state.Priority, state.Tries, state.Successful);
}
