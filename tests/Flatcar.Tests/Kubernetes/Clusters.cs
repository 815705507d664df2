using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Kubernetes;

/// <summary>The clusters tests begin with: each comes up once, is frozen with all its machines, and is copied for every test.</summary>
public static class Clusters
{
    /// <summary>A control plane and a worker.</summary>
    public const string TwoNodes = "kubernetes-two-nodes";

    /// <summary>A control plane and two workers.</summary>
    public const string ThreeNodes = "kubernetes-three-nodes";

    // kubeadm refuses a control plane with one CPU, or with less than 1700 MB.
    private const int ControlMiB = 2048;

    /// <summary>Makes <see cref="TwoNodes"/>.</summary>
    [Preparation(TwoNodes)]
    public static Task MakeTwoAsync([Spec(MemoryMiB = ControlMiB, Cpus = 2)] Machine control, Machine worker, Lab lab) => KubernetesCluster.CreateAsync(lab, control, worker);

    /// <summary>Makes <see cref="ThreeNodes"/>.</summary>
    [Preparation(ThreeNodes)]
    public static Task MakeThreeAsync([Spec(MemoryMiB = ControlMiB, Cpus = 2)] Machine control, Machine first, Machine second, Lab lab) => KubernetesCluster.CreateAsync(lab, control, first, second);
}
