namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>A subresource as discovery shows it.</summary>
/// <param name="Name">For example <c>status</c>.</param>
/// <param name="Verbs">For example get, patch, update.</param>
/// <param name="Kind">The kind it speaks, when not the resource's own: <c>Scale</c>, <c>Eviction</c>,
/// <c>PodExecOptions</c>.</param>
/// <param name="Group">Group of that kind; null for the resource's own.</param>
/// <param name="Version">Version of that kind; null for the resource's own.</param>
public sealed record SubresourceDefinition(
    string Name, IReadOnlyList<string> Verbs, string? Kind = null, string? Group = null, string? Version = null)
{
    /// <summary>It is the object itself, of which a write changes one part: <c>status</c>, <c>finalize</c>.</summary>
    public bool IsPartOfObject => Kind is null && Verbs.Contains("update");

    /// <summary>What is created is an answer only: no object changes, and nobody could watch it.</summary>
    public bool ChangesNothing { get; init; }

    /// <summary>The verbs of a subresource that is a part of its object.</summary>
    public static IReadOnlyList<string> GetPatchUpdate { get; } = ["get", "patch", "update"];

    public static SubresourceDefinition Status { get; } = new("status", GetPatchUpdate);

    public static SubresourceDefinition Scale { get; } = new("scale", GetPatchUpdate, "Scale", "autoscaling", "v1");
}
