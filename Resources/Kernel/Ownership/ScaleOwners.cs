using k8s.Models;

namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>
/// Owners of an object's replicas as owners of the replicas of its scale, and back (upstream's ScaleHandler). Who
/// writes the scale takes the replicas from the owners of the object's field; when that was is not kept.
/// </summary>
/// <param name="path">Where the object has its replicas.</param>
public sealed class ScaleOwners(string path)
{
    private const string ScaleVersion = "autoscaling/v1";

    private static readonly PathElement[] InScale = [PathElement.Field("spec"), PathElement.Field("replicas")];

    private readonly PathElement[] _inParent = [.. path.Split('.').Select(PathElement.Field)];

    /// <summary>The owners of a scale.</summary>
    /// <param name="parent">The owners of the object.</param>
    public ManagedFields ToScale(ManagedFields parent) => parent.Select(e =>
        e.Set.Has(_inParent)
            ? e.With(FieldSet.Of(InScale)) with { Owner = e.Owner with { ApiVersion = ScaleVersion } }
            : null);

    /// <summary>The owners of an object whose scale was written.</summary>
    /// <param name="parent">Its owners before.</param>
    /// <param name="scale">The owners of the scale now.</param>
    /// <param name="apiVersion">The version of the object.</param>
    public IList<V1ManagedFieldsEntry>? ToParent(ManagedFields parent, ManagedFields scale, string apiVersion)
    {
        var result = new List<ManagedEntry>();
        foreach (var entry in parent.Entries)
        {
            var isKept = !entry.Set.Has(_inParent) || scale.Find(entry.Owner) is not null;
            var left = isKept ? entry : entry.With(entry.Set.Difference(FieldSet.Of(_inParent)));
            if (isKept || !left.Set.IsEmpty)
            {
                result.Add(left);
            }
        }

        result.AddRange(
            from entry in scale.Entries
            where entry.Set.Has(InScale) && parent.Find(entry.Owner)?.Set.Has(_inParent) != true
            select new ManagedEntry(
                entry.Owner with { ApiVersion = apiVersion },
                FieldsV1.Of(FieldSet.Of(_inParent)),
                parent.Find(entry.Owner)?.Time));
        return ManagedFields.Encode(result);
    }
}
