using System.Text.Json;

namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>
/// What became of the fields of an object from one version to the next. No field is in more than one of the sets.
/// </summary>
/// <param name="Added">Fields that the next version has and this one has not.</param>
/// <param name="Modified">Fields of both that differ.</param>
/// <param name="Removed">Fields that the next version has no longer.</param>
internal sealed record FieldChanges(FieldSet Added, FieldSet Modified, FieldSet Removed)
{
    public static FieldChanges None { get; } = new(FieldSet.Empty, FieldSet.Empty, FieldSet.Empty);

    /// <summary>Added and modified.</summary>
    public FieldSet Set { get; } = Added.Union(Modified);

    /// <summary>Added, modified and removed.</summary>
    public FieldSet All => field ??= Set.Union(Removed);

    public bool IsEmpty => Set.IsEmpty && Removed.IsEmpty;

    /// <summary>Compares two versions; null when some element of a list can't be told from its siblings.</summary>
    public static FieldChanges? Between(JsonElement left, JsonElement right, OwnedType type)
    {
        var walk = FieldWalk.Rent();
        walk.Compare(left, right, type);
        return walk.Return();
    }

    /// <summary>The changes without those that a write does not own.</summary>
    public FieldChanges Where(FieldFilter? filter) =>
        filter is null ? this : new FieldChanges(filter.Keep(Added), filter.Keep(Modified), filter.Keep(Removed));
}
