using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.TestKit;

/// <summary>The state behind <see cref="FakeResourceClient"/>.</summary>
internal sealed class FakeApi(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ResourceName, Collection> _collections = [];
    private long _uids;

    /// <summary>What caches that are behind have; null when they have what there is.</summary>
    private Dictionary<ResourceName, Dictionary<ObjectKey, ResourceObject>>? _view;

    public Func<ResourceName, ObjectKey, Status?>? BeforeRead { get; set; }

    public Func<FakeWrite, Status?>? BeforeWrite { get; set; }

    public Action<FakeWrite>? AfterWrite { get; set; }

    public Func<FakeWrite, Status?>? LoseAnswer { get; set; }

    public Action<ListQuery>? BeforeList { get; set; }

    public Func<CreateRequest, ResourceObject?>? Answer { get; set; }

    public long Writes { get; private set; }

    public static JsonObject Parse(ReadOnlyMemory<byte> json) => JsonNode.Parse(json.Span)!.AsObject();

    /// <summary>From now on caches have what there is now, and nothing that comes later.</summary>
    public void HoldView()
    {
        lock (_lock)
        {
            _view = _collections.ToDictionary(
                static c => c.Key, static c => new Dictionary<ObjectKey, ResourceObject>(c.Value.Objects));
        }
    }

    public Outcome<ResourceObject> Get(
        ResourceName resource, ObjectKey key, ReadFreshness freshness = ReadFreshness.Linearizable)
    {
        lock (_lock)
        {
            return Seen(resource, freshness).TryGetValue(key, out var found)
                ? found
                : StatusErrors.NotFound(resource, key.Name);
        }
    }

    public ResourceList List(ListQuery query)
    {
        lock (_lock)
        {
            var collection = In(query.Resource);
            IEnumerable<ResourceObject> items = Seen(query.Resource, query.Freshness).Values;
            if (query.OwnerUid is { } seen && IsBehind(query.Freshness))
            {
                items = items.Where(i => i.Metadata.Owners.Any(o => o.Uid == seen));
            }
            else if (query.OwnerUid is { } owner)
            {
                items =
                    collection.ByOwner.TryGetValue(owner, out var keys) ? keys.Select(k => collection.Objects[k]) : [];
            }

            var labels = LabelSelector.Parse(query.LabelSelector).Required;
            var fields = query.FieldSelector.Length == 0
                ? FieldSelector.Everything
                : FieldSelector.Parse(query.FieldSelector, BuiltInResources.Table.Find(query.Resource)!).Required;
            return new ResourceList(collection.Revision, [.. items.Where(i =>
                (query.Namespace.Length == 0 || i.Key.Namespace == query.Namespace)
                && labels.Matches(i.Metadata.Labels)
                && (query.NotOwnedBy is not { } notOwner || i.Metadata.Owners.All(o => o.Uid != notOwner))
                && fields.Matches(i))]);
        }
    }

    private bool IsBehind(ReadFreshness freshness) => _view is not null && freshness == ReadFreshness.Cached;

    private IReadOnlyDictionary<ObjectKey, ResourceObject> Seen(ResourceName resource, ReadFreshness freshness) =>
        !IsBehind(freshness) ? In(resource).Objects
            : _view!.GetValueOrDefault(resource) ?? new Dictionary<ObjectKey, ResourceObject>();

    public (IReadOnlyList<ResourceObject> Items, ChannelReader<ResourceChange> Changes) Follow(ResourceName resource)
    {
        lock (_lock)
        {
            var collection = In(resource);
            var channel = Channel.CreateUnbounded<ResourceChange>();
            collection.Followers.Add(channel.Writer);
            return ([.. collection.Objects.Values], channel.Reader);
        }
    }

    /// <summary>Ends what is followed, as a silo does that stops.</summary>
    public void EndFollowers()
    {
        lock (_lock)
        {
            foreach (var follower in _collections.Values.SelectMany(static c => c.Followers))
            {
                follower.TryComplete();
            }
        }
    }

    /// <summary>Stores an object as it is, whatever was there.</summary>
    public Outcome<ResourceObject> Put(ResourceName resource, JsonObject body)
    {
        lock (_lock)
        {
            var metadata = Metadata(body);
            var key = new ObjectKey(Text(metadata, "namespace"), Text(metadata, "name"));
            var old = In(resource).Objects.GetValueOrDefault(key);
            metadata["uid"] ??= old?.Uid ?? $"uid-{++_uids}";
            return Commit(
                new FakeWrite("put", resource, key, ""), old is null ? ChangeKind.Added : ChangeKind.Modified, body,
                old);
        }
    }

    public Outcome<ResourceObject> Create(CreateRequest request, bool keepStatus = false)
    {
        lock (_lock)
        {
            if (request.Subresource == "binding")
            {
                return Bind(request);
            }

            var body = Parse(request.Json);
            var metadata = Metadata(body);
            var name = Text(metadata, "name");
            name = name.Length > 0 ? name : $"{Text(metadata, "generateName")}{++_uids:x5}";
            var key = new ObjectKey(request.Namespace, name);
            var write = new FakeWrite("create", request.Resource, key, "") { Create = request };
            if (BeforeWrite?.Invoke(write) is { } refused)
            {
                return refused;
            }

            if (Refuse(request.Resource, key) is { } problem)
            {
                return problem;
            }

            metadata["name"] = name;
            SetOrRemove(metadata, "namespace", key.Namespace.Length == 0 ? null : key.Namespace);
            metadata["uid"] = $"uid-{++_uids}";
            metadata["creationTimestamp"] ??= Timestamp();
            metadata["generation"] = 1;
            if (!keepStatus && request.Resource != WellKnown.Nodes)
            {
                body["status"] =
                    request.Resource == WellKnown.Pods ? new JsonObject { ["phase"] = "Pending" } : new JsonObject();
            }

            return Commit(write, ChangeKind.Added, body, null);
        }
    }

    public Outcome<ResourceObject> Update(
        ResourceName resource, ObjectKey key, string subresource, Func<JsonObject, JsonObject> compute)
    {
        lock (_lock)
        {
            if (!In(resource).Objects.TryGetValue(key, out var old))
            {
                return StatusErrors.NotFound(resource, key.Name);
            }

            var before = Parse(old.Json);
            var next = compute(Parse(old.Json));
            var write = new FakeWrite("update", resource, key, subresource);
            if (BeforeWrite?.Invoke(write) is { } refused)
            {
                return refused;
            }

            if (Text(Metadata(next), "resourceVersion") is { Length: > 0 } version
                && version != old.Revision.ToString(CultureInfo.InvariantCulture))
            {
                return StatusErrors.Modified(resource, key.Name);
            }

            if (Text(Metadata(next), "uid") is { Length: > 0 } uid && uid != old.Uid)
            {
                return StatusErrors.Conflict(resource, key.Name, "Precondition failed: UID");
            }

            next = Prepare(before, next, subresource);
            if (IsGone(resource, next))
            {
                return Commit(write, ChangeKind.Deleted, next, old);
            }

            return JsonNode.DeepEquals(before, next) ? old : Commit(write, ChangeKind.Modified, next, old);
        }
    }

    public Outcome<ResourceObject> Delete(DeleteRequest request)
    {
        lock (_lock)
        {
            if (!In(request.Resource).Objects.TryGetValue(request.Key, out var old))
            {
                return StatusErrors.NotFound(request.Resource, request.Key.Name);
            }

            var write = new FakeWrite("delete", request.Resource, request.Key, "");
            if (BeforeWrite?.Invoke(write) is { } refused)
            {
                return refused;
            }

            if ((request.Uid is { } uid && uid != old.Uid)
                || (request.ResourceVersion is { } version && version != old.Revision.ToString(CultureInfo.InvariantCulture)))
            {
                return StatusErrors.Conflict(request.Resource, request.Key.Name, "Precondition failed");
            }

            return Delete(request, old, write);
        }
    }

    private Status? Refuse(ResourceName resource, ObjectKey key)
    {
        if (In(resource).Objects.ContainsKey(key))
        {
            return StatusErrors.AlreadyExists(resource, key.Name);
        }

        var isTerminating = key.Namespace.Length > 0
            && In(WellKnown.Namespaces).Objects.TryGetValue(new ObjectKey("", key.Namespace), out var home)
            && home.Metadata.DeletionTimestamp is not null;
        return !isTerminating ? null : StatusErrors.Forbidden(
            resource, key.Name, $"unable to create new content in namespace {key.Namespace} because it is being terminated") with
        {
            Details = new StatusDetails { Causes = [new StatusCause("NamespaceTerminating", $"namespace {key.Namespace} is being terminated", null)] },
        };
    }

    private Outcome<ResourceObject> Bind(CreateRequest request)
    {
        var target = Text(Parse(request.Json)["target"]!.AsObject(), "name");
        var key = new ObjectKey(request.Namespace, request.Name);
        if (In(WellKnown.Pods).Objects.TryGetValue(key, out var bound)
            && Text(Parse(bound.Json)["spec"]!.AsObject(), "nodeName") is { Length: > 0 } taken)
        {
            return StatusErrors.Conflict(
                WellKnown.Pods, key.Name, $"pod {key.Name} is already assigned to node \"{taken}\"");
        }

        return Update(WellKnown.Pods, key, "binding", pod =>
        {
            pod["spec"]!["nodeName"] = target;
            return pod;
        });
    }

    private static JsonObject Prepare(JsonObject before, JsonObject next, string subresource)
    {
        if (subresource is "status" or "approval")
        {
            var status = next["status"]?.DeepClone();
            var (annotations, finalizers) =
                (Metadata(next)["annotations"]?.DeepClone(), Metadata(next)["finalizers"]?.DeepClone());
            next = before.DeepClone().AsObject();
            SetOrRemove(next, "status", status);
            SetOrRemove(Metadata(next), "annotations", annotations);
            SetOrRemove(Metadata(next), "finalizers", finalizers);
        }
        else if (subresource != "finalize")
        {
            SetOrRemove(next, "status", before["status"]?.DeepClone());
        }

        var (old, metadata) = (Metadata(before), Metadata(next));
        foreach (var kept in new[] { "uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds", "namespace", "name" })
        {
            SetOrRemove(metadata, kept, old[kept]?.DeepClone());
        }

        SetOrRemove(metadata, "resourceVersion", old["resourceVersion"]?.DeepClone());
        if (subresource is "" && !JsonNode.DeepEquals(before["spec"], next["spec"]))
        {
            metadata["generation"] = metadata["generation"]!.GetValue<long>() + 1;
        }

        return next;
    }

    private Outcome<ResourceObject> Delete(DeleteRequest request, ResourceObject old, FakeWrite write)
    {
        var body = Parse(old.Json);
        if (request.IsExpiry)
        {
            return Commit(write, ChangeKind.Deleted, body, old);
        }

        var metadata = Metadata(body);
        var finalizers = (metadata["finalizers"] as JsonArray)?.Select(f => f!.GetValue<string>()).ToList() ?? [];
        if (request.PropagationPolicy is { } policy)
        {
            finalizers.RemoveAll(f => f is "foregroundDeletion" or "orphan");
            finalizers.AddRange(policy switch { "Foreground" => ["foregroundDeletion"], "Orphan" => ["orphan"], _ => Array.Empty<string>() });
            SetOrRemove(
                metadata,
                "finalizers",
                finalizers.Count == 0 ? null : new JsonArray([.. finalizers.Select(f => JsonValue.Create(f))]));
        }

        var isBoundPod = request.Resource == WellKnown.Pods && Text(body["spec"]!.AsObject(), "nodeName").Length > 0
            && Text(body["status"]?.AsObject() ?? [], "phase") is not ("Succeeded" or "Failed");
        var grace = isBoundPod ? request.GracePeriodSeconds ?? 30 : 0;
        var isNamespace =
            request.Resource == WellKnown.Namespaces && body["spec"]?["finalizers"] is JsonArray { Count: > 0 };
        if (grace == 0 && finalizers.Count == 0 && !isNamespace)
        {
            return Commit(write, ChangeKind.Deleted, body, old);
        }

        metadata["deletionTimestamp"] ??= Timestamp();
        metadata["deletionGracePeriodSeconds"] =
            Math.Min(grace, metadata["deletionGracePeriodSeconds"]?.GetValue<long>() ?? grace);
        if (isNamespace)
        {
            FakePatches.Merge(
                body, new JsonObject { ["status"] = new JsonObject { ["phase"] = "Terminating" } }, strategic: false);
        }

        return JsonNode.DeepEquals(Parse(old.Json), body) ? old : Commit(write, ChangeKind.Modified, body, old);
    }

    public void EndGracePeriod(ObjectKey pod)
    {
        lock (_lock)
        {
            if (In(WellKnown.Pods).Objects.TryGetValue(pod, out var old) && old.Metadata.DeletionTimestamp is not null)
            {
                Delete(new DeleteRequest { Resource = WellKnown.Pods, Key = pod, GracePeriodSeconds = 0 });
            }
        }
    }

    private static bool IsGone(ResourceName resource, JsonObject body)
    {
        var metadata = Metadata(body);
        var isDone = metadata["deletionTimestamp"] is not null
            && metadata["finalizers"] is not JsonArray { Count: > 0 }
            && (metadata["deletionGracePeriodSeconds"]?.GetValue<long>() ?? 0) == 0;
        return isDone
            && (resource != WellKnown.Namespaces || body["spec"]?["finalizers"] is not JsonArray { Count: > 0 });
    }

    private Outcome<ResourceObject> Commit(FakeWrite write, ChangeKind kind, JsonObject body, ResourceObject? old)
    {
        var collection = In(write.Resource);
        var revision = ++collection.Revision;
        Metadata(body)["resourceVersion"] = revision.ToString(CultureInfo.InvariantCulture);
        var item = new ResourceObject(
            write.Key, Text(Metadata(body), "uid"), revision, Encoding.UTF8.GetBytes(body.ToJsonString()));
        collection.Apply(kind, item, old);
        Writes++;
        foreach (var follower in collection.Followers)
        {
            follower.TryWrite(new ResourceChange { Kind = kind, Object = item, Previous = old });
        }

        AfterWrite?.Invoke(write);
        return LoseAnswer?.Invoke(write) is { } lost ? lost : item;
    }

    private Collection In(ResourceName resource)
    {
        if (!_collections.TryGetValue(resource, out var found))
        {
            _collections[resource] = found = new Collection();
        }

        return found;
    }

    private string Timestamp() =>
        time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static JsonObject Metadata(JsonObject body)
    {
        if (body["metadata"] is not JsonObject metadata)
        {
            body["metadata"] = metadata = [];
        }

        return metadata;
    }

    private static string Text(JsonObject body, string name) => body[name]?.GetValue<string>() ?? "";

    private static void SetOrRemove(JsonObject body, string name, JsonNode? value)
    {
        if (value is null)
        {
            body.Remove(name);
        }
        else
        {
            body[name] = value;
        }
    }

    private sealed class Collection
    {
        public long Revision { get; set; }

        public SortedDictionary<ObjectKey, ResourceObject> Objects { get; } = [];

        public Dictionary<string, SortedSet<ObjectKey>> ByOwner { get; } = new(StringComparer.Ordinal);

        public List<ChannelWriter<ResourceChange>> Followers { get; } = [];

        public void Apply(ChangeKind kind, ResourceObject item, ResourceObject? old)
        {
            foreach (var owner in old?.Metadata.Owners ?? [])
            {
                ByOwner[owner.Uid].Remove(old!.Key);
            }

            if (kind == ChangeKind.Deleted)
            {
                Objects.Remove(item.Key);
                return;
            }

            Objects[item.Key] = item;
            foreach (var owner in item.Metadata.Owners)
            {
                if (!ByOwner.TryGetValue(owner.Uid, out var keys))
                {
                    ByOwner[owner.Uid] = keys = [];
                }

                keys.Add(item.Key);
            }
        }
    }
}
