using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Remote;
using OrleansOrchestrator.Interfaces.Aggregation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.Aggregation;

/// <summary>
/// Keeps what this silo knows of the discovery of other servers: each is asked when its APIServices change, and once a
/// minute. One that does not answer holds up nobody: what was known of it stays, and is called stale.
/// </summary>
public sealed partial class RemoteDiscovery(
    RemoteApiBook book, IResourceClient client, ResourceCaches caches, RemoteConnections connections,
    ProxyCertificate certificate, TimeProvider time, ILogger<RemoteDiscovery> logger)
    : BackgroundService, IRemoteVersions
{
    /// <summary>Servers that are asked at once.</summary>
    private const int MaxAtOnce = 8;

    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly WakeSignal _signal = new();

    private IReadOnlyDictionary<RemoteTarget, RemoteServer> _servers = new Dictionary<RemoteTarget, RemoteServer>();
    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Known _known = new([], AggregatedDiscovery.Nothing);

    /// <inheritdoc/>
    public IReadOnlyList<RemoteVersion> Current => _known.Versions;

    /// <summary>The same for controllers, who wait until all servers have been asked once.</summary>
    public async ValueTask<AggregatedDiscovery> DiscoverAsync(CancellationToken cancellationToken)
    {
        await _first.Task.WaitAsync(cancellationToken);
        return _known.Discovery;
    }

    /// <summary>Asks the servers whose turn it is; not to be called twice at a time.</summary>
    internal async Task RefreshAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var servers = new ConcurrentDictionary<RemoteTarget, RemoteServer>();
        var all = await book.AllAsync(cancellationToken);
        await Parallel.ForEachAsync(
            all.GroupBy(static a => a.Target),
            new ParallelOptions { MaxDegreeOfParallelism = MaxAtOnce, CancellationToken = cancellationToken },
            async (apis, token) =>
            {
                var known = _servers.GetValueOrDefault(apis.Key);
                servers[apis.Key] = known is not null && known.Asked.SequenceEqual(apis) && now - known.AskedAt < Period
                    ? known
                    : await AskAsync(apis.Key, [.. apis], known, now, token);
            });
        _servers = servers;
        Publish([.. all.Select(a => VersionOf(a, servers[a.Target]))], all, servers);
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(FollowForeverAsync(stoppingToken), RefreshForeverAsync(stoppingToken));

    private async Task FollowForeverAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested && !caches.IsClosed)
        {
            try
            {
                await foreach (var _ in client.FollowAsync(WellKnown.ApiServices, stoppingToken))
                {
                    _signal.Set();
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                LogFailed(logger, failure);
            }

            await Task.Delay(RetryDelay, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RefreshForeverAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested && !caches.IsClosed)
        {
            try
            {
                await _signal.WaitAsync(Period, time, stoppingToken);
                await RefreshAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                LogFailed(logger, failure);
                await Task.Delay(RetryDelay, time, stoppingToken)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task<RemoteServer> AskAsync(
        RemoteTarget target, IReadOnlyList<RemoteApi> apis, RemoteServer? known, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        var invoker = connections.Of(target with { ClientPem = await certificate.GetAsync(cancellationToken) });
        return await RemoteServer.AskAsync(
            apis, known, question => question.AskAsync(target, invoker, time, cancellationToken), now);
    }

    private static RemoteVersion VersionOf(RemoteApi api, RemoteServer server) =>
        new(api.Group, api.Version, api.Priority)
        {
            IsStale = server.IsStale || !api.IsAvailable,
            Resources = JsonTree.ToBytes(server.Document?.ResourcesOf(api.GroupVersion) ?? []),
            OpenApiUrl = server.OpenApi.GetValueOrDefault($"apis/{api.GroupVersion}"),
            OpenApiV2 = server.Swagger.Json,
        };

    private void Publish(
        IReadOnlyList<RemoteVersion> versions, IReadOnlyList<RemoteApi> apis,
        IReadOnlyDictionary<RemoteTarget, RemoteServer> servers)
    {
        var bestFirst = apis.OrderByDescending(static a => a.Priority.Version)
            .ThenBy(static a => a.Version, KubeVersion.BestFirst).ToList();
        var preferred = bestFirst.DistinctBy(static a => a.Group, StringComparer.Ordinal);
        var resources = preferred.SelectMany(
            a => servers[a.Target].Document?.Resources(a.Group, a.Version) ?? []).ToList();
        var stale = versions.Where(static v => v.IsStale).Select(static v => $"{v.Group}/{v.Version}")
            .Order(StringComparer.Ordinal).ToList();
        _known = new Known(
            IsSame(_known.Versions, versions) ? _known.Versions : versions,
            new AggregatedDiscovery([.. bestFirst.Select(static a => a.GroupVersion)], resources, stale));
        _first.TrySetResult();
    }

    private static bool IsSame(IReadOnlyList<RemoteVersion> before, IReadOnlyList<RemoteVersion> now) =>
        before.Count == now.Count && before.Zip(now).All(static p =>
            p.First with { Resources = default } == p.Second with { Resources = default }
            && p.First.Resources.Span.SequenceEqual(p.Second.Resources.Span));

    [LoggerMessage(
        1, LogLevel.Warning, "The discovery of aggregated APIs cannot be kept up to date now; it is tried again.")]
    private static partial void LogFailed(ILogger logger, Exception failure);

    private sealed record Known(IReadOnlyList<RemoteVersion> Versions, AggregatedDiscovery Discovery);
}
