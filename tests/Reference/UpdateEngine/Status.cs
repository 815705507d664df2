namespace Flatcar.Reference.UpdateEngine;

/// <summary>What GetStatus answers.</summary>
/// <param name="LastChecked">Seconds since 1970; 0 for never.</param>
/// <param name="Progress">0 to 1.</param>
/// <param name="Operation">One of the names below.</param>
/// <param name="NewSize">Bytes.</param>
internal sealed record Status(long LastChecked = 0, double Progress = 0, string Operation = Status.Idle, string NewVersion = "0.0.0", long NewSize = 0)
{
    public const string Idle = "UPDATE_STATUS_IDLE", Checking = "UPDATE_STATUS_CHECKING_FOR_UPDATE", Available = "UPDATE_STATUS_UPDATE_AVAILABLE",
        Downloading = "UPDATE_STATUS_DOWNLOADING", Finalizing = "UPDATE_STATUS_FINALIZING", NeedReboot = "UPDATE_STATUS_UPDATED_NEED_REBOOT",
        Reporting = "UPDATE_STATUS_REPORTING_ERROR_EVENT";
}
