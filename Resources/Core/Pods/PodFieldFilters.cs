using OrleansOrchestrator.Resources.Kernel.Ownership;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>Which fields of a pod who writes one of its subresources can come to own.</summary>
internal static class PodFieldFilters
{
    private static readonly FieldFilter Status = FieldFilter.Without(
        FieldSet.Of(["spec"], ["metadata", "deletionTimestamp"], ["metadata", "ownerReferences"]));

    private static readonly FieldFilter EphemeralContainers = FieldFilter.Only(["spec", "ephemeralContainers"]);

    private static readonly FieldFilter Resize = FieldFilter.Only(
        ["spec", "containers", null, "resources"],
        ["spec", "containers", null, "resizePolicy"],
        ["spec", "initContainers", null, "resources"],
        ["spec", "initContainers", null, "resizePolicy"]);

    /// <summary>The fields; null where pods have no rule of their own.</summary>
    public static FieldFilter? Of(string subresource) => subresource switch
    {
        "status" => Status,
        "ephemeralcontainers" => EphemeralContainers,
        "resize" => Resize,
        _ => null,
    };
}
