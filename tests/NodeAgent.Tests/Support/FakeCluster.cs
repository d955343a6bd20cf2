using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Cluster;

namespace OrleansOrchestrator.NodeAgent.Tests.Support;

/// <summary>
/// The API as the node sees it, in memory: pods are put in directly, status patches are applied to them, and tests
/// wait for what they want to see instead of sleeping.
/// </summary>
internal sealed class FakeCluster : IClusterApi, IObjectReader, IReferenceTracker, IPodSource
{
    private readonly ConcurrentDictionary<string, V1Pod> _pods = new();
    private readonly ConcurrentDictionary<string, V1ConfigMap> _maps = new();
    private readonly ConcurrentDictionary<string, V1Secret> _secrets = new();
    private readonly ConcurrentDictionary<string, V1PersistentVolumeClaim> _claims = new();
    private readonly ConcurrentDictionary<string, V1PersistentVolume> _volumes = new();
    private readonly ConcurrentDictionary<string, V1RuntimeClass> _runtimeClasses = new();
    private readonly ConcurrentDictionary<string, Resourcev1ResourceClaim> _resourceClaims = new();
    private readonly ConcurrentDictionary<string, IReadOnlySet<ObjectReference>> _references = new();
    private readonly ConcurrentQueue<Corev1Event> _events = new();
    private V1Node? _made;
    private readonly TaskCompletionSource<V1Node> _registered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _uids;
    private int _revision;

    private Action<PodChange, V1Pod>? _listeners;

    public event Action<PodChange, V1Pod>? Changed
    {
        add
        {
            foreach (var pod in _pods.Values)
            {
                value?.Invoke(PodChange.Set, pod);
            }

            _listeners += value;
        }

        remove => _listeners -= value;
    }

    public event Action<string>? PodAffected;

    public Task Synced { get; } = Task.CompletedTask;

    public List<V1Service> Services { get; } = [];

    public IReadOnlyList<Corev1Event> Events => [.. _events];

    public int TokensIssued { get; private set; }

    /// <summary>The API is away, as far as tokens are concerned.</summary>
    public bool RefusesTokens { get; set; }

    /// <summary>The API does not answer at all.</summary>
    public bool IsAway { get; set; }

    /// <summary>Pods that the node deleted for good.</summary>
    public ConcurrentQueue<string> Deleted { get; } = new();

    /// <summary>Looks at the node at the moment when it lets an object go.</summary>
    public Func<V1Pod, Task>? Deleting { get; set; }

    public V1Pod Create(V1Pod pod)
    {
        pod.Metadata.Uid ??= $"00000000-0000-4000-8000-{Interlocked.Increment(ref _uids):D12}";
        pod.Metadata.NamespaceProperty ??= "default";
        pod.Metadata.ResourceVersion = Next();
        pod.Metadata.Generation = 1;
        pod.Status = new V1PodStatus { Phase = "Pending" };
        _pods[pod.Metadata.Uid] = pod;
        _listeners?.Invoke(PodChange.Set, pod);
        return pod;
    }

    /// <summary>Forgets the listeners of a node that has ended.</summary>
    public void Disconnect() => (_listeners, PodAffected) = (null, null);

    /// <summary>The object goes while the node is not looking.</summary>
    public void Vanish(V1Pod pod) => _pods.TryRemove(pod.Metadata.Uid, out _);

    public V1Pod Get(V1Pod pod) => _pods[pod.Metadata.Uid];

    /// <summary>The pod of that name; null when there is none.</summary>
    public V1Pod? Named(string name) => _pods.Values.FirstOrDefault(p => p.Metadata.Name == name);

    public bool Exists(V1Pod pod) => _pods.ContainsKey(pod.Metadata.Uid);

    /// <summary>What <c>kubectl delete</c> does to a bound pod.</summary>
    public void BeginDelete(V1Pod pod, long? graceSeconds = null)
    {
        var grace = graceSeconds ?? pod.Spec.TerminationGracePeriodSeconds ?? 30;
        Change(pod.Metadata.Uid, p => p with
        {
            Metadata = p.Metadata with
            {
                DeletionTimestamp = (TimeProvider.System.GetUtcNow() + Periods.Of(grace)).UtcDateTime,
                DeletionGracePeriodSeconds = grace,
            },
        });
    }

    /// <summary>What <c>kubectl delete --force --grace-period=0</c> does: the object is gone at once.</summary>
    public void ForceDelete(V1Pod pod)
    {
        if (_pods.TryRemove(pod.Metadata.Uid, out var last))
        {
            _listeners?.Invoke(PodChange.Removed, last with
            {
                Metadata = last.Metadata with
                {
                    DeletionTimestamp = TimeProvider.System.GetUtcNow().UtcDateTime,
                    DeletionGracePeriodSeconds = 0,
                },
            });
            Signal();
        }
    }

    public void Change(string uid, Func<V1Pod, V1Pod> change)
    {
        V1Pod changed;
        lock (_lock)
        {
            changed = change(_pods[uid]);
            changed = changed with { Metadata = changed.Metadata with { ResourceVersion = Next() } };
            _pods[uid] = changed;
        }

        _listeners?.Invoke(PodChange.Set, changed);
        Signal();
    }

    public void Put(V1ConfigMap map)
    {
        _maps[$"{map.Metadata.NamespaceProperty}/{map.Metadata.Name}"] = map;
        Affect(new ObjectReference("ConfigMap", map.Metadata.NamespaceProperty, map.Metadata.Name));
    }

    public void Put(V1Secret secret)
    {
        _secrets[$"{secret.Metadata.NamespaceProperty}/{secret.Metadata.Name}"] = secret;
        Affect(new ObjectReference("Secret", secret.Metadata.NamespaceProperty, secret.Metadata.Name));
    }

    public void Put(V1PersistentVolumeClaim claim) =>
        _claims[$"{claim.Metadata.NamespaceProperty}/{claim.Metadata.Name}"] = claim;

    /// <summary>Drivers of CSI, as the cluster knows them, by name.</summary>
    public ConcurrentDictionary<string, V1CSIDriver> CsiDrivers { get; } = new();

    /// <summary>Attachments of volumes by name.</summary>
    public ConcurrentDictionary<string, V1VolumeAttachment> Attachments { get; } = new();

    /// <summary>The node's CSINode as it was made.</summary>
    public V1CSINode? CsiNode { get; set; }

    /// <summary>Patches of the CSINode and of claims' status, in their order.</summary>
    public ConcurrentQueue<string> CsiNodePatches { get; } = new();

    public ConcurrentQueue<(string Claim, string Patch)> ClaimPatches { get; } = new();

    public Task<V1Secret?> ReadSecretAsync(
        string objectNamespace, string name, CancellationToken cancellationToken) =>
        GetSecretAsync(objectNamespace, name, cancellationToken);

    public Task<V1CSIDriver?> GetCsiDriverAsync(string name, CancellationToken cancellationToken)
    {
        RequireThere();
        return Task.FromResult(CsiDrivers.GetValueOrDefault(name));
    }

    public Task<V1VolumeAttachment?> GetVolumeAttachmentAsync(string name, CancellationToken cancellationToken)
    {
        RequireThere();
        return Task.FromResult(Attachments.GetValueOrDefault(name));
    }

    public Task<V1CSINode?> GetCsiNodeAsync(string name, CancellationToken cancellationToken)
    {
        RequireThere();
        return Task.FromResult(CsiNode);
    }

    public Task CreateCsiNodeAsync(V1CSINode node, CancellationToken cancellationToken)
    {
        CsiNode = node;
        Signal();
        return Task.CompletedTask;
    }

    public Task PatchCsiNodeAsync(string name, string patch, CancellationToken cancellationToken)
    {
        CsiNodePatches.Enqueue(patch);
        Signal();
        return Task.CompletedTask;
    }

    public Task PatchClaimStatusAsync(
        string objectNamespace, string name, string patch, CancellationToken cancellationToken)
    {
        RequireThere();
        ClaimPatches.Enqueue(($"{objectNamespace}/{name}", patch));
        Signal();
        return Task.CompletedTask;
    }

    /// <summary>Whose slices the node wanted to delete: <c>NODE/DRIVER</c>, of all drivers <c>NODE/</c>.</summary>
    public Channel<string> SliceDeletions { get; } = Channel.CreateUnbounded<string>();

    public Task DeleteResourceSlicesAsync(string node, string driver, CancellationToken cancellationToken)
    {
        try
        {
            RequireThere();
            return Task.CompletedTask;
        }
        finally
        {
            SliceDeletions.Writer.TryWrite($"{node}/{driver}");
        }
    }

    public void Put(V1RuntimeClass one) => _runtimeClasses[one.Metadata.Name] = one;

    public void Put(Resourcev1ResourceClaim claim) =>
        _resourceClaims[$"{claim.Metadata.NamespaceProperty}/{claim.Metadata.Name}"] = claim;

    public ConcurrentDictionary<string, V1ServiceAccount> Accounts { get; } = new();

    public Task<V1ServiceAccount?> GetServiceAccountAsync(
        string objectNamespace, string name, CancellationToken cancellationToken) =>
        Task.FromResult(Accounts.GetValueOrDefault(name));

    public Task<V1RuntimeClass?> GetRuntimeClassAsync(string name, CancellationToken cancellationToken)
    {
        RequireThere();
        return Task.FromResult(_runtimeClasses.GetValueOrDefault(name));
    }

    public Task<Resourcev1ResourceClaim?> GetResourceClaimAsync(
        string objectNamespace, string name, CancellationToken cancellationToken)
    {
        RequireThere();
        return Task.FromResult(_resourceClaims.GetValueOrDefault($"{objectNamespace}/{name}"));
    }

    public void Put(V1PersistentVolume volume) => _volumes[volume.Metadata.Name] = volume;

    /// <summary>How often somebody asked for a claim.</summary>
    public int ClaimReads { get; private set; }

    public Task<V1PersistentVolumeClaim?> GetClaimAsync(
        string objectNamespace, string name, CancellationToken cancellationToken)
    {
        RequireThere();
        ClaimReads++;
        return Task.FromResult(_claims.GetValueOrDefault($"{objectNamespace}/{name}"));
    }

    public Task<V1PersistentVolume?> GetVolumeAsync(string name, CancellationToken cancellationToken)
    {
        RequireThere();
        return Task.FromResult(_volumes.GetValueOrDefault(name));
    }

    /// <summary>Waits until a condition on a pod holds; fails with what the pod looks like then.</summary>
    public async Task<V1Pod> UntilAsync(V1Pod pod, Func<V1Pod, bool> holds, string what, int seconds = 30)
    {
        await UntilAsync(() => holds(Get(pod)), () => $"{what}: {KubernetesJson.Serialize(Get(pod).Status)}", seconds);
        return Get(pod);
    }

    /// <summary>Polling is for what the node does without telling the API: files and the runtime.</summary>
    public async Task UntilAsync(Func<bool> holds, Func<string> what, int seconds = 30, bool poll = false)
    {
        using var ticks = poll ? new Timer(_ => Signal(), null, 50, 50) : null;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        while (true)
        {
            var next = _changed.Task;
            if (holds())
            {
                return;
            }

            try
            {
                await next.WaitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                var events = string.Join("\n", _events.Select(e => $"{e.InvolvedObject.Name} {e.Reason}: {e.Message}"));
                throw new TimeoutException($"not within {seconds} s: {what()}\nevents:\n{events}");
            }
        }
    }

    public Task UntilEventAsync(V1Pod pod, string reason, string text = "", int seconds = 30) => UntilAsync(
        () => _events.Any(e => e.InvolvedObject.Uid == pod.Metadata.Uid && e.Reason == reason && e.Message.Contains(text, StringComparison.Ordinal)),
        () => $"event {reason} \"{text}\"", seconds);

    public Task<V1Pod?> PatchPodStatusAsync(V1Pod pod, string patch, CancellationToken cancellationToken)
    {
        RequireThere();
        V1Pod changed;
        lock (_lock)
        {
            if (!_pods.TryGetValue(pod.Metadata.Uid, out var current))
            {
                return Task.FromResult<V1Pod?>(null);
            }

            changed = current with
            {
                Status = Merge(current.Status, JsonNode.Parse(patch)!["status"]!.AsObject()),
                Metadata = current.Metadata with { ResourceVersion = Next() },
            };
            _pods[pod.Metadata.Uid] = changed;
        }

        _listeners?.Invoke(PodChange.Set, changed);
        Signal();
        return Task.FromResult<V1Pod?>(changed);
    }

    /// <summary>As the API does, it gives the pod a uid of its own.</summary>
    public Task<V1Pod> CreatePodAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        RequireThere();
        var isTaken = _pods.Values.Any(p => p.Metadata.Name == pod.Metadata.Name
            && p.Metadata.NamespaceProperty == pod.Metadata.NamespaceProperty);
        return isTaken
            ? throw new HttpRequestException($"pods \"{pod.Metadata.Name}\" already exists")
            : Task.FromResult(Create(pod with { Metadata = pod.Metadata with { Uid = null } }));
    }

    public async Task DeletePodAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        RequireThere();
        await (Deleting?.Invoke(pod) ?? Task.CompletedTask);
        if (_pods.TryRemove(pod.Metadata.Uid, out var gone))
        {
            Deleted.Enqueue(pod.Metadata.Name);
            _listeners?.Invoke(PodChange.Removed, gone);
            Signal();
        }
    }

    public Task<Authenticationv1TokenRequest> CreateTokenAsync(
        string serviceAccountNamespace, string serviceAccount, Authenticationv1TokenRequest request, CancellationToken cancellationToken)
    {
        RequireThere();
        if (RefusesTokens)
        {
            throw new HttpRequestException("the API is away");
        }

        request.Status = new V1TokenRequestStatus
        {
            Token = $"token-{++TokensIssued}-{serviceAccount}",
            ExpirationTimestamp = TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(request.Spec.ExpirationSeconds ?? 3600),
        };
        return Task.FromResult(request);
    }

    public Task CreateEventAsync(Corev1Event recorded, CancellationToken cancellationToken)
    {
        RequireThere();
        _events.Enqueue(recorded);
        Signal();
        return Task.CompletedTask;
    }

    public Task<bool> UpdateEventAsync(Corev1Event recorded, CancellationToken cancellationToken)
    {
        RequireThere();
        var known = _events.FirstOrDefault(e => e.Metadata.Name == recorded.Metadata.Name);
        if (known is not null)
        {
            known.Message = recorded.Message;
            known.LastTimestamp = recorded.LastTimestamp;
            known.Count = recorded.Count;
        }

        Signal();
        return Task.FromResult(known is not null);
    }

    /// <summary>The API keeps events for an hour.</summary>
    public void ForgetEvents() => _events.Clear();

    /// <summary>What the API has of the node, beyond what the agent knows from registering it.</summary>
    public V1Node? NewestNode { get; set; }

    public Task<V1Node?> GetNodeAsync(string name, CancellationToken cancellationToken) => Task.FromResult(NewestNode);

    /// <summary>The node as it was registered.</summary>
    public Task<V1Node> RegisteredNode => _registered.Task;

    public Task<V1Node> CreateNodeAsync(V1Node node, CancellationToken cancellationToken)
    {
        (_made, _) = (node, _registered.TrySetResult(node));
        return Task.FromResult(node);
    }

    /// <summary>Patches of nodes, in their order.</summary>
    public Channel<string> NodePatches { get; } = Channel.CreateUnbounded<string>();

    public Task<V1Node> PatchNodeAsync(string name, string patch, bool status, CancellationToken cancellationToken)
    {
        NodePatches.Writer.TryWrite(patch);
        return Task.FromResult(_made ?? new V1Node());
    }

    public Task<V1Lease?> GetLeaseAsync(string name, CancellationToken cancellationToken) =>
        Task.FromResult<V1Lease?>(null);

    public Task<V1Lease> WriteLeaseAsync(V1Lease lease, CancellationToken cancellationToken) => Task.FromResult(lease);

    public Task<V1ConfigMap?> GetConfigMapAsync(string objectNamespace, string name, CancellationToken cancellationToken) =>
        Task.FromResult(_maps.GetValueOrDefault($"{objectNamespace}/{name}"));

    public Task<V1Secret?> GetSecretAsync(string objectNamespace, string name, CancellationToken cancellationToken) =>
        Task.FromResult(_secrets.GetValueOrDefault($"{objectNamespace}/{name}"));

    public IReadOnlyList<V1Service> KnownServices => Services;

    public Task<IReadOnlyList<V1Service>> ListServicesAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<V1Service>>(Services);

    public void Track(string podUid, IReadOnlySet<ObjectReference> references) => _references[podUid] = references;

    private void RequireThere()
    {
        if (IsAway)
        {
            throw new HttpRequestException("the API is away");
        }
    }

    private static V1PodStatus Merge(V1PodStatus status, JsonObject patch)
    {
        var json = JsonNode.Parse(KubernetesJson.Serialize(status))!.AsObject();
        foreach (var (name, value) in patch)
        {
            json[name] = name == "conditions"
                ? MergeConditions(json[name] as JsonArray ?? [], value!.AsArray())
                : Without(value?.DeepClone());
        }

        return KubernetesJson.Deserialize<V1PodStatus>(json.ToJsonString());
    }

    private static JsonArray MergeConditions(JsonArray old, JsonArray changed)
    {
        var types = changed.Select(c => (string)c!["type"]!).ToHashSet();
        var all = changed.Where(c => c!["$patch"] is null).Concat(old.Where(c => !types.Contains((string)c!["type"]!)));
        return new JsonArray([.. all.Select(c => c!.DeepClone())]);
    }

    /// <summary>The replace directive has done its work: lists are replaced here anyway.</summary>
    private static JsonNode? Without(JsonNode? value)
    {
        if (value is JsonArray { Count: > 0 } list && list[0] is JsonObject first && first.ContainsKey("$patch"))
        {
            list.RemoveAt(0);
        }

        return value;
    }

    private string Next() => $"{Interlocked.Increment(ref _revision)}";

    private void Affect(ObjectReference reference)
    {
        foreach (var (uid, references) in _references.Where(r => r.Value.Contains(reference)))
        {
            PodAffected?.Invoke(uid);
        }
    }

    private void Signal()
    {
        lock (_lock)
        {
            var old = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            old.TrySetResult();
        }
    }
}
