namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>
/// Which fields a write can come to own. What the kind resets (the status in writes of the object, all else in writes
/// of the status) belongs to nobody by such a write.
/// </summary>
public abstract class FieldFilter
{
    /// <summary>All but the status.</summary>
    public static FieldFilter NoStatus { get; } = Without(FieldSet.Of(["status"]));

    /// <summary>All but the spec.</summary>
    public static FieldFilter NoSpec { get; } = Without(FieldSet.Of(["spec"]));

    /// <summary>The status, mostly: all but the spec and the metadata.</summary>
    public static FieldFilter NoSpecNorMetadata { get; } = Without(FieldSet.Of(["spec"], ["metadata"]));

    /// <summary>All but these fields and what is below them.</summary>
    public static FieldFilter Without(FieldSet reset) => new Excluding(reset);

    /// <summary>
    /// Only what lies on or below one of these paths; a null in a path stands for any element of a list.
    /// </summary>
    public static FieldFilter Only(params string?[][] paths) => new Including(paths);

    public abstract FieldSet Keep(FieldSet set);

    private sealed class Excluding(FieldSet reset) : FieldFilter
    {
        public override FieldSet Keep(FieldSet set) => set.RecursiveDifference(reset);
    }

    private sealed class Including(IReadOnlyList<string?[]> paths) : FieldFilter
    {
        public override FieldSet Keep(FieldSet set) => Keep(set, paths, 0);

        private static FieldSet Keep(FieldSet set, IReadOnlyList<string?[]> paths, int depth) =>
            paths.Any(p => p.Length == depth) ? set : set.Select(entry =>
            {
                var ways = paths.Where(p => p[depth] is not { } name || entry.Element.FieldName == name).ToList();
                return ways.Count == 0 ? default : entry with
                {
                    Children = entry.Children is { } children ? Keep(children, ways, depth + 1) : null,
                };
            });
    }
}
