using System.Text.Json.Nodes;
using Refit;

namespace Kola.Gcp;

/// <summary>Compute Engine v1, as far as it is needed.</summary>
internal interface ICompute
{
    [Post("/projects/{project}/zones/{zone}/instances")]
    Task<Operation> InsertAsync(string project, string zone, [Query] string requestId, [Body(buffered: true)] JsonObject instance, CancellationToken cancel);

    [Get("/projects/{project}/aggregated/instances")]
    Task<AggregatedInstances> InstancesAsync(string project, [Query] string filter, [Query] string? pageToken, CancellationToken cancel);

    [Post("/projects/{project}/zones/{zone}/instances/{name}/reset")]
    Task<Operation> ResetAsync(string project, string zone, string name, CancellationToken cancel);

    [Post("/projects/{project}/zones/{zone}/instances/{name}/stop")]
    Task<Operation> StopAsync(string project, string zone, string name, CancellationToken cancel);

    [Post("/projects/{project}/zones/{zone}/instances/{name}/start")]
    Task<Operation> StartAsync(string project, string zone, string name, CancellationToken cancel);

    [Get("/projects/{project}/zones/{zone}/instances/{name}/serialPort")]
    Task<SerialPort> SerialPortAsync(string project, string zone, string name, [Query] int port, [Query] long start, CancellationToken cancel);

    [Delete("/projects/{project}/zones/{zone}/instances/{name}")]
    Task<Operation> DeleteInstanceAsync(string project, string zone, string name, CancellationToken cancel);

    [Get("/projects/{project}/zones/{zone}/operations/{name}")]
    Task<Operation> ZoneOperationAsync(string project, string zone, string name, CancellationToken cancel);

    [Get("/projects/{project}/global/operations/{name}")]
    Task<Operation> GlobalOperationAsync(string project, string name, CancellationToken cancel);

    [Post("/projects/{project}/global/firewalls")]
    Task<Operation> InsertFirewallAsync(string project, [Body(buffered: true)] JsonObject firewall, CancellationToken cancel);

    [Get("/projects/{project}/global/firewalls")]
    Task<Resources> FirewallsAsync(string project, [Query] string? pageToken, CancellationToken cancel);

    [Delete("/projects/{project}/global/firewalls/{name}")]
    Task<Operation> DeleteFirewallAsync(string project, string name, CancellationToken cancel);

    [Post("/projects/{project}/global/images")]
    Task<Operation> InsertImageAsync(string project, [Body(buffered: true)] JsonObject image, CancellationToken cancel);

    [Get("/projects/{project}/global/images/{name}")]
    Task<Resource> ImageAsync(string project, string name, CancellationToken cancel);

    [Get("/projects/{project}/global/images/family/{name}")]
    Task<Resource> ImageOfFamilyAsync(string project, string name, CancellationToken cancel);

    [Get("/projects/{project}/global/images")]
    Task<Resources> ImagesAsync(string project, [Query] string filter, [Query] string? pageToken, CancellationToken cancel);

    [Post("/projects/{project}/global/images/{name}/setLabels")]
    Task<Operation> LabelImageAsync(string project, string name, [Body(buffered: true)] JsonObject labels, CancellationToken cancel);

    [Delete("/projects/{project}/global/images/{name}")]
    Task<Operation> DeleteImageAsync(string project, string name, CancellationToken cancel);
}

/// <summary>Cloud Storage's JSON API, as far as it is needed.</summary>
internal interface IStorage
{
    [Post("/upload/storage/v1/b/{bucket}/o")]
    [Headers("Content-Type: application/x-tar")]
    Task UploadAsync(string bucket, [Query] string uploadType, [Query] string name, [Body] Stream content, CancellationToken cancel);

    [Get("/storage/v1/b/{bucket}/o")]
    Task<Resources> ObjectsAsync(string bucket, [Query] string prefix, [Query] string? pageToken, CancellationToken cancel);

    [Delete("/storage/v1/b/{bucket}/o/{name}")]
    Task DeleteObjectAsync(string bucket, string name, CancellationToken cancel);
}

internal sealed record Operation(string Name, string? Status, OperationError? Error);

internal sealed record OperationError(IReadOnlyList<OneError>? Errors);

internal sealed record OneError(string? Code, string? Message);

internal sealed record AggregatedInstances(IReadOnlyDictionary<string, InstancesOfZone>? Items, string? NextPageToken);

internal sealed record InstancesOfZone(IReadOnlyList<Instance>? Instances);

internal sealed record Instance(string Name, string Status, string Zone, IReadOnlyDictionary<string, string>? Labels, IReadOnlyList<Card>? NetworkInterfaces)
{
    /// <summary>The last part of the URL zones are given by.</summary>
    internal string ZoneName => Zone[(Zone.LastIndexOf('/') + 1)..];
}

internal sealed record Card(string? NetworkIP, IReadOnlyList<AccessConfig>? AccessConfigs);

internal sealed record AccessConfig(string? NatIP);

internal sealed record SerialPort(string? Contents, string? Next);

internal sealed record Resources(IReadOnlyList<Resource>? Items, string? NextPageToken);

internal sealed record Resource(string Name, string? Status, string? Description, string? SelfLink, string? LabelFingerprint, string? Architecture, IReadOnlyDictionary<string, string>? Labels);
