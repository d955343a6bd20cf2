using System.Collections.Concurrent;
using k8s;
using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.Cluster;

/// <summary>
/// ConfigMaps and Secrets that pods of this node use, each followed by its own small watch while a pod needs it, so
/// that the node never sees others; and the Services, which every container's environment may list.
/// </summary>
public sealed class ObjectCache(
    IKubernetes client, TimeProvider time, ILogger<ObjectCache> logger) : BackgroundService, IObjectReader, IReferenceTracker
{
    private readonly ConcurrentDictionary<ObjectReference, Followed> _followed = new();
    private readonly ConcurrentDictionary<string, IReadOnlySet<ObjectReference>> _byPod = new();
    private readonly ConcurrentDictionary<string, V1Service> _services = new();
    private readonly TaskCompletionSource _servicesListed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stopping = new();

    public event Action<string>? PodAffected;

    public async Task<V1ConfigMap?> GetConfigMapAsync(
        string objectNamespace, string name, CancellationToken cancellationToken) =>
        (V1ConfigMap?)await GetAsync(new ObjectReference("ConfigMap", objectNamespace, name), cancellationToken);

    public async Task<V1Secret?> GetSecretAsync(
        string objectNamespace, string name, CancellationToken cancellationToken) =>
        (V1Secret?)await GetAsync(new ObjectReference("Secret", objectNamespace, name), cancellationToken);

    public Task<V1ServiceAccount?> GetServiceAccountAsync(
        string objectNamespace, string name, CancellationToken cancellationToken) =>
        KubeClusterApi.OrNullAsync(client.CoreV1.ReadNamespacedServiceAccountAsync(
            name, objectNamespace, cancellationToken: cancellationToken));

    public Task<V1PersistentVolumeClaim?> GetClaimAsync(
        string objectNamespace, string name, CancellationToken cancellationToken) =>
        KubeClusterApi.OrNullAsync(client.CoreV1.ReadNamespacedPersistentVolumeClaimAsync(
            name, objectNamespace, cancellationToken: cancellationToken));

    public Task<V1PersistentVolume?> GetVolumeAsync(string name, CancellationToken cancellationToken) =>
        KubeClusterApi.OrNullAsync(client.CoreV1.ReadPersistentVolumeAsync(name, cancellationToken: cancellationToken));

    public async Task<V1Secret?> ReadSecretAsync(
        string objectNamespace, string name, CancellationToken cancellationToken) =>
        (V1Secret?)await ReadAsync(new ObjectReference("Secret", objectNamespace, name), cancellationToken);

    public Task<V1CSIDriver?> GetCsiDriverAsync(string name, CancellationToken cancellationToken) =>
        KubeClusterApi.OrNullAsync(client.StorageV1.ReadCSIDriverAsync(name, cancellationToken: cancellationToken));

    public Task<V1VolumeAttachment?> GetVolumeAttachmentAsync(string name, CancellationToken cancellationToken) =>
        KubeClusterApi.OrNullAsync(client.StorageV1.ReadVolumeAttachmentAsync(
            name, cancellationToken: cancellationToken));

    public Task<V1RuntimeClass?> GetRuntimeClassAsync(string name, CancellationToken cancellationToken) =>
        KubeClusterApi.OrNullAsync(client.NodeV1.ReadRuntimeClassAsync(name, cancellationToken: cancellationToken));

    public Task<Resourcev1ResourceClaim?> GetResourceClaimAsync(
        string objectNamespace, string name, CancellationToken cancellationToken) =>
        KubeClusterApi.OrNullAsync(client.ResourceV1.ReadNamespacedResourceClaimAsync(
            name, objectNamespace, cancellationToken: cancellationToken));

    public async Task<IReadOnlyList<V1Service>> ListServicesAsync(CancellationToken cancellationToken)
    {
        await _servicesListed.Task.WaitAsync(cancellationToken);
        return KnownServices;
    }

    public IReadOnlyList<V1Service> KnownServices => [.. _services.Values];

    /// <summary>Says what a pod refers to; what nobody refers to any more is no longer followed.</summary>
    public void Track(string podUid, IReadOnlySet<ObjectReference> references)
    {
        if (references.Count == 0)
        {
            _byPod.TryRemove(podUid, out _);
        }
        else
        {
            _byPod[podUid] = references;
        }

        var needed = _byPod.Values.SelectMany(r => r).ToHashSet();
        foreach (var reference in _followed.Keys.Where(k => !needed.Contains(k)))
        {
            if (_followed.TryRemove(reference, out var gone))
            {
                gone.Stop();
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var services = new Reflector<V1Service>("services", time, logger)
        {
            List = async token =>
            {
                var list = await client.CoreV1.ListServiceForAllNamespacesAsync(cancellationToken: token);
                return new ObjectList<V1Service>([.. list.Items], list.Metadata.ResourceVersion);
            },
            Watch = (revision, onError, token) => client.CoreV1.WatchListServiceForAllNamespacesAsync(
                resourceVersion: revision,
                allowWatchBookmarks: true,
                timeoutSeconds: Reflector<V1Service>.WatchSeconds,
                onError: onError,
                cancellationToken: token),
            Replaced = ReplaceServices,
            Changed = ChangeService,
        };
        await services.RunAsync(stoppingToken);
        await _stopping.CancelAsync();
    }

    private void ReplaceServices(IReadOnlyList<V1Service> services)
    {
        _services.Clear();
        foreach (var service in services)
        {
            ChangeService(WatchEventType.Modified, service);
        }

        _servicesListed.TrySetResult();
    }

    private void ChangeService(WatchEventType type, V1Service service)
    {
        var key = $"{service.Metadata.NamespaceProperty}/{service.Metadata.Name}";
        if (type == WatchEventType.Deleted)
        {
            _services.TryRemove(key, out _);
        }
        else
        {
            _services[key] = service;
        }
    }

    /// <summary>
    /// What is not there as far as the watch has told is looked up before somebody starts without it: it may have been
    /// made a moment before the pod.
    /// </summary>
    private async Task<IKubernetesObject<V1ObjectMeta>?> GetAsync(
        ObjectReference reference, CancellationToken cancellationToken) =>
        await Follow(reference).GetAsync(cancellationToken) ?? await ReadAsync(reference, cancellationToken);

    private async Task<IKubernetesObject<V1ObjectMeta>?> ReadAsync(
        ObjectReference reference, CancellationToken cancellationToken) => reference.Kind == "ConfigMap"
            ? await KubeClusterApi.OrNullAsync(client.CoreV1.ReadNamespacedConfigMapAsync(
                reference.Name, reference.Namespace, cancellationToken: cancellationToken))
            : await KubeClusterApi.OrNullAsync(client.CoreV1.ReadNamespacedSecretAsync(
                reference.Name, reference.Namespace, cancellationToken: cancellationToken));

    private Followed Follow(ObjectReference reference)
    {
        if (_followed.TryGetValue(reference, out var known))
        {
            return known;
        }

        var fresh = new Followed();
        var stored = _followed.GetOrAdd(reference, fresh);
        if (stored == fresh)
        {
            fresh.Start(token => RunAsync(reference, fresh, token), _stopping.Token);
        }

        return stored;
    }

    private Task RunAsync(ObjectReference reference, Followed followed, CancellationToken cancellationToken)
    {
        var selector = $"metadata.name={reference.Name}";
        return reference.Kind == "ConfigMap"
            ? Single<V1ConfigMap>(
                reference,
                followed,
                async token =>
                {
                    var list = await client.CoreV1.ListNamespacedConfigMapAsync(
                        reference.Namespace, fieldSelector: selector, cancellationToken: token);
                    return new ObjectList<V1ConfigMap>([.. list.Items], list.Metadata.ResourceVersion);
                },
                (revision, onError, token) => client.CoreV1.WatchListNamespacedConfigMapAsync(
                    reference.Namespace, fieldSelector: selector, resourceVersion: revision, allowWatchBookmarks: true,
                    timeoutSeconds: Reflector<V1ConfigMap>.WatchSeconds, onError: onError, cancellationToken: token))
                .RunAsync(cancellationToken)
            : Single<V1Secret>(
                reference,
                followed,
                async token =>
                {
                    var list = await client.CoreV1.ListNamespacedSecretAsync(
                        reference.Namespace, fieldSelector: selector, cancellationToken: token);
                    return new ObjectList<V1Secret>([.. list.Items], list.Metadata.ResourceVersion);
                },
                (revision, onError, token) => client.CoreV1.WatchListNamespacedSecretAsync(
                    reference.Namespace, fieldSelector: selector, resourceVersion: revision, allowWatchBookmarks: true,
                    timeoutSeconds: Reflector<V1Secret>.WatchSeconds, onError: onError, cancellationToken: token))
                .RunAsync(cancellationToken);
    }

    private Reflector<T> Single<T>(
        ObjectReference reference,
        Followed followed,
        Func<CancellationToken, Task<ObjectList<T>>> list,
        Func<string, Action<Exception>, CancellationToken, IAsyncEnumerable<(WatchEventType, T)>> watch)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        new($"{reference.Kind} {reference.Namespace}/{reference.Name}", time, logger)
        {
            List = list,
            Watch = watch,
            Replaced = items => Set(reference, followed, items.Count > 0 ? items[0] : null),
            Changed = (type, item) => Set(reference, followed, type == WatchEventType.Deleted ? null : item),
        };

    private void Set(ObjectReference reference, Followed followed, IKubernetesObject<V1ObjectMeta>? value)
    {
        if (!followed.Set(value))
        {
            return;
        }

        foreach (var (uid, references) in _byPod)
        {
            if (references.Contains(reference))
            {
                PodAffected?.Invoke(uid);
            }
        }
    }

    /// <summary>One followed object: its newest version, known after the first list.</summary>
    private sealed class Followed
    {
        private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly CancellationTokenSource _stop = new();
        private volatile IKubernetesObject<V1ObjectMeta>? _value;

        public void Start(Func<CancellationToken, Task> run, CancellationToken stopping)
        {
            var linked = CancellationTokenSource.CreateLinkedTokenSource(stopping, _stop.Token);
            _ = run(linked.Token);
        }

        public void Stop() => _stop.Cancel();

        /// <summary>True when this changes what was known before.</summary>
        public bool Set(IKubernetesObject<V1ObjectMeta>? value)
        {
            var changed =
                _first.Task.IsCompleted && _value?.Metadata.ResourceVersion != value?.Metadata.ResourceVersion;
            _value = value;
            _first.TrySetResult();
            return changed;
        }

        public async Task<IKubernetesObject<V1ObjectMeta>?> GetAsync(CancellationToken cancellationToken)
        {
            await _first.Task.WaitAsync(cancellationToken);
            return _value;
        }
    }
}
