using Kola.Machines;

namespace Kola;

/// <content>Losing power.</content>
public sealed partial class Machine
{
    private DiskRecording? _writes;

    /// <summary>What its boot disk has been written, of a machine with <see cref="MachineSpec.RecordsWrites"/>.</summary>
    /// <exception cref="UsageException">Its writes are not recorded.</exception>
    public DiskRecording DiskWrites => _writes ??= new DiskRecording(_instance.Recording ?? throw NotRecorded.Of(Name));

    /// <summary>
    /// Cuts the power at a point of <see cref="DiskWrites"/> and starts the machine from the disk that leaves: what was flushed before the point is there,
    /// of what was not, <see cref="CutPoint.Lost"/> says what is lost. Returns once it is ready under a new boot id. The first cut ends the recording; every
    /// further one is taken from the same recording, whatever the machine has done since, also when it did not come back from the one before. Only the
    /// boot disk goes back in time.
    /// </summary>
    /// <param name="point">Where. <see cref="DiskRecording.Points"/> chooses many.</param>
    /// <param name="within">Default 5 minutes, times the platform's slowness; never beyond the test's deadline.</param>
    /// <exception cref="MachineException">It did not come back: the image does not survive that power cut.</exception>
    /// <exception cref="UsageException">Its writes are not recorded, or not as far as that.</exception>
    public Task PowerCutAsync(CutPoint point, TimeSpan? within = null) => RestartAsync($"a power cut {point}", within, async cancel =>
    {
        long start = _terms.Time.GetTimestamp();
        await _instance.PowerCutAsync(point, cancel);
        _terms.Emit(new PowerWasCut
        {
            At = _terms.Time.GetUtcNow(),
            Test = _terms.Test,
            Machine = Name,
            Phase = point.Phase,
            Entry = point.Entry,
            Recorded = DiskWrites.Count,
            Lost = point.Lost.ToString(),
            ElapsedSeconds = _terms.Time.GetElapsedTime(start).TotalSeconds,
        });
    });

    // Its login and its identity are on disk before the test can cut the power.
    private async Task SettleRecordingAsync()
    {
        if (_instance.Recording is null)
            return;
        await RunAsync("sync");
        DiskWrites.Mark(DiskRecording.Ready);
    }
}
