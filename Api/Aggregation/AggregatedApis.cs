using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Remote;
using OrleansOrchestrator.Interfaces.Aggregation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Aggregation;

/// <summary>
/// Asks servers of aggregated APIs for controllers, and this one for what it answers where there is no such server.
/// </summary>
internal sealed class AggregatedApis(
    RemoteApiBook book, RemoteDiscovery discovery, ServiceResolver services, RemoteConnections connections,
    ProxyCertificate certificate, IEnumerable<IOwnApi> own, TimeProvider time)
    : IAggregatedApis
{
    private readonly IOwnApi[] _own = [.. own];

    /// <summary>So often, and all at once: of several endpoints one may be gone. Upstream's number.</summary>
    private const int Attempts = 5;

    /// <summary>For lists and deletions, which take longer than discovery.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    public async ValueTask<AggregatedDiscovery> DiscoverAsync(CancellationToken cancellationToken)
    {
        var remote = await discovery.DiscoverAsync(cancellationToken);
        var served = Array.FindAll(_own, static o => o.IsServed);
        return served.Length == 0 ? remote : remote with
        {
            Versions = [.. remote.Versions, .. served.Select(static o => $"{o.Group}/{o.Version}")],
        };
    }

    /// <inheritdoc/>
    public async ValueTask<Outcome<ReadOnlyMemory<byte>>> SendAsync(
        AggregatedRequest request, CancellationToken cancellationToken)
    {
        var asked = request.Subject.Length == 0
            ? ""
            : $" ({request.Method.ToLowerInvariant()} {request.Subject})";
        if (await book.FindAsync(request.Group, request.Version, cancellationToken) is not { } api)
        {
            return request.Method == "GET" && Array.Find(
                    _own, o => o.IsServed && o.Group == request.Group && o.Version == request.Version) is { } mine
                ? await mine.GetAsync(request.Path, cancellationToken)
                : RemoteRefusal.Of(404, default, asked);
        }

        if (!api.IsAvailable)
        {
            return RemoteRefusal.Of(503, default, asked);
        }

        var target = api.Target with { ClientPem = await certificate.GetAsync(cancellationToken) };
        var question = new RemoteQuestion(
            new HttpMethod(request.Method), $"/apis/{api.GroupVersion}{request.Path}")
        {
            User = request.User, Accept = request.Accept, Body = request.Body, ContentType = request.ContentType,
            Timeout = Timeout,
        };
        var answer = await question.AskAsync(target, connections.Of(target), time, cancellationToken);
        return answer.Succeeded ? answer.Body
            : answer.Code == 0
                ? StatusErrors.ServiceUnavailable($"error trying to reach service: {answer.Failure}", 0)
                : RemoteRefusal.Of(answer.Code, answer.Body.Span, asked);
    }

    /// <inheritdoc/>
    public async ValueTask<string?> CheckAsync(AggregatedApi api, CancellationToken cancellationToken)
    {
        // Who owns the network can lie about more than this; a best effort, as upstream.
        var target = RemoteTarget.OfService(api.Service, api.Port, null, null) with
        {
            IsInsecure = true, IsBehindUs = true, ClientPem = await certificate.GetAsync(cancellationToken),
        };
        string? failure = null;
        await foreach (var attempt in Task.WhenEach(
            Enumerable.Range(0, Attempts).Select(_ => TryAsync(api, target, cancellationToken))))
        {
            failure = await attempt;
            if (failure is null)
            {
                break;
            }
        }

        return failure;
    }

    private async Task<string?> TryAsync(AggregatedApi api, RemoteTarget target, CancellationToken cancellationToken)
    {
        var place = await services.ResolveAsync(api.Service, api.Port, cancellationToken);
        if (!place.Succeeded)
        {
            return place.Error.Message;
        }

        var path = $"/apis/{api.Group}/{api.Version}";
        var (host, port) = (place.Value.Host, place.Value.Port);
        var authority = host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;
        var url = FormattableString.Invariant($"https://{authority}:{port}{path}");
        var answer = await new RemoteQuestion(HttpMethod.Get, path).AskAsync(
            target, connections.Of(target), time, cancellationToken);
        return answer.Succeeded ? null
            : answer.Code == 0
                ? $"failing or missing response from {url}: Get {GoText.Quote(url)}: {answer.Failure}"
                : FormattableString.Invariant(
                    $"failing or missing response from {url}: bad status from {url}: {answer.Code}");
    }
}
