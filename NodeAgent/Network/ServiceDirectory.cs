using System.Collections.Concurrent;
using k8s;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;

namespace OrleansOrchestrator.NodeAgent.Network;

/// <summary>A Service and the slices that belong to it, as of one moment.</summary>
public sealed record ServiceView(V1Service Service, IReadOnlyCollection<V1EndpointSlice> Slices);

/// <summary>
/// All Services of the cluster with their EndpointSlices, followed once for the proxy and for DNS. Whoever follows is
/// told the keys that changed; while the API is away,
/// what is known stays.
/// </summary>
public sealed class ServiceDirectory(
    IKubernetes client, TimeProvider time, ILogger<ServiceDirectory> logger) : BackgroundService
{
    private const string ServiceNameLabel = "kubernetes.io/service-name";

    private readonly ConcurrentDictionary<(string Namespace, string Name), V1Service> _services = new();
    private volatile ConcurrentDictionary<(string Namespace, string Name), ConcurrentDictionary<string, V1EndpointSlice>> _slices = new();
    private readonly TaskCompletionSource _servicesListed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _slicesListed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>
    /// Raised with namespace and name of a Service that changed, or whose endpoints did. Handlers only take note.
    /// </summary>
    public event Action<(string Namespace, string Name)>? Changed;

    /// <summary>
    /// Raised before <see cref="Changed"/> with a Service and a slice of it that came, is another version, or went
    /// (true). Handlers only take note.
    /// </summary>
    public event Action<(string Namespace, string Name), V1EndpointSlice, bool>? SliceChanged;

    /// <summary>Completes when both have been listed for the first time: only then is absence a fact.</summary>
    public Task ListedAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_servicesListed.Task, _slicesListed.Task).WaitAsync(cancellationToken);

    /// <summary>Every Service that is known.</summary>
    public ICollection<(string Namespace, string Name)> Keys => _services.Keys;

    /// <summary>One Service; null when there is none.</summary>
    public ServiceView? Find((string Namespace, string Name) key) =>
        _services.TryGetValue(key, out var service)
            ? new ServiceView(service, _slices.TryGetValue(key, out var slices) ? [.. slices.Values] : [])
            : null;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(FollowServicesAsync(stoppingToken), FollowSlicesAsync(stoppingToken));

    private Task FollowServicesAsync(CancellationToken cancellationToken) =>
        new Reflector<V1Service>("services", time, logger)
    {
        List = async token =>
        {
            var list = await client.CoreV1.ListServiceForAllNamespacesAsync(cancellationToken: token);
            return new ObjectList<V1Service>([.. list.Items], list.Metadata.ResourceVersion);
        },
        Watch = (revision, onError, token) => client.CoreV1.WatchListServiceForAllNamespacesAsync(
            resourceVersion: revision, allowWatchBookmarks: true, timeoutSeconds: Reflector<V1Service>.WatchSeconds,
            onError: onError, cancellationToken: token),
        Replaced = ReplaceServices,
        Changed = ChangeService,
    }.RunAsync(cancellationToken);

    private Task FollowSlicesAsync(CancellationToken cancellationToken) =>
        new Reflector<V1EndpointSlice>("endpointslices", time, logger)
    {
        List = async token =>
        {
            var list = await client.DiscoveryV1.ListEndpointSliceForAllNamespacesAsync(cancellationToken: token);
            return new ObjectList<V1EndpointSlice>([.. list.Items], list.Metadata.ResourceVersion);
        },
        Watch = (revision, onError, token) => client.DiscoveryV1.WatchListEndpointSliceForAllNamespacesAsync(
            resourceVersion: revision, allowWatchBookmarks: true, timeoutSeconds: Reflector<V1EndpointSlice>.WatchSeconds,
            onError: onError, cancellationToken: token),
        Replaced = ReplaceSlices,
        Changed = ChangeSlice,
    }.RunAsync(cancellationToken);

    /// <summary>All Services there are.</summary>
    public void ReplaceServices(IReadOnlyList<V1Service> services)
    {
        var present = services.Select(KeyOf).ToHashSet();
        foreach (var gone in _services.Keys.Where(k => !present.Contains(k)))
        {
            _services.TryRemove(gone, out _);
            Changed?.Invoke(gone);
        }

        foreach (var service in services)
        {
            ChangeService(WatchEventType.Modified, service);
        }

        _servicesListed.TrySetResult();
    }

    /// <summary>One Service came, changed or went.</summary>
    public void ChangeService(WatchEventType type, V1Service service)
    {
        if (type == WatchEventType.Deleted)
        {
            _services.TryRemove(KeyOf(service), out _);
        }
        else
        {
            _services[KeyOf(service)] = service;
        }

        Changed?.Invoke(KeyOf(service));
    }

    /// <summary>All slices there are.</summary>
    public void ReplaceSlices(IReadOnlyList<V1EndpointSlice> slices)
    {
        // Put in place whole: nobody may take a list that is being read for endpoints that are gone.
        var next =
            new ConcurrentDictionary<(string Namespace, string Name), ConcurrentDictionary<string, V1EndpointSlice>>();
        foreach (var slice in slices)
        {
            if (KeyOf(slice) is { } key)
            {
                next.GetOrAdd(key, _ => new ConcurrentDictionary<string, V1EndpointSlice>())[slice.Metadata.Name] =
                    slice;
            }
        }

        var before = _slices;
        _slices = next;
        foreach (var key in before.Keys.Union(next.Keys))
        {
            TellSlices(key, before.GetValueOrDefault(key), next.GetValueOrDefault(key));
            Changed?.Invoke(key);
        }

        _slicesListed.TrySetResult();
    }

    /// <summary>What went is told first, so that it takes nothing with it of what came.</summary>
    private void TellSlices(
        (string Namespace, string Name) key, ConcurrentDictionary<string, V1EndpointSlice>? before,
        ConcurrentDictionary<string, V1EndpointSlice>? now)
    {
        foreach (var slice in before?.Values.Where(s => now?.ContainsKey(s.Metadata.Name) != true) ?? [])
        {
            SliceChanged?.Invoke(key, slice, true);
        }

        foreach (var slice in now?.Values.Where(s => !IsSame(before?.GetValueOrDefault(s.Metadata.Name), s)) ?? [])
        {
            SliceChanged?.Invoke(key, slice, false);
        }
    }

    /// <summary>One slice came, changed or went.</summary>
    public void ChangeSlice(WatchEventType type, V1EndpointSlice slice)
    {
        if (KeyOf(slice) is not { } key)
        {
            return;
        }

        var ofService = _slices.GetOrAdd(key, _ => new ConcurrentDictionary<string, V1EndpointSlice>());
        var known = ofService.GetValueOrDefault(slice.Metadata.Name);
        if (type == WatchEventType.Deleted)
        {
            ofService.TryRemove(slice.Metadata.Name, out _);
        }
        else
        {
            ofService[slice.Metadata.Name] = slice;
        }

        if (type == WatchEventType.Deleted || !IsSame(known, slice))
        {
            SliceChanged?.Invoke(key, slice, type == WatchEventType.Deleted);
        }

        Changed?.Invoke(key);
    }

    private static bool IsSame(V1EndpointSlice? before, V1EndpointSlice now) =>
        before is not null && before.Metadata.ResourceVersion == now.Metadata.ResourceVersion;

    private static (string Namespace, string Name)? KeyOf(V1EndpointSlice slice) =>
        slice.Metadata.Labels is { } labels && labels.TryGetValue(ServiceNameLabel, out var service)
            ? (slice.Metadata.NamespaceProperty, service)
            : null;

    private static (string Namespace, string Name) KeyOf(V1Service service) =>
        (service.Metadata.NamespaceProperty, service.Metadata.Name);
}
