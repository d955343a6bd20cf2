using System.Collections.Frozen;
using k8s.Models;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Remote;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.ApiRegistration.ApiServices;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Aggregation;

/// <summary>Which group versions are served by others, as this silo's cache of APIServices has it.</summary>
public sealed class RemoteApiBook(ResourceCaches caches)
{
    /// <summary>The group of APIServices themselves, which nobody else can take.</summary>
    private const string OwnGroup = "apiregistration.k8s.io";

    private Page? _page;

    /// <summary>True when it is known that there are none now.</summary>
    public bool IsEmpty =>
        Volatile.Read(ref _page) is { All.Count: 0 } page && ReferenceEquals(page.Cache.Current, page.Snapshot);

    /// <summary>Who serves a group version; null when this server does, or nobody.</summary>
    public async ValueTask<RemoteApi?> FindAsync(string group, string version, CancellationToken cancellationToken) =>
        group is "" or OwnGroup ? null
            : (await PageAsync(cancellationToken)).ByVersion.GetValueOrDefault((group, version));

    /// <summary>All of them, in the order of names.</summary>
    public async ValueTask<IReadOnlyList<RemoteApi>> AllAsync(CancellationToken cancellationToken) =>
        (await PageAsync(cancellationToken)).All;

    /// <summary>All APIServices, and whether they say that their servers are available; none before anybody has read
    /// them.</summary>
    public IEnumerable<(string Name, bool IsAvailable)> Availability() =>
        (Volatile.Read(ref _page)?.Cache.Current.Range() ?? []).Select(
            static i => (i.Key.Name, IsAvailable(i.As<V1APIService>())));

    /// <summary>Two requests may read the same at once; either will do.</summary>
    private async ValueTask<Page> PageAsync(CancellationToken cancellationToken)
    {
        var cache = await caches.GetAsync(WellKnown.ApiServices, cancellationToken);
        var snapshot = cache.Current;
        var page = Volatile.Read(ref _page);
        if (page is null || !ReferenceEquals(page.Snapshot, snapshot))
        {
            var all = snapshot.Range().Select(static i => Entry.Of(i).Api).OfType<RemoteApi>().ToList();
            page = new Page(cache, snapshot, all, all.ToFrozenDictionary(static a => (a.Group, a.Version)));
            Volatile.Write(ref _page, page);
        }

        return page;
    }

    private static RemoteApi? Read(V1APIService item)
    {
        var spec = item.Spec;
        if (spec.Service is not { } service || string.IsNullOrEmpty(spec.Group) || spec.Group == OwnGroup)
        {
            return null;
        }

        var target = RemoteTarget.OfService(
            new ObjectKey(service.NamespaceProperty, service.Name), service.Port, null, spec.CaBundle);
        return new RemoteApi(
            spec.Group, spec.Version, new ApiPriority(spec.GroupPriorityMinimum, spec.VersionPriority),
            target with { IsInsecure = spec.InsecureSkipTLSVerify == true, IsBehindUs = true },
            IsAvailable(item));
    }

    private static bool IsAvailable(V1APIService item) =>
        item.Status?.Conditions?.Any(static c => c is { Type: "Available", Status: "True" }) == true;

    /// <summary>What an APIService says, read once: there is one for each of the kinds that definitions make.</summary>
    /// <param name="Api">Null for one that this server serves.</param>
    private sealed record Entry(RemoteApi? Api)
    {
        public static Entry Of(ResourceObject item) =>
            item.Facts(static i => new Entry(Read(i.As<V1APIService>())));
    }

    private sealed record Page(
        ResourceCache Cache, CacheSnapshot Snapshot, IReadOnlyList<RemoteApi> All,
        FrozenDictionary<(string Group, string Version), RemoteApi> ByVersion);
}
