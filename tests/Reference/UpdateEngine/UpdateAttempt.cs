namespace Flatcar.Reference.UpdateEngine;

/// <summary>One check, and the update it brings.</summary>
internal sealed class UpdateAttempt(Places places, Prefs prefs, TimeProvider time, bool interactive, Action<Func<Status, Status>> show)
{
    private const uint ResumedFlag = 1U << 30, TestImageFlag = 1U << 29, TestServerFlag = 1U << 28;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(20), CheckAgainAfter = TimeSpan.FromSeconds(10);

    private ImageProperties image = ImageProperties.Read(places);
    private bool resumed, installing;

    /// <summary>What the server wishes for the next check; null: nothing.</summary>
    public int? PollInterval { get; private set; }

    /// <summary>HTTP status of a check that failed.</summary>
    public int? CheckStatus { get; private set; }

    /// <summary>Only says that the machine lives; while a reboot is due.</summary>
    public async Task PingAsync(CancellationToken cancel)
    {
        using var transfer = new Transfer(places);
        await SendAsync(transfer, OmahaRequest.PingOnly(image, prefs, interactive), cancel);
    }

    /// <summary>True when an update waits for its reboot.</summary>
    public async Task<bool> RunAsync(CancellationToken cancel)
    {
        using var transfer = new Transfer(places);
        var state = new PayloadState(prefs, time, seconds => TimeSpan.FromSeconds(Random.Shared.Next(seconds)));
        try
        {
            show(s => s with { Operation = Status.Checking });
            var text = await CheckAsync(transfer, cancel);
            show(s => s with { LastChecked = time.GetUtcNow().ToUnixTimeSeconds() });
            var response = OmahaResponse.Parse(text);
            PollInterval = response.PollInterval;
            if (response.Offer is not { } offer)
            {
                Log.Info("No update.");
                return false;
            }
            state.Take(offer);
            if (state.BacksOff(places.DeveloperMode))
            {
                Log.Info("Payload backoff logic has not elapsed: the update is deferred");
                await TellAsync(transfer, new(OmahaEvent.Complete, OmahaEvent.Deferred, (uint)ErrorCode.DeferredForBackoff | Flags()), cancel);
                return false;
            }
            prefs.Set(Prefs.FullResponse, text);
            show(s => s with { Operation = Status.Available, NewVersion = offer.Version, NewSize = offer.Size, Progress = 0 });
            await InstallAsync(transfer, state, offer, cancel);
            Log.Info("Update successfully applied, waiting to reboot.");
            return true;
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            var code = (e as UpdateException)?.Code ?? ErrorCode.Error;
            Log.Error(e is UpdateException ? e.Message : e.ToString());
            await FailAsync(transfer, state, code, cancel);
            return false;
        }
    }

    private async Task<string> CheckAsync(Transfer transfer, CancellationToken cancel)
    {
        var request = OmahaRequest.Check(image, prefs, interactive);
        for (var left = interactive ? 1 : 3; ; left--)
        {
            try
            {
                Log.Info($"Posting an Omaha request to {image.Server}");
                return await transfer.PostAsync(image.Server, request, cancel);
            }
            catch (TransferException e) when (e.Status is null && left > 0 && Uri.TryCreate(image.Server, UriKind.Absolute, out _))
            {
                Log.Info($"No HTTP response, retrying in 10 seconds: {e.Message}");
                await Task.Delay(CheckAgainAfter, time, cancel);
            }
            catch (TransferException e)
            {
                CheckStatus = e.Status;
                throw new UpdateException(ErrorCode.HttpBase + (e.Status ?? 999), $"Omaha request network transfer failed: {e.Message}");
            }
        }
    }

    private async Task InstallAsync(Transfer transfer, PayloadState state, OmahaOffer offer, CancellationToken cancel)
    {
        var source = Slot.Running();
        var target = source.Other;
        var (oldKernel, newKernel) = (places.Kernel(source.Partition), places.Kernel(target.Partition));
        var resume = Resume.Plan(prefs, offer);
        resumed = resume is not null;
        installing = true;
        if (resume is null)
        {
            Resume.Forget(prefs);
            prefs.Set(Prefs.ResponseHash, offer.Sha256);
            Log.Info($"Copying {source.Device} to {target.Device}");
            BlockCopy.Partition(source.Device, target.Device, cancel);
            BlockCopy.Kernel(oldKernel, newKernel, cancel);
        }
        else
        {
            Log.Info($"Resuming an update that was started before, at operation {resume.Operation}");
        }
        await TellAsync(transfer, new(OmahaEvent.DownloadStarted, OmahaEvent.Success), cancel);
        show(s => s with { Operation = Status.Downloading });
        using var apply = new PayloadApply(target.Device, newKernel, prefs, time, resume, manifest => Fits(source, manifest, cancel));
        Log.Info($"Downloading {state.Url}");
        var shown = 0.0;
        try
        {
            await new PayloadDownload(transfer, RetryAfter, apply.Note).RunAsync(state.Url, offer.Size, resume, image, interactive, data =>
            {
                apply.Write(data);
                var progress = Math.Min(1, apply.Received / (double)offer.Size);
                if (progress - shown >= 0.01)
                    show(s => s with { Progress = shown = progress });
            }, cancel);
        }
        finally
        {
            // Also where the program is told to end: the next one goes on from here.
            apply.Note();
        }
        apply.Finish(offer, places.Key);
        state.Complete();
        await TellAsync(transfer, new(OmahaEvent.DownloadFinished, OmahaEvent.Success), cancel);
        show(s => s with { Operation = Status.Finalizing, Progress = 0 });
        apply.Verify(cancel);
        Native.Sync();
        await Postinst.RunAsync(target.Device, newKernel, image, cancel);
        Native.Sync();
        Resume.Forget(prefs);
        prefs.Remove(Prefs.DeltaFailures);
        prefs.Set(Prefs.PreviousVersion, image.Version);
        Directory.CreateDirectory(Path.GetDirectoryName(places.RebootMarker)!);
        await File.WriteAllTextAsync(places.RebootMarker, "", cancel);
        await TellAsync(transfer, new(OmahaEvent.Complete, OmahaEvent.Success), cancel);
    }

    private static bool Fits(Slot source, Kola.Updates.Payloads.PayloadManifest manifest, CancellationToken cancel) =>
        manifest.OldPartition is not { } old
        || Sha256.OfFile(source.Device, (long)old.Size, cancel).AsSpan().SequenceEqual(old.Sha256.Span);

    private async Task FailAsync(Transfer transfer, PayloadState state, ErrorCode code, CancellationToken cancel)
    {
        show(s => s with { Operation = Status.Reporting });
        try
        {
            state.Failed(code);
            if (resumed)
                prefs.Set(Prefs.ResumedFailures, (prefs.Number(Prefs.ResumedFailures) ?? 0) + 1);
            // A transfer can be taken up again where it stopped, whatever a check in between has said; what is wrong in itself cannot.
            if (installing && code is not ErrorCode.Transfer)
                Resume.Forget(prefs);
        }
        catch (IOException e)
        {
            Log.Error($"prefs: {e.Message}");
        }
        await TellAsync(transfer, new(OmahaEvent.Complete, OmahaEvent.Error, (uint)code | Flags()), cancel);
    }

    private uint Flags() => (resumed ? ResumedFlag : 0) | (places.DeveloperMode ? TestImageFlag : 0)
        | (image.Server == Places.ProductionServer ? 0 : TestServerFlag);

    private Task TellAsync(Transfer transfer, OmahaEvent told, CancellationToken cancel) =>
        SendAsync(transfer, OmahaRequest.Tell(image, prefs, interactive, told), cancel);

    /// <summary>Nobody looks at the answer; whether there is one is no matter.</summary>
    private async Task SendAsync(Transfer transfer, string request, CancellationToken cancel)
    {
        try
        {
            await transfer.PostAsync(image.Server, request, cancel);
        }
        catch (TransferException e)
        {
            Log.Info($"An event was not delivered: {e.Message}");
        }
    }
}
