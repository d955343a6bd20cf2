using System.Text;
using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.Grains.GarbageCollection;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Aggregation;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Tests.GarbageCollection;

/// <summary>Another server, with boats in the default namespace, which deletes and patches as API servers do.</summary>
internal sealed class Boats
{
    private const string Group = "harbour.example.com";
    private const string Root = "/namespaces/default/boats/";

    private readonly SortedDictionary<string, JsonObject> _items = new(StringComparer.Ordinal);
    private long _revision;

    public Boats(FakeApis apis)
    {
        apis.Answer = Answer;
        apis.Discovered = new AggregatedDiscovery(
            [$"{Group}/v1"],
            [
                new AggregatedResource(new ResourceName(Group, "boats"), "v1", "Boat", IsNamespaced: true)
                {
                    Verbs = ["delete", "get", "list", "patch"],
                },
            ],
            []);
    }

    /// <summary>Why it does not answer; null when it does.</summary>
    public Status? Failure { get; set; }

    /// <summary>Called before a request is looked at.</summary>
    public Action<AggregatedRequest>? Before { get; set; }

    /// <summary>Changes so far.</summary>
    public long Writes => _revision;

    public IEnumerable<string> Names => _items.Keys;

    public JsonObject? Find(string name) => _items.GetValueOrDefault(name);

    public static V1OwnerReference Reference(string name, string uid, bool blocks = true) => new()
    {
        ApiVersion = $"{Group}/v1", Kind = "Boat", Name = name, Uid = uid, BlockOwnerDeletion = blocks,
    };

    /// <summary>Makes a boat; says its uid.</summary>
    public string Seed(string name, params V1OwnerReference[] owners)
    {
        var metadata = new JsonObject { ["name"] = name, ["namespace"] = "default", ["uid"] = $"boat-{name}" };
        Put(name, new JsonObject { ["metadata"] = metadata });
        Own(name, owners);
        return $"boat-{name}";
    }

    public void Own(string name, IEnumerable<V1OwnerReference> owners)
    {
        var references = owners.Select(static o => (JsonNode)new JsonObject
        {
            ["apiVersion"] = o.ApiVersion, ["kind"] = o.Kind, ["name"] = o.Name, ["uid"] = o.Uid,
            ["blockOwnerDeletion"] = o.BlockOwnerDeletion == true,
        });
        _items[name]["metadata"]!["ownerReferences"] = new JsonArray([.. references]);
        Put(name, _items[name]);
    }

    public void Delete(string name, string? policy)
    {
        var metadata = _items[name]["metadata"]!.AsObject();
        var finalizers = Finalizers(metadata).Where(static f => f is not ("orphan" or "foregroundDeletion"));
        var added = policy switch
        {
            "Foreground" => CollectionPlanner.ForegroundFinalizer,
            "Orphan" => CollectionPlanner.OrphanFinalizer,
            _ => null,
        };
        metadata["finalizers"] = new JsonArray(
            [.. finalizers.Append(added).OfType<string>().Select(static f => (JsonNode)f)]);
        metadata["deletionTimestamp"] = "2001-01-01T00:00:00Z";
        Put(name, _items[name]);
    }

    private static IEnumerable<string> Finalizers(JsonObject metadata) =>
        (metadata["finalizers"] as JsonArray ?? []).Select(static f => (string)f!);

    private void Put(string name, JsonObject item)
    {
        var metadata = item["metadata"]!.AsObject();
        metadata["resourceVersion"] = $"r{++_revision}";
        if (metadata["deletionTimestamp"] is not null && !Finalizers(metadata).Any())
        {
            _items.Remove(name);
        }
        else
        {
            _items[name] = item;
        }
    }

    private Outcome<ReadOnlyMemory<byte>> Answer(AggregatedRequest request)
    {
        Before?.Invoke(request);
        if (Failure is not null)
        {
            return Failure;
        }

        if (!request.Path.StartsWith(Root, StringComparison.Ordinal))
        {
            var items = new JsonArray([.. _items.Values.Select(static i => i.DeepClone())]);
            return Json(new JsonObject { ["items"] = items });
        }

        var name = request.Path[Root.Length..];
        if (!_items.TryGetValue(name, out var item))
        {
            return Refuse(404, "NotFound", $"boats.{Group} \"{name}\" not found");
        }

        if (request.Method == "GET")
        {
            return Json(item);
        }

        var body = JsonNode.Parse(Encoding.UTF8.GetString(request.Body.Span))!;
        var condition = request.Method == "DELETE" ? body["preconditions"] : body["metadata"];
        if ((string?)condition!["uid"] != (string?)item["metadata"]!["uid"]
            || (string?)condition["resourceVersion"] != (string?)item["metadata"]!["resourceVersion"])
        {
            return Refuse(409, "Conflict", "it has changed");
        }

        return request.Method == "DELETE"
            ? Deleted(name, (string?)body["propagationPolicy"])
            : Patched(name, item, body);
    }

    private Outcome<ReadOnlyMemory<byte>> Deleted(string name, string? policy)
    {
        Delete(name, policy);
        return Json([]);
    }

    private Outcome<ReadOnlyMemory<byte>> Patched(string name, JsonObject item, JsonNode patch)
    {
        foreach (var (field, value) in patch["metadata"]!.AsObject())
        {
            item["metadata"]![field] = value?.DeepClone();
        }

        Put(name, item);
        return Json(item);
    }

    private static Outcome<ReadOnlyMemory<byte>> Json(JsonObject value) =>
        (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(value.ToJsonString());

    private static Outcome<ReadOnlyMemory<byte>> Refuse(int code, string reason, string message) =>
        new Status { Code = code, Reason = reason, Message = message };
}
