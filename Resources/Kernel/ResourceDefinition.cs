using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// One row of the resource table: all that the generic machinery needs to know of a kind. Discovery, OpenAPI, tables,
/// storage, lists, watches and writes are driven by it.
/// </summary>
public sealed record ResourceDefinition
{
    public required ResourceName Name { get; init; }

    /// <summary>API version, for example <c>v1</c>; also the storage version.</summary>
    public required string Version { get; init; }

    public required string Kind { get; init; }

    /// <summary>Lower-case singular, for example <c>pod</c>.</summary>
    public required string Singular { get; init; }

    public bool Namespaced { get; init; } = true;

    public IReadOnlyList<string> ShortNames { get; init; } = [];

    public IReadOnlyList<string> Categories { get; init; } = [];

    /// <summary>The discovery verbs, in upstream's (alphabetical) order.</summary>
    public IReadOnlyList<string> Verbs { get; init; } =
        ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

    /// <summary>Subresources, for example <c>status</c> and <c>scale</c>.</summary>
    public IReadOnlyList<SubresourceDefinition> Subresources { get; init; } = [];

    /// <summary>The KubernetesClient model, for example <c>V1Pod</c>.</summary>
    public required Type Model { get; init; }

    public required IResourceStrategy Strategy { get; init; }

    /// <summary>Set when this row shows the objects of another resource in a group of its own.</summary>
    public IStoredForm? StoredForm { get; init; }

    /// <summary>The resource whose journal holds the objects: the row's own name, but for such views.</summary>
    public ResourceName Storage => StoredForm?.Resource ?? Name;

    /// <summary>Orleans grain type of the kind's object grain; <c>object</c> is the generic one.</summary>
    public string GrainType { get; init; } = "object";

    /// <summary>
    /// Text of the Warning header that every request for this resource gets; null when it is not deprecated.
    /// </summary>
    public string? DeprecationWarning { get; init; }

    /// <summary><c>v1</c> or <c>group/version</c>.</summary>
    public string ApiVersion => Name.Group.Length == 0 ? Version : $"{Name.Group}/{Version}";

    /// <summary>A stored object as this row shows it; the object itself, but for views.</summary>
    public ResourceObject Show(ResourceObject stored) =>
        StoredForm is { } form
            ? new ResourceObject(stored.Key, stored.Uid, stored.Revision, form.Show(stored.Json))
            : stored;

    public bool HasSubresource(string name) => Subresources.Any(s => s.Name == name);
}

/// <summary>A subresource as discovery shows it.</summary>
/// <param name="Name">For example <c>status</c>.</param>
/// <param name="Verbs">For example get, patch, update.</param>
/// <param name="Kind">The kind it speaks, when not the resource's own: <c>Scale</c>, <c>Eviction</c>,
/// <c>PodExecOptions</c>.</param>
/// <param name="Group">Group of that kind; null for the resource's own.</param>
/// <param name="Version">Version of that kind; null for the resource's own.</param>
public sealed record SubresourceDefinition(
    string Name, IReadOnlyList<string> Verbs, string? Kind = null, string? Group = null, string? Version = null);
