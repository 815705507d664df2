using System.Globalization;
using System.Net;
using System.Text.Json;
using Amazon;
using Amazon.Runtime;
using Amazon.Runtime.Internal;
using Amazon.Runtime.Internal.Auth;
using Amazon.Runtime.Internal.Util;

namespace Kola.Aws;

/// <summary>
/// The part of the EBS direct APIs that writes a snapshot, block by block, without a volume, a machine or a bucket. The SDK's own client of it is in a package
/// that no feed at hand has; requests are signed by the SDK's core.
/// </summary>
internal sealed class EbsDirect : IDisposable
{
    /// <summary>Size of a block.</summary>
    internal const int BlockBytes = 512 << 10;

    private const string Name = "ebs";
    private const int Attempts = 8;

    private readonly Uri _endpoint;
    private readonly AwsOptions _options;
    private readonly AWSCredentials _credentials;
    private readonly IClientConfig _config;
    private readonly TimeProvider _clock;
    private readonly HttpClient _http = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5) }) { Timeout = TimeSpan.FromSeconds(60) };

    /// <param name="options">Region and endpoint.</param>
    /// <param name="credentials">Who signs.</param>
    /// <param name="config">What the signer goes by.</param>
    /// <param name="clock">What time it is.</param>
    internal EbsDirect(AwsOptions options, AWSCredentials credentials, IClientConfig config, TimeProvider clock)
    {
        _endpoint = options.ServiceUrl ?? new Uri($"https://ebs.{options.Region}.{RegionEndpoint.GetBySystemName(options.Region).PartitionDnsSuffix}");
        _options = options;
        _credentials = credentials;
        _config = config;
        _clock = clock;
    }

    /// <summary>Begins a snapshot. It is <c>pending</c> until it is completed, and useless when it never is.</summary>
    /// <returns>Its id.</returns>
    internal async Task<string> StartAsync(int gibibytes, string description, IEnumerable<(string Key, string Value)> tags, CancellationToken cancel)
    {
        var body = new
        {
            VolumeSize = gibibytes,
            Description = description,
            // The same for each attempt at this one request: a repeated one begins no second snapshot.
            ClientToken = Guid.NewGuid().ToString(),
            Timeout = 60,
            Tags = tags.Select(t => new { t.Key, t.Value }),
        };
        using JsonDocument answer = await SendAsync(HttpMethod.Post, "/snapshots", [], JsonSerializer.SerializeToUtf8Bytes(body), cancel);
        return answer.RootElement.GetProperty("SnapshotId").GetString()!;
    }

    /// <summary>Writes one block.</summary>
    /// <param name="snapshot">Id of the snapshot.</param>
    /// <param name="index">Number of the block, from 0.</param>
    /// <param name="block">Its <see cref="BlockBytes"/> bytes.</param>
    /// <param name="digest">SHA-256 of them, which EBS compares.</param>
    /// <param name="cancel">Ends it.</param>
    internal async Task PutAsync(string snapshot, int index, byte[] block, byte[] digest, CancellationToken cancel)
    {
        var headers = new Dictionary<string, string>
        {
            ["x-amz-Data-Length"] = block.Length.ToString(CultureInfo.InvariantCulture),
            ["x-amz-Checksum"] = Convert.ToBase64String(digest),
            ["x-amz-Checksum-Algorithm"] = "SHA256",
        };
        using JsonDocument answer = await SendAsync(HttpMethod.Put, string.Create(CultureInfo.InvariantCulture, $"/snapshots/{snapshot}/blocks/{index}"), headers, block, cancel);
    }

    /// <summary>Seals a snapshot. EBS compares what it has with <paramref name="digest"/>.</summary>
    /// <param name="snapshot">Its id.</param>
    /// <param name="blocks">Blocks that were written.</param>
    /// <param name="digest">SHA-256 of the digests of the blocks, one after another in the order of their numbers.</param>
    /// <param name="cancel">Ends it.</param>
    internal async Task CompleteAsync(string snapshot, int blocks, byte[] digest, CancellationToken cancel)
    {
        var headers = new Dictionary<string, string>
        {
            ["x-amz-ChangedBlocksCount"] = blocks.ToString(CultureInfo.InvariantCulture),
            ["x-amz-Checksum"] = Convert.ToBase64String(digest),
            ["x-amz-Checksum-Algorithm"] = "SHA256",
            ["x-amz-Checksum-Aggregation-Method"] = "LINEAR",
        };
        using JsonDocument answer = await SendAsync(HttpMethod.Post, $"/snapshots/completion/{snapshot}", headers, [], cancel);
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    // Signed anew for each attempt: credentials of a role change while a large image is on its way.
    private async Task<JsonDocument> SendAsync(HttpMethod method, string path, Dictionary<string, string> headers, byte[] body, CancellationToken cancel)
    {
        TimeSpan pause = TimeSpan.FromMilliseconds(500);
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                using HttpRequestMessage request = await SignedAsync(method, path, headers, body, cancel);
                using HttpResponseMessage response = await _http.SendAsync(request, cancel);
                string text = await response.Content.ReadAsStringAsync(cancel);
                if (response.IsSuccessStatusCode)
                    return JsonDocument.Parse(text.Length == 0 ? "{}" : text);
                AmazonServiceException refused = Refusal(response, text);
                if (response.StatusCode < HttpStatusCode.InternalServerError && response.StatusCode != HttpStatusCode.TooManyRequests && !AwsFault.IsThrottled(refused) || attempt == Attempts)
                    throw refused;
            }
            catch (Exception silent) when (attempt < Attempts && (silent is HttpRequestException or IOException || silent is TaskCanceledException && !cancel.IsCancellationRequested))
            {
                // Once more, after a pause.
            }

            await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), _clock, cancel);
            pause *= 2;
        }
    }

    private async Task<HttpRequestMessage> SignedAsync(HttpMethod method, string path, Dictionary<string, string> headers, byte[] body, CancellationToken cancel)
    {
        using var signed = new DefaultRequest(new Unsigned(), Name)
        {
            HttpMethod = method.Method,
            Endpoint = _endpoint,
            ResourcePath = path,
            Content = body,
            AuthenticationRegion = _options.Region,
            OverrideSigningServiceName = Name,
        };
        signed.Headers["Content-Type"] = path == "/snapshots" ? "application/json" : "application/octet-stream";
        foreach ((string name, string value) in headers)
            signed.Headers[name] = value;
        await new AWS4Signer().SignAsync(signed, _config, new RequestMetrics(), _credentials, cancel);
        var request = new HttpRequestMessage(method, new Uri(_endpoint, path)) { Content = new ByteArrayContent(body) };
        foreach ((string name, string value) in signed.Headers.Where(h => !h.Key.Equals("Host", StringComparison.OrdinalIgnoreCase)))
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
                request.Content.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }

    // x-amzn-ErrorType: ResourceNotFoundException:http://…   {"Message": "…", "Reason": "SNAPSHOT_NOT_FOUND"}
    private static AmazonServiceException Refusal(HttpResponseMessage response, string text)
    {
        string code = response.Headers.TryGetValues("x-amzn-ErrorType", out IEnumerable<string>? types) ? types.First().Split(':')[0] : string.Create(CultureInfo.InvariantCulture, $"Http{(int)response.StatusCode}");
        return new AmazonServiceException(text.Length > 400 ? text[..400] : text, null, ErrorType.Unknown, code, "", response.StatusCode);
    }

    private sealed class Unsigned : AmazonWebServiceRequest;
}
