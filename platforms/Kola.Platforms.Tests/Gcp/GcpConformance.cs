using Kola.Gcp;
using Kola.Platforms.Tests.Recording;

namespace Kola.Platforms.Tests.Gcp;

/// <summary>The instances boot what came through the bucket and fetch their config from the metadata server.</summary>
internal sealed class GcpConformance : RecordedConformance
{
    protected override RecordedCloud Cloud { get; } = new()
    {
        Name = "gcp",
        Driver = new GcpDriver(),
        Open = (_, host) =>
        {
            var model = new GcpModel(host.Directory);
            model.Machines = new GcpMachines(host, model.Bucket);
            return model;
        },
        Settings = GcpModel.Settings,
        Environment = _ => GcpModel.Environment,
        Asks = "/computeMetadata/v1/instance/attributes/user-data",
        Left = model => ((GcpModel)model).Instances.Keys.Concat(((GcpModel)model).Firewalls.Keys).Concat(((GcpModel)model).Bucket.Objects),
        Uefi = true,
    };
}
