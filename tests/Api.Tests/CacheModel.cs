using System.Text;
using CsCheck;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Lists;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Tests;

/// <summary>
/// A random history of a few ConfigMaps, with the snapshot and the plain dictionary after every change.
/// </summary>
internal sealed class CacheModel
{
    private static readonly string[] Names = ["a", "b", "c", "d", "e"];
    private static readonly string[] Spaces = ["one", "two"];
    private static readonly string[] Labels = ["{}", "{\"w\":\"1\"}", "{\"w\":\"2\"}"];

    public static readonly ResourceDefinition Definition = BuiltInResources.Table.Find(WellKnown.ConfigMaps)!;

    /// <summary>One step: which object, and its new label (or deletion).</summary>
    public static Gen<(int Name, int Space, int Label)[]> Histories { get; } =
        Gen.Select(Gen.Int[0, 4], Gen.Int[0, 1], Gen.Int[0, 3]).Array[1, 40];

    public List<CacheSnapshot> Snapshots { get; } = [];

    public List<SortedDictionary<ObjectKey, ResourceObject>> States { get; } = [];

    public List<CacheEvent> Events { get; } = [];

    public static CacheModel Run(IEnumerable<(int Name, int Space, int Label)> steps)
    {
        var model = new CacheModel();
        var builder = CacheSnapshotBuilder.Load(new ObjectSnapshot(1, []), []).ToBuilder();
        model.Snapshots.Add(builder.Build());
        model.States.Add([]);
        foreach (var (name, space, label) in steps)
        {
            model.Step(builder, new ObjectKey(Spaces[space], Names[name]), label);
        }

        return model;
    }

    public static ObjectSelection Select(string inNamespace, string labels = "", string fields = "") =>
        ObjectSelection.Parse(Definition, inNamespace, "", labels, fields).Required;

    private void Step(CacheSnapshotBuilder builder, ObjectKey key, int label)
    {
        var revision = Snapshots[^1].Revision + 1;
        var state = new SortedDictionary<ObjectKey, ResourceObject>(States[^1]);
        var previous = state.GetValueOrDefault(key);
        var isDelete = label == Labels.Length;
        if (isDelete && previous is null)
        {
            return;
        }

        var labels = isDelete ? LabelsOf(previous!) : Labels[label];
        var json = $"{{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{{\"name\":\"{key.Name}\",\"namespace\":\"{key.Namespace}\",\"resourceVersion\":\"{revision}\",\"labels\":{labels}}}}}";
        var item = new ResourceObject(key, "u", revision, Encoding.UTF8.GetBytes(json));
        var kind = isDelete ? ChangeKind.Deleted : previous is null ? ChangeKind.Added : ChangeKind.Modified;
        var (change, _, _) = builder.Apply(new Change(kind, item) { PreviousRevision = previous?.Revision ?? 0 });
        if (isDelete)
        {
            state.Remove(key);
        }
        else
        {
            state[key] = item;
        }

        Events.Add(change);
        States.Add(state);
        Snapshots.Add(builder.Build());
    }

    private static string LabelsOf(ResourceObject item) =>
        item.Metadata.Labels.TryGetValue("w", out var value) ? $"{{\"w\":\"{value}\"}}" : "{}";
}
