using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Tests.Scheduling;

/// <summary>
/// The API as far as the scheduler and hollow nodes need it: objects in memory, changes in order, bindings under the
/// rule that a pod is assigned
/// once, status patches that merge conditions by type. Without validation.
/// </summary>
internal sealed class SchedulingApi : IResourceClient
{
    private readonly World _world;

    public SchedulingApi()
        : this(new World(), null)
    {
    }

    private SchedulingApi(World world, UserIdentity? user) => (_world, User) = (world, user);

    public UserIdentity? User { get; }

    /// <summary>Called before each write; an answer replaces it.</summary>
    public Func<string, ObjectKey, Status?> Intercept
    {
        set => _world.Intercept = value;
    }

    /// <summary>Names of users by what they wrote last: <c>verb resource</c>.</summary>
    public IReadOnlyDictionary<string, string> Writers => _world.Writers;

    public IResourceClient As(UserIdentity user) => new SchedulingApi(_world, user);

    public void Put(ResourceName resource, ResourceObject item) =>
        _world.Put(resource, JsonNode.Parse(item.Json.Span)!.AsObject());

    /// <summary>Ends what is followed, as a silo does that stops.</summary>
    public void EndFollowers() => _world.EndFollowers();

    public JsonObject? Find(ResourceName resource, ObjectKey key)
    {
        lock (_world.Lock)
        {
            return _world.Get(resource).GetValueOrDefault(key)?.Body;
        }
    }

    public IReadOnlyList<JsonObject> All(ResourceName resource)
    {
        lock (_world.Lock)
        {
            return [.. _world.Get(resource).Values.Select(s => s.Body)];
        }
    }

    /// <summary>Waits for a state of the world.</summary>
    public async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var changes = _world.Subscribe();
        while (true)
        {
            lock (_world.Lock)
            {
                if (condition())
                {
                    return;
                }
            }

            await changes.Reader.ReadAsync(limit.Token);
        }
    }

    public ValueTask<Outcome<ResourceObject>> GetAsync(
        ResourceName resource, ObjectKey key, ReadFreshness freshness, CancellationToken cancellationToken)
    {
        lock (_world.Lock)
        {
            return new(_world.Get(resource).TryGetValue(key, out var stored)
                ? stored.Object
                : StatusErrors.NotFound(resource, key.Name));
        }
    }

    public ValueTask<ResourceList> ListAsync(ListQuery query, CancellationToken cancellationToken)
    {
        lock (_world.Lock)
        {
            return new(new ResourceList(_world.Revision, [.. _world.Get(query.Resource).Values.Select(s => s.Object)]));
        }
    }

    public async IAsyncEnumerable<ResourceChange> FollowAsync(
        ResourceName resource, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Channel<(ResourceName Resource, ResourceChange Change)> channel;
        ResourceObject[] initial;
        lock (_world.Lock)
        {
            channel = _world.Subscribe();
            initial = [.. _world.Get(resource).Values.Select(s => s.Object)];
        }

        foreach (var item in initial)
        {
            yield return new ResourceChange { Kind = ChangeKind.Added, Object = item };
        }

        yield return ResourceChange.Synced;
        await foreach (var (from, change) in channel.Reader.ReadAllAsync(cancellationToken))
        {
            if (from == resource)
            {
                yield return change;
            }
        }
    }

    public ValueTask<Outcome<ResourceObject>> CreateAsync(CreateRequest request, CancellationToken cancellationToken)
    {
        var body = JsonNode.Parse(request.Json.Span)!.AsObject();
        var key = new ObjectKey(request.Namespace, request.Name);
        return Write(request.Subresource.Length > 0 ? request.Subresource : "create", request.Resource, key, () =>
            request.Subresource == "binding" ? Bind(key, body)
            : _world.Get(request.Resource).ContainsKey(key) ? StatusErrors.AlreadyExists(request.Resource, key.Name)
            : _world.Put(request.Resource, body));
    }

    public ValueTask<Outcome<ResourceObject>> UpdateAsync(UpdateRequest request, CancellationToken cancellationToken)
    {
        var body = JsonNode.Parse(request.Json.Span)!.AsObject();
        return Write("update", request.Resource, request.Key, () =>
        {
            if (!_world.Get(request.Resource).TryGetValue(request.Key, out var stored))
            {
                return StatusErrors.NotFound(request.Resource, request.Key.Name);
            }

            return Version(body) == Version(stored.Body)
                ? _world.Put(request.Resource, body)
                : StatusErrors.Modified(request.Resource, request.Key.Name);
        });

        static string? Version(JsonObject item) => item["metadata"]?["resourceVersion"]?.ToString();
    }

    public ValueTask<Outcome<ResourceObject>> PatchAsync(PatchRequest request, CancellationToken cancellationToken)
    {
        var patch = JsonNode.Parse(request.Patch.Span)!.AsObject();
        return Write("patch", request.Resource, request.Key, () =>
        {
            if (!_world.Get(request.Resource).TryGetValue(request.Key, out var stored))
            {
                return StatusErrors.NotFound(request.Resource, request.Key.Name);
            }

            var body = stored.Body.DeepClone().AsObject();
            Merge(body, patch);
            return _world.Put(request.Resource, body);
        });
    }

    public ValueTask<Outcome<ResourceObject>> DeleteAsync(DeleteRequest request, CancellationToken cancellationToken) =>
        Write("delete", request.Resource, request.Key, () =>
        {
            if (!_world.Get(request.Resource).TryGetValue(request.Key, out var stored))
            {
                return StatusErrors.NotFound(request.Resource, request.Key.Name);
            }

            if (request.GracePeriodSeconds == 0)
            {
                return _world.Remove(request.Resource, request.Key);
            }

            var body = stored.Body.DeepClone().AsObject();
            body["metadata"]!["deletionTimestamp"] = "2026-01-01T00:00:00Z";
            body["metadata"]!["deletionGracePeriodSeconds"] = 30;
            return _world.Put(request.Resource, body);
        });

    private Outcome<ResourceObject> Bind(ObjectKey key, JsonObject binding)
    {
        if (!_world.Get(WellKnown.Pods).TryGetValue(key, out var stored))
        {
            return StatusErrors.NotFound(WellKnown.Pods, key.Name);
        }

        var body = stored.Body.DeepClone().AsObject();
        if (body["spec"]!["nodeName"] is { } taken)
        {
            return StatusErrors.Conflict(
                WellKnown.Pods, key.Name, $"pod {key.Name} is already assigned to node \"{taken}\"");
        }

        body["spec"]!["nodeName"] = binding["target"]!["name"]!.GetValue<string>();
        return _world.Put(WellKnown.Pods, body);
    }

    private ValueTask<Outcome<ResourceObject>> Write(
        string verb, ResourceName resource, ObjectKey key, Func<Outcome<ResourceObject>> write)
    {
        lock (_world.Lock)
        {
            _world.Writers[$"{verb} {resource.Plural}"] = User?.Name ?? "";
            return new(_world.Intercept?.Invoke($"{verb} {resource.Plural}", key) is { } refusal ? refusal : write());
        }
    }

    private static void Merge(JsonObject target, JsonObject patch)
    {
        foreach (var (name, value) in patch)
        {
            if (value is null)
            {
                target.Remove(name);
            }
            else if (name == "conditions" && target[name] is JsonArray old)
            {
                MergeConditions(old, value.AsArray());
            }
            else if (value is JsonObject inner && target[name] is JsonObject existing)
            {
                Merge(existing, inner);
            }
            else
            {
                target[name] = value.DeepClone();
            }
        }
    }

    private static void MergeConditions(JsonArray old, JsonArray patch)
    {
        foreach (var condition in patch.Select(c => c!.AsObject()))
        {
            var known =
                old.FirstOrDefault(c => c!["type"]!.GetValue<string>() == condition["type"]!.GetValue<string>());
            if (known is null)
            {
                old.Add(condition.DeepClone());
            }
            else
            {
                Merge(known.AsObject(), condition);
            }
        }
    }

    private sealed record Stored(ResourceObject Object, JsonObject Body);

    private sealed class World
    {
        private readonly Dictionary<ResourceName, SortedDictionary<ObjectKey, Stored>> _objects = [];
        private readonly List<Channel<(ResourceName, ResourceChange)>> _followers = [];

        public Lock Lock { get; } = new();

        public long Revision { get; private set; }

        public Func<string, ObjectKey, Status?>? Intercept { get; set; }

        public Dictionary<string, string> Writers { get; } = [];

        public Channel<(ResourceName Resource, ResourceChange Change)> Subscribe()
        {
            lock (Lock)
            {
                var channel = Channel.CreateUnbounded<(ResourceName, ResourceChange)>();
                _followers.Add(channel);
                return channel;
            }
        }

        public void EndFollowers()
        {
            lock (Lock)
            {
                _followers.ForEach(static f => f.Writer.TryComplete());
            }
        }

        public SortedDictionary<ObjectKey, Stored> Get(ResourceName resource)
        {
            if (!_objects.TryGetValue(resource, out var objects))
            {
                _objects.Add(resource, objects = []);
            }

            return objects;
        }

        public ResourceObject Put(ResourceName resource, JsonObject body)
        {
            lock (Lock)
            {
                var metadata = body["metadata"]!.AsObject();
                var key = new ObjectKey(
                    metadata["namespace"]?.GetValue<string>() ?? "", metadata["name"]!.GetValue<string>());
                var isNew = !Get(resource).ContainsKey(key);
                metadata["resourceVersion"] = (++Revision).ToString(CultureInfo.InvariantCulture);
                metadata["uid"] ??= $"uid-{Revision}";
                var item = new ResourceObject(
                    key, metadata["uid"]!.GetValue<string>(), Revision, Encoding.UTF8.GetBytes(body.ToJsonString()));
                Get(resource)[key] = new Stored(item, body);
                Tell(resource, isNew ? ChangeKind.Added : ChangeKind.Modified, item);
                return item;
            }
        }

        public ResourceObject Remove(ResourceName resource, ObjectKey key)
        {
            var last = Get(resource)[key].Object;
            Get(resource).Remove(key);
            var deleted = new ResourceObject(key, last.Uid, ++Revision, last.Json);
            Tell(resource, ChangeKind.Deleted, deleted);
            return deleted;
        }

        private void Tell(ResourceName resource, ChangeKind kind, ResourceObject item)
        {
            foreach (var follower in _followers)
            {
                follower.Writer.TryWrite((resource, new ResourceChange { Kind = kind, Object = item }));
            }
        }
    }
}
