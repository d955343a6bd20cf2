using System.Text;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Golden.Fuzzing;

/// <summary>One API server for all fuzzers, with an object of each kind to update, patch and select.</summary>
public sealed class FuzzServer : IAsyncLifetime
{
    /// <summary>
    /// What one request may allocate in this process, client included. Bodies are at most 3 MiB: a parser that exceeds
    /// this grows faster than its input.
    /// </summary>
    public const long MaxAllocatedBytes = 512L * 1024 * 1024;

    /// <summary>Refusals that upstream itself gives as 500 without a reason.</summary>
    private static readonly string[] UpstreamsOwn =
        ["resourceVersion", "strconv.ParseUint", "target.", "Too large resource version", "unable to determine kind",
        "failed to create typed patch object", "parsing time \"", "Non-matching dry-run options"];

    /// <summary>Plugins that do what objects say, which these servers have of every sort.</summary>
    private static readonly string[] ByObjects =
    [
        "MutatingAdmissionPolicy", "MutatingAdmissionWebhook", "NodeRestriction", "ValidatingAdmissionPolicy",
        "ValidatingAdmissionWebhook",
    ];

    private readonly bool _isBare;
    private GoldenHost? _host;

    public FuzzServer()
    {
    }

    private FuzzServer(bool isBare) => _isBare = isBare;

    internal GoldenHost Host => _host ?? throw new InvalidOperationException("The server has not been started.");

    /// <summary>One with every plugin, and without objects.</summary>
    internal static FuzzServer Bare() => new(isBare: true);

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        _host = await GoldenHost.StartAsync(disabledPlugins: _isBare ? [] : ByObjects);
        await SendAsync(new FuzzRequest(
            "POST", "/api/v1/namespaces/default/serviceaccounts", "application/json", """{"metadata":{"name":"default"}}"""u8.ToArray()));
        foreach (var (path, json) in _isBare ? [] : FuzzBodies.All)
        {
            await SendAsync(new FuzzRequest("POST", path, "application/json", json));
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
        {
            await _host.DisposeAsync();
        }
    }

    /// <summary>Sends a request and throws unless it was answered as it should: no crash, no 5xx, bounded
    /// memory.</summary>
    public async Task<RawAnswer> CheckAsync(FuzzRequest request)
    {
        var before = GC.GetTotalAllocatedBytes();
        var answer = await SendAsync(request);
        var allocated = GC.GetTotalAllocatedBytes() - before;
        var text = Encoding.UTF8.GetString(answer.Body);

        // A HEAD's answer does not say why; the same GET does.
        if (answer.Status >= 500
            && answer.Status != 501
            && request.Method != "HEAD"
            && !UpstreamsOwn.Any(u => text.Contains(u, StringComparison.Ordinal))
            && !IsNonsenseToStrategicMerge(request, text))
        {
            throw new InvalidOperationException($"{answer.Status} {text}\n{request}");
        }

        if (allocated > MaxAllocatedBytes)
        {
            throw new InvalidOperationException($"{allocated} bytes allocated\n{request}");
        }

        return answer;
    }

    /// <summary>Upstream answers a strategic merge that makes no sense with a 500 that gives no reason.</summary>
    private static bool IsNonsenseToStrategicMerge(FuzzRequest request, string answer) =>
        request.ContentType.StartsWith("application/strategic-merge-patch+json", StringComparison.Ordinal)
        && !answer.Contains(StatusReasons.InternalError, StringComparison.Ordinal);

    /// <summary>A connection each: what a broken request leaves on one is not the next request's business.</summary>
    internal async Task<RawAnswer> SendAsync(FuzzRequest request)
    {
        using var client = new RawHttpClient(Host.Address.Host, Host.Address.Port);
        List<KeyValuePair<string, string>> headers =
        [
            new("Host", "fuzz"), new("Authorization", $"Bearer {GoldenHost.Token}"), new("Connection", "close"),
        ];
        if (request.ContentType.Length > 0)
        {
            headers.Add(new("Content-Type", request.ContentType));
        }

        if (request.Accept is { } accept)
        {
            headers.Add(new("Accept", accept));
        }

        // A watch goes on as long as it was told to, but one that fails says why at once.
        if (request.Method == "GET" && request.Path.Contains("watch", StringComparison.OrdinalIgnoreCase) &&
            await client.SendForHeadAsync(request.Method, request.Path, headers) is { Status: < 500 } head)
        {
            return head;
        }

        return await client.SendAsync(
            request.Method, request.Path, headers, request.Body.Length > 0 ? request.Body : null);
    }
}
