using System.Globalization;
using Amazon.EC2.Model;

namespace Kola.Aws;

/// <summary>An instance type, as far as it matters here.</summary>
/// <param name="Name"><c>t3.micro</c>.</param>
/// <param name="MemoryMiB">Its memory.</param>
/// <param name="Cpus">Its virtual CPUs.</param>
/// <param name="Uefi">Whether UEFI starts machines of this type.</param>
internal sealed record InstanceSize(string Name, long MemoryMiB, int Cpus, bool Uefi);

/// <summary>The instance types a run may use.</summary>
internal sealed class InstanceSizes
{
    private static readonly string[] s_steps = ["micro", "small", "medium", "large", "xlarge", "2xlarge"];

    private readonly IReadOnlyList<InstanceSize> _sizes;

    private InstanceSizes(IReadOnlyList<InstanceSize> sizes) => _sizes = sizes;

    /// <summary>All of them, in the order in which they are tried.</summary>
    internal IReadOnlyList<InstanceSize> All => _sizes;

    /// <summary>Those a person named; else those of general purpose that are cheap, the smallest first.</summary>
    /// <exception cref="UsageException">A named one is not there, or is of another architecture.</exception>
    internal static async Task<InstanceSizes> FindAsync(AwsConnection aws, string architecture, CancellationToken cancel)
    {
        string[] families = architecture == "arm64" ? ["t4g"] : ["t3", "t3a"];
        IReadOnlyList<string> names = aws.Options.Types.Count > 0 ? aws.Options.Types : [.. s_steps.SelectMany(step => families.Select(family => $"{family}.{step}"))];
        // By a filter: one name that a region does not have would fail the whole request else.
        var request = new DescribeInstanceTypesRequest { Filters = [new Filter("instance-type", [.. names])] };
        var found = new Dictionary<string, InstanceTypeInfo>();
        do
        {
            DescribeInstanceTypesResponse page = await aws.Calls.RunAsync("look at instance types", Signal.Quota, c => aws.Ec2.DescribeInstanceTypesAsync(request, c), cancel);
            foreach (InstanceTypeInfo type in page.InstanceTypes ?? [])
                found[type.InstanceType.Value] = type;
            request.NextToken = page.NextToken;
        }
        while (!string.IsNullOrEmpty(request.NextToken));

        string wanted = architecture == "arm64" ? "arm64" : "x86_64";
        foreach (string name in aws.Options.Types)
        {
            string[] has = found.TryGetValue(name, out InstanceTypeInfo? type) ? [.. type.ProcessorInfo?.SupportedArchitectures ?? []]
                : throw new UsageException($"--aws-type {name}: there is no such instance type in {aws.Options.Region}");
            if (!has.Contains(wanted))
                throw new UsageException($"--aws-type {name}: it does not run this image\n  wanted:  {wanted}\n  got:     {string.Join(", ", has)}");
        }

        return new InstanceSizes([.. names.Where(found.ContainsKey).Select(n => SizeOf(found[n]))]);
    }

    /// <summary>Those a machine fits in, in the order in which they are tried.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    internal IReadOnlyList<InstanceSize> For(string id, MachineSpec machine)
    {
        InstanceSize[] fit = [.. _sizes.Where(s => s.MemoryMiB >= machine.MemoryMiB && s.Cpus >= machine.Cpus)];
        return fit.Length > 0 ? fit : throw new UsageException(string.Create(
            CultureInfo.InvariantCulture,
            $"{id}: no instance type has {machine.MemoryMiB} MiB and {machine.Cpus} CPUs\n  wanted:  one of {string.Join(", ", _sizes.Select(s => $"{s.Name} ({s.MemoryMiB} MiB, {s.Cpus})"))}\n  next:    --aws-type with a larger one"));
    }

    private static InstanceSize SizeOf(InstanceTypeInfo type) => new(
        type.InstanceType.Value,
        type.MemoryInfo?.SizeInMiB ?? 0,
        type.VCpuInfo?.DefaultVCpus ?? 1,
        // Where nothing is said, the image decides.
        type.SupportedBootModes is not { Count: > 0 } modes || modes.Contains("uefi"));
}
