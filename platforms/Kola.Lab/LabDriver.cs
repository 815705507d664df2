using Kola.Machines;
using Kola.Platforms;

namespace Kola.Labs;

/// <summary>Any lab: by commands that make machines and take them away, or with machines that are there.</summary>
public sealed class LabDriver : IPlatformDriver
{
    /// <summary>As given to <c>--platform</c>.</summary>
    internal const string PlatformName = "lab";

    /// <summary>Names the lab's file.</summary>
    internal const string FileOption = "lab-file";

    /// <inheritdoc/>
    public string Name => PlatformName;

    /// <inheritdoc/>
    public string Summary => "any lab: commands of your own that make machines, or machines that are there already, as one YAML file says";

    /// <inheritdoc/>
    public IReadOnlyList<PlatformOption> Options { get; } =
    [
        new() { Name = FileOption, Description = "The lab: its commands or its machines, and what they can do. See docs/platforms/lab.md.", Value = "FILE" },
    ];

    /// <inheritdoc/>
    public IReadOnlySet<Feature> Features { get; } = LabText.KnownFeatures.Values.ToHashSet();

    /// <inheritdoc/>
    public PlatformLimits Limits { get; } = PlatformLimits.None;

    /// <summary>The system the ready machines run, which they are asked; null for a lab that makes machines, which takes a file.</summary>
    /// <inheritdoc/>
    public async Task<Image?> FindImageAsync(PlatformAccess access, CancellationToken cancel)
    {
        LabOptions lab = Lab(access);
        return lab.Ready.Count == 0 ? null : await ReadyImage.FindAsync(lab, access, cancel);
    }

    /// <inheritdoc/>
    public Task<IPlatform> OpenAsync(PlatformRequest request, CancellationToken cancel) => Task.FromResult<IPlatform>(new LabPlatform(Lab(request.Access), request));

    /// <summary>What the lab lists, and what this user's runs have written down of it.</summary>
    /// <inheritdoc/>
    public async Task<IReadOnlyList<ILeftover>> FindLeftoversAsync(PlatformAccess access, CancellationToken cancel)
    {
        LabOptions lab = Lab(access);
        var calls = new LabCalls(lab, access);
        LabRecords records = LabRecords.Of(lab, access);
        IReadOnlyList<LabRecord> listed = lab.List is { } list ? await calls.CallAsync(list, new LabRequest { Action = list.Name }, LabAnswer.ReadList, null, cancel) : [];
        IReadOnlyList<LabRecord> recorded = records.All();
        // A record knows more than a list does.
        IEnumerable<LabRecord> all = recorded.Concat(listed.Where(l => !recorded.Any(r => r.Id == l.Id || r.Machine is { } machine && machine == l.Machine)));
        return [.. all.Select(record => new LabLeftover(record, lab, calls, records))];
    }

    private static LabOptions Lab(PlatformAccess access) => access.Settings.Text(FileOption) is { } file
        ? LabFile.Read(file)
        : throw new UsageException($"--platform {PlatformName}\n  wanted:  --{FileOption} FILE, which says what lab\n  next:    see docs/platforms/lab.md");
}

/// <summary>A machine of a lab that carries kola's tags.</summary>
internal sealed class LabLeftover(LabRecord record, LabOptions lab, LabCalls calls, LabRecords records) : ILeftover
{
    /// <inheritdoc/>
    public string Kind => "machine";

    /// <inheritdoc/>
    public string Name => record.Id ?? record.Machine!;

    /// <inheritdoc/>
    public ResourceTags Tags => record.Tags;

    /// <inheritdoc/>
    public async Task DeleteAsync(CancellationToken cancel)
    {
        if (lab.Deprovision is { } command)
            await calls.CallAsync(command, record.Request(command.Name), cancel);
        if (record.Machine is { } machine)
            records.Remove(machine);
    }
}
