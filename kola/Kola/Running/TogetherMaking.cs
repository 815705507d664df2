using Kola.Machines;
using Kola.Reporting;

namespace Kola.Running;

/// <summary>
/// Makes the templates of machines that tests begin with together: they boot or are copies, get ready on a network of their own, are prepared, and are
/// frozen at one moment. Where one of them is not well none becomes a template.
/// </summary>
/// <param name="maker">The machines as those of a test, without what they are to have behind them.</param>
/// <param name="prepared">Name of the preparation.</param>
/// <param name="keys">Key of the template each becomes, by role.</param>
/// <param name="options">The run.</param>
/// <param name="code">The suite's.</param>
/// <param name="templates">What the machines themselves are copies of.</param>
internal sealed class TogetherMaking(TestCase maker, string prepared, IReadOnlyDictionary<string, string> keys, SessionOptions options, TestCode code, TemplateSet templates)
{
    /// <summary>Whatever happens, no machine is left.</summary>
    /// <param name="drafts">The right to make each, by role.</param>
    /// <param name="stop">Ends it; what the machines wrote is still collected.</param>
    /// <param name="kill">Ends it at once.</param>
    /// <exception cref="KolaException">There are no templates, and why.</exception>
    internal async Task RunAsync(IReadOnlyDictionary<string, ITemplateDraft> drafts, CancellationToken stop, CancellationToken kill)
    {
        long start = options.Time.GetTimestamp();
        string directory = Path.Combine(options.Directory, RunDirectory.DirectoryOf(maker.Id, 1));
        Directory.CreateDirectory(directory);
        await using var end = new MakingEnd(maker.Id, Path.Combine(options.Shown, Path.GetRelativePath(options.Directory, directory)), options, stop);
        // The run's fault is put into their copies.
        var machines = new MachineSet(maker, 1, options with { Fault = null, Keep = false }, code, templates, directory, () => end.Why, end.End, end.Deadline) { Drafts = drafts };
        try
        {
            var lab = new Lab(end.Lab(maker, directory, options, code) with { Machines = () => machines.Machines, Addresses = machines.Addresses, Network = () => machines.Network });
            await machines.BootAsync(lab);
            await end.PrepareAsync(prepared, machines.Machines, lab, code);
            await lab.Network.LeaveAsync();
            // There is no connection left to collect over once they have settled.
            await machines.CollectAsync(kill);
            ThrowIfUnwell();
            double?[] processor = [.. machines.Machines.Select(machine => machine.Instance.ProcessorTime?.TotalSeconds)];
            string together = await machines.FreezeAsync(ThrowIfUnwell);
            foreach ((Machine machine, double? seconds) in machines.Machines.Zip(processor))
                options.Emit(new TemplateMade { At = options.Time.GetUtcNow(), Template = keys[machine.Name], Directory = Path.GetRelativePath(options.Directory, Path.Combine(directory, machine.Name)), ElapsedSeconds = options.Time.GetElapsedTime(start).TotalSeconds, ProcessorSeconds = seconds, Together = together });
        }
        catch (OperationCanceledException) when (end.Why is { } why)
        {
            throw why;
        }
        finally
        {
            await machines.EndAsync(collect: !kill.IsCancellationRequested, kill);
        }

        void ThrowIfUnwell()
        {
            end.ThrowIfUnwell();
            if (machines.FirstFinding is { } finding)
                throw finding;
        }
    }
}
