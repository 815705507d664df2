namespace Flatcar.Reference.UpdateEngine;

/// <summary>The number a failure is reported with.</summary>
internal enum ErrorCode
{
    Success = 0, Error = 1, ResponseHandler = 3, FileSystemCopier = 4, Postinstall = 5, DeviceOpen = 7, KernelOpen = 8, Transfer = 9,
    PayloadHash = 10, PayloadSize = 11, PayloadVerification = 12, DownloadWrite = 14, NewPartition = 15, NewKernel = 16,
    SignatureMissing = 17, Signature = 18, FirmwareB = 19, StateInitialization = 20, OperationExecution = 28, EmptyResponse = 30, ResponseXml = 31,
    ResponseInvalid = 34, DeferredForBackoff = 40, Rollback = 44,

    /// <summary>Plus the HTTP status of the check; plus 999 where there was no answer.</summary>
    HttpBase = 2000,
}

/// <summary>An update that cannot go on.</summary>
internal sealed class UpdateException(ErrorCode code, string message) : Exception(message)
{
    public ErrorCode Code => code;
}
