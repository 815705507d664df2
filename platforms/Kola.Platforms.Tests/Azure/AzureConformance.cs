using Kola.Azure;
using Kola.Platforms.Tests.Recording;

namespace Kola.Platforms.Tests.Azure;

/// <summary>The virtual machines boot what was brought as a page blob and find their config on the disc in their drive.</summary>
[TestFixture(Firmware.Any)]
[TestFixture(Firmware.Uefi, Category = "uefi", Explicit = true, Reason = "the same again, and GCP's machines are started by UEFI: --filter 'FullyQualifiedName~AzureConformance&TestCategory=uefi'")]
internal sealed class AzureConformance(Firmware firmware) : RecordedConformance
{
    protected override RecordedCloud Cloud { get; } = new()
    {
        Name = "azure",
        Driver = new AzureDriver(),
        Open = (url, host) =>
        {
            var model = new AzureModel(url, host.Directory);
            model.Running = new AzureMachines(host, model.Blobs);
            return model;
        },
        Settings = AzureModel.Settings,
        Environment = _ => AzureModel.Environment,
        Asks = "/metadata/instance/compute/userData",
        Left = model => ((AzureModel)model).Resources.Keys.Where(k => !k.Contains("kola-images", StringComparison.Ordinal)).Concat(((AzureModel)model).Blobs.Names),
        Firmware = firmware,
        Uefi = firmware == Firmware.Uefi,
    };
}
