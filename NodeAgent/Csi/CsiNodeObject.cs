using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Csi.V1;
using OrleansOrchestrator.NodeAgent.Plugins;

namespace OrleansOrchestrator.NodeAgent.Csi;

/// <summary>
/// Tells the cluster which drivers the node has: by its CSINode, by an annotation of its Node, and by the labels that
/// say where the node is to its drivers. As upstream does it; labels stay when a driver goes.
/// </summary>
public sealed class CsiNodeObject(IClusterApi api, NodeAgentOptions options)
{
    private const string IdAnnotation = "csi.volume.kubernetes.io/nodeid";

    /// <summary>Each write follows from what was read before it.</summary>
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>Adds or changes a driver. Throws a <see cref="PluginException"/> when it cannot be.</summary>
    public async Task InstallAsync(string driver, NodeGetInfoResponse info, CancellationToken cancellationToken)
    {
        if (info.NodeId.Length == 0)
        {
            throw new PluginException("error adding CSI driver node info: driverNodeID must not be empty");
        }

        await _turn.WaitAsync(cancellationToken);
        try
        {
            var node = await NodeAsync(cancellationToken);
            await PatchNodeAsync(node, NodePatch(node, driver, info), cancellationToken);
            await WriteAsync(node, Entry(driver, info), cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Changes what the CSINode says of a driver; one of which it says nothing has gone meanwhile.</summary>
    public async Task UpdateAsync(string driver, NodeGetInfoResponse info, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            var known = await api.GetCsiNodeAsync(options.NodeName, cancellationToken);
            if (known?.Spec.Drivers?.FirstOrDefault(d => d.Name == driver) is { } before)
            {
                await ChangeAsync(before, Entry(driver, info), cancellationToken);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    public async Task UninstallAsync(string driver, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            var known = await api.GetCsiNodeAsync(options.NodeName, cancellationToken);
            if (known?.Spec.Drivers?.Any(d => d.Name == driver) == true)
            {
                var gone = new JsonObject { ["$patch"] = "delete", ["name"] = driver };
                await api.PatchCsiNodeAsync(options.NodeName, DriverPatch(gone), cancellationToken);
            }

            var node = await NodeAsync(cancellationToken);
            var ids = Ids(node);
            if (ids.Remove(driver))
            {
                await PatchNodeAsync(node, new JsonObject { ["annotations"] = Annotation(ids) }, cancellationToken);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Makes the CSINode of a node that has none: one without drivers is also something to know.</summary>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (await api.GetCsiNodeAsync(options.NodeName, cancellationToken) is null)
            {
                await api.CreateCsiNodeAsync(Fresh(await NodeAsync(cancellationToken), []), cancellationToken);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task WriteAsync(V1Node node, V1CSINodeDriver entry, CancellationToken cancellationToken)
    {
        if (await api.GetCsiNodeAsync(options.NodeName, cancellationToken) is not { } known)
        {
            await api.CreateCsiNodeAsync(Fresh(node, [entry]), cancellationToken);
        }
        else
        {
            await ChangeAsync(known.Spec.Drivers?.FirstOrDefault(d => d.Name == entry.Name), entry, cancellationToken);
        }
    }

    private Task ChangeAsync(V1CSINodeDriver? before, V1CSINodeDriver entry, CancellationToken cancellationToken) =>
        before is not null && IsSame(before, entry)
            ? Task.CompletedTask
            : api.PatchCsiNodeAsync(options.NodeName, DriverPatch(ToJson(entry)), cancellationToken);

    private async Task<V1Node> NodeAsync(CancellationToken cancellationToken) =>
        await api.GetNodeAsync(options.NodeName, cancellationToken)
            ?? throw new PluginException($"error updating node: nodes \"{options.NodeName}\" not found");

    private Task PatchNodeAsync(V1Node node, JsonObject metadata, CancellationToken cancellationToken) =>
        metadata.Count == 0
            ? Task.CompletedTask
            : api.PatchNodeAsync(
                node.Metadata.Name, new JsonObject { ["metadata"] = metadata }.ToJsonString(), status: false,
                cancellationToken);

    private static JsonObject NodePatch(V1Node node, string driver, NodeGetInfoResponse info)
    {
        var patch = new JsonObject();
        var ids = Ids(node);
        if (ids.GetValueOrDefault(driver) != info.NodeId)
        {
            ids[driver] = info.NodeId;
            patch["annotations"] = Annotation(ids);
        }

        var labels = new JsonObject();
        foreach (var (key, value) in Topology(info))
        {
            if (node.Metadata.Labels is not { } has || !has.TryGetValue(key, out var known))
            {
                labels[key] = value;
            }
            else if (known != value)
            {
                throw new PluginException(
                    "error updating Node object with CSI driver node info: error updating node: detected topology " +
                    $"value collision: driver reported {GoQuotes.Quote(key)}:{GoQuotes.Quote(value)} but existing " +
                    $"label is {GoQuotes.Quote(key)}:{GoQuotes.Quote(known)}");
            }
        }

        if (labels.Count > 0)
        {
            patch["labels"] = labels;
        }

        return patch;
    }

    private static SortedDictionary<string, string> Ids(V1Node node)
    {
        var ids = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (node.Metadata.Annotations?.TryGetValue(IdAnnotation, out var text) == true && text.Length > 0)
        {
            foreach (var (name, id) in JsonNode.Parse(text)!.AsObject())
            {
                ids[name] = (string)id!;
            }
        }

        return ids;
    }

    private static JsonObject Annotation(SortedDictionary<string, string> ids) => new()
    {
        [IdAnnotation] = ids.Count == 0 ? null : System.Text.Json.JsonSerializer.Serialize(ids),
    };

    private V1CSINode Fresh(V1Node node, IList<V1CSINodeDriver> drivers) => new()
    {
        ApiVersion = "storage.k8s.io/v1",
        Kind = "CSINode",
        Metadata = new V1ObjectMeta
        {
            Name = options.NodeName,
            OwnerReferences =
            [
                new V1OwnerReference
                {
                    ApiVersion = "v1", Kind = "Node", Name = node.Metadata.Name, Uid = node.Metadata.Uid,
                },
            ],
        },
        Spec = new V1CSINodeSpec { Drivers = drivers },
    };

    /// <summary>A limit of zero is none.</summary>
    private static V1CSINodeDriver Entry(string driver, NodeGetInfoResponse info) => new()
    {
        Name = driver,
        NodeID = info.NodeId,
        TopologyKeys = [.. Topology(info).Keys],
        Allocatable = info.MaxVolumesPerNode > 0
            ? new V1VolumeNodeResources { Count = (int)Math.Min(info.MaxVolumesPerNode, int.MaxValue) }
            : null,
    };

    private static SortedDictionary<string, string> Topology(NodeGetInfoResponse info) =>
        new(info.AccessibleTopology?.Segments.ToDictionary() ?? [], StringComparer.Ordinal);

    private static bool IsSame(V1CSINodeDriver before, V1CSINodeDriver after) =>
        before.NodeID == after.NodeID && before.Allocatable?.Count == after.Allocatable?.Count
            && (before.TopologyKeys ?? []).ToHashSet(StringComparer.Ordinal).SetEquals(after.TopologyKeys);

    private static JsonObject ToJson(V1CSINodeDriver entry) => new()
    {
        ["name"] = entry.Name,
        ["nodeID"] = entry.NodeID,
        ["topologyKeys"] = new JsonArray([.. entry.TopologyKeys.Select(static k => JsonValue.Create(k))]),
        ["allocatable"] = entry.Allocatable is { } limit ? new JsonObject { ["count"] = limit.Count } : null,
    };

    private static string DriverPatch(JsonObject driver) => new JsonObject
    {
        ["spec"] = new JsonObject { ["drivers"] = new JsonArray(driver) },
    }.ToJsonString();
}
