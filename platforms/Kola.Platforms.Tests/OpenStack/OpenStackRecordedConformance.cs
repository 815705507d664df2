using Kola.OpenStack;
using Kola.Platforms.Tests.Recording;

namespace Kola.Platforms.Tests.OpenStack;

/// <summary>The servers boot what was brought to glance and fetch their user data from the metadata server.</summary>
internal sealed class OpenStackRecordedConformance : RecordedConformance
{
    protected override RecordedCloud Cloud { get; } = new()
    {
        Name = "openstack",
        Driver = new OpenStackDriver(),
        Open = (url, host) => new OpenStackModel(url) { Machines = new OpenStackMachines(host) },
        Settings = _ => [],
        Environment = OpenStackModel.Environment,
        Asks = OpenStackMachines.UserData,
        Left = model => ((OpenStackModel)model).All.Where(kind => kind.Key != "images").SelectMany(kind => kind.Value.Keys),
    };
}
