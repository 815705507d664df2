using Kola;
using NUnit.Framework;

namespace Samples;

/// <summary>What a test that cuts the power may count on, on whatever platform.</summary>
[Category("sample")]
public sealed class PowerCutTests
{
    [MachineTest("sample.power-cut", Minutes = 10)]
    public async Task A_synced_file_survives_each_cut_and_a_later_one_only_those_behind_it([Spec(RecordsWrites = true)] Machine machine)
    {
        await machine.WriteFileAsync("/var/first", "first");
        await machine.RunAsync("sync");
        int first = machine.DiskWrites.Mark("first");
        await machine.WriteFileAsync("/var/second", "second");
        await machine.RunAsync("sync");
        int second = machine.DiskWrites.Mark("second");

        await machine.PowerCutAsync(new CutPoint { Entry = second });
        Assert.That(await machine.ReadFileAsync("/var/second"), Is.EqualTo("second"));
        await machine.PowerCutAsync(new CutPoint { Entry = first, Lost = LostWrites.All });
        Assert.That(await machine.ReadFileAsync("/var/first"), Is.EqualTo("first"));
        Assert.That(async () => await machine.ReadFileAsync("/var/second"), Throws.TypeOf<MachineException>());
        Assert.That(machine.DiskWrites.Points(60, from: "first", to: "second"), Is.Not.Empty);
        Assert.That(() => machine.DiskWrites.Points(60, from: "nowhere"), Throws.TypeOf<UsageException>().With.Message.Contains("ready, first, second"));
    }

    [MachineTest("sample.power-cut.unrecorded", Minutes = 2)]
    public Task A_power_cut_that_was_not_recorded_is_the_authors_mistake(Machine machine) => machine.PowerCutAsync(new CutPoint { Entry = 0 });
}
