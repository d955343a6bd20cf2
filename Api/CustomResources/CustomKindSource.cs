using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.ApiExtensions.CustomObjects;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.CustomResources;

/// <summary>
/// Keeps the catalogue of this silo in line with the CustomResourceDefinitions, whichever silo wrote them: it follows
/// their cache. Whoever asks for a kind that is not known has them read anew first, so that a kind that one silo
/// serves is never unknown to another; a kind that is gone takes its cache with it.
/// </summary>
public sealed partial class CustomKindSource(
    ResourceCatalog catalog,
    ObjectReader reader,
    ResourceCaches caches,
    IResourceClient client,
    WebhookConversions conversions,
    TimeProvider time,
    ILogger<CustomKindSource> logger) : BackgroundService
{
    private const string Source = "apiextensions.k8s.io";

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private Dictionary<string, Known> _known = new(StringComparer.Ordinal);
    private long _revision = -1;

    /// <summary>
    /// Brings the catalogue to where the definitions' cache is. Whoever saw a definition established, which was told
    /// out of that cache, finds its kind in what this silo says of its kinds.
    /// </summary>
    public void CatchUp()
    {
        if (caches.Find(WellKnown.CustomResourceDefinitions)?.Current is { } newest
            && newest.Revision > Volatile.Read(ref _revision))
        {
            Apply(newest);
        }
    }

    /// <summary>Reads the definitions as they are now; true when that changed the catalogue.</summary>
    public async ValueTask<bool> RefreshAsync(CancellationToken cancellationToken)
    {
        var before = catalog.Current;
        Apply(await reader.SnapshotAsync(
            WellKnown.CustomResourceDefinitions, ReadFreshness.Linearizable, cancellationToken));
        return !ReferenceEquals(before, catalog.Current);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested && !caches.IsClosed)
        {
            try
            {
                await FollowAsync(stoppingToken);
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

    private async Task FollowAsync(CancellationToken stoppingToken)
    {
        var isSynced = false;
        await foreach (var change in client.FollowAsync(WellKnown.CustomResourceDefinitions, stoppingToken))
        {
            isSynced |= ReferenceEquals(change, ResourceChange.Synced);
            if (isSynced)
            {
                Apply(await reader.SnapshotAsync(
                    WellKnown.CustomResourceDefinitions, ReadFreshness.Cached, stoppingToken));
            }
        }
    }

    private void Apply(CacheSnapshot snapshot)
    {
        lock (_lock)
        {
            if (snapshot.Revision <= _revision)
            {
                return;
            }

            var next = snapshot.Range().ToDictionary(i => i.Uid, Read, StringComparer.Ordinal);
            var gone = _known.Values.Select(k => k.Kind?.Name)
                .Except(next.Values.Select(k => k.Kind?.Name)).OfType<ResourceName>().ToList();
            _known = next;
            catalog.Set(
                Source,
                [
                    .. next.Values.Select(k => k.Kind).OfType<ResourceKind>()
                        .OrderBy(k => k.Name.ToString(), StringComparer.Ordinal),
                ]);
            Volatile.Write(ref _revision, snapshot.Revision);
            gone.ForEach(caches.Drop);
        }
    }

    /// <summary>The kind of a definition: the very same one as long as the definition is the same.</summary>
    private Known Read(ResourceObject item) =>
        _known.TryGetValue(item.Uid, out var known) && known.Revision == item.Revision
            ? known
            : new Known(
                item.Revision, CustomKinds.Of(item, conversions.Make) is { } kind ? catalog.Shown(kind) : null);

    [LoggerMessage(
        1, LogLevel.Warning, "The definitions of custom resources cannot be followed now; it is tried again.")]
    private static partial void LogFailed(ILogger logger, Exception failure);

    private sealed record Known(long Revision, ResourceKind? Kind);
}
