using Kola.Machines;
using Kola.Platforms;

namespace Kola.Conformance;

/// <content>Other ways of starting, and how machines end.</content>
public sealed partial class ConformanceKit
{
    private const string ImageRun = "image";

    private Task<string> HasATpmAsync(CancellationToken cancel) =>
        AloneAsync("tpm", new MachineSpec { Name = "tpm", Tpm = true, Links = [] }, "ls /dev/tpmrm0 && cat /sys/class/tpm/tpm0/tpm_version_major", "/dev/tpmrm0\n2", cancel);

    private Task<string> IsStartedByUefiAsync(CancellationToken cancel) =>
        AloneAsync("uefi", new MachineSpec { Name = "uefi", Firmware = Firmware.Uefi, Links = [] }, "test -d /sys/firmware/efi/efivars && echo there", "there", cancel);

    private async Task<string> AloneAsync(string name, MachineSpec machine, string command, string wanted, CancellationToken cancel)
    {
        IInstance instance = await _platform.StartAsync(SpecOf(machine, null, name), cancel);
        await using var subject = new Subject(instance, _identity, _request.Access.Clock);
        await subject.SeeBootAsync(cancel);
        string seen = await subject.RunAsync(command, cancel);
        return seen == wanted ? seen.ReplaceLineEndings(", ") : throw new PromiseBrokenException($"{command}: \"{seen}\" instead of \"{wanted}\"");
    }

    private async Task<string> IsListedAsync(CancellationToken cancel)
    {
        IReadOnlyList<ILeftover> ours = await OursAsync(cancel);
        if (ours.Count == 0)
            throw new PromiseBrokenException($"a machine runs, and nothing is listed with {ResourceTags.RunTag}={ResourceTags.Clean(_request.Tags.Run)}");
        ILeftover? wrong = ours.FirstOrDefault(l => l.Tags.Expires != Whole(_request.Tags.Expires) || l.Tags.Owner != ResourceTags.Clean(_request.Tags.Owner));
        return wrong is null ? string.Join(", ", ours.Select(l => $"{l.Kind} {l.Name}"))
            : throw new PromiseBrokenException($"{wrong.Kind} {wrong.Name} is {wrong.Tags.Owner}'s until {wrong.Tags.Expires:u}, where it was made for {ResourceTags.Clean(_request.Tags.Owner)} until {_request.Tags.Expires:u}");
    }

    private static DateTimeOffset Whole(DateTimeOffset time) => DateTimeOffset.FromUnixTimeSeconds(time.ToUnixTimeSeconds());

    private async Task<string> PowersOffAsync(CancellationToken cancel)
    {
        (int? _, string _) = await _hub!.TryAsync("sudo systemctl poweroff", cancel);
        InstanceExit exit = await _hub.Instance.Exited.WaitAsync(cancel);
        return exit.PlatformFault ? throw new PromiseBrokenException($"the guest powered off, and it was told as the platform's fault: {exit.Detail}") : exit.Detail;
    }

    private async Task<string> IsLostAsync(CancellationToken cancel)
    {
        HashSet<string> before = [.. (await OursAsync(cancel)).Select(l => l.Kind + l.Name)];
        IInstance instance = await _platform.StartAsync(SpecOf(new MachineSpec { Name = "lost", Links = [] }, null, "lost"), cancel);
        await using var subject = new Subject(instance, _identity, _request.Access.Clock);
        // Machines come first in a driver's list.
        ILeftover machine = (await OursAsync(cancel)).FirstOrDefault(l => !before.Contains(l.Kind + l.Name)) ?? throw new PromiseBrokenException("the machine is not listed");
        await machine.DeleteAsync(cancel);
        InstanceExit exit = await instance.Exited.WaitAsync(cancel);
        return exit.PlatformFault ? exit.Detail : throw new PromiseBrokenException($"{machine.Kind} {machine.Name} was deleted, and it was told as nobody's fault: {exit.Detail}");
    }

    private async Task<string> IsRefusedAsync(CancellationToken cancel)
    {
        HashSet<string> before = [.. (await OursAsync(cancel)).Select(l => l.Kind + l.Name)];
        // More memory than any host or size has: 64 TiB.
        InstanceSpec spec = SpecOf(new MachineSpec { Name = "huge", MemoryMiB = 64 << 20, Links = [] }, null, "huge");
        try
        {
            await using IInstance instance = await _platform.StartAsync(spec, cancel);
            throw new PromiseBrokenException("a machine of 64 TiB was started");
        }
        catch (Exception refused) when (refused is PlatformException or UsageException)
        {
            string[] left = [.. (await OursAsync(cancel)).Select(l => l.Kind + l.Name).Where(l => !before.Contains(l))];
            return left.Length == 0 ? refused.Message.Split('\n')[0] : throw new PromiseBrokenException($"left behind: {string.Join(", ", left)}");
        }
    }

    private async Task<string> IsCancelledAsync(CancellationToken cancel)
    {
        HashSet<string> before = [.. (await OursAsync(cancel)).Select(l => l.Kind + l.Name)];
        int ended = 0;
        foreach (int milliseconds in (int[])[0, 50, 300, 2000])
        {
            using var late = new CancellationTokenSource(TimeSpan.FromMilliseconds(milliseconds), _request.Access.Clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, late.Token);
            try
            {
                await using IInstance instance = await _platform.StartAsync(SpecOf(new MachineSpec { Name = "cancelled", Links = [] }, null, $"cancelled-{milliseconds}"), either.Token);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                ended++;
            }
        }

        string[] left = [.. (await OursAsync(cancel)).Select(l => l.Kind + l.Name).Where(l => !before.Contains(l))];
        return left.Length > 0 ? throw new PromiseBrokenException($"left behind: {string.Join(", ", left)}")
            : ended > 0 ? $"{ended} of 4 starts ended early" : throw new PromiseBrokenException("a start that was cancelled before it began came about");
    }

    private async Task<string> LeavesNothingAsync(CancellationToken cancel)
    {
        foreach (Subject? subject in (Subject?[])[_hub, _spoke])
        {
            if (subject is null)
                continue;
            await subject.DisposeAsync();
            await subject.DisposeAsync();
        }

        if (_network is not null)
            await _network.DisposeAsync();
        // What machines share goes with the platform: a key, a group. What belongs to machines has to be gone now.
        string[] left = [.. (await OursAsync(cancel)).Where(l => !l.IsShared).Select(l => $"{l.Kind} {l.Name}")];
        return left.Length == 0 ? "nothing" : throw new PromiseBrokenException($"left behind: {string.Join(", ", left)}");
    }

    private async Task<IReadOnlyList<ILeftover>> OursAsync(CancellationToken cancel) =>
        [.. (await _request.Driver.FindLeftoversAsync(_request.Access, cancel)).Where(l => l.Tags.Run == ResourceTags.Clean(_request.Tags.Run) && l.Tags.Run != ImageRun)];
}
