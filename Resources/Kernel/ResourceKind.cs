using System.Runtime.CompilerServices;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// One row of the resource table: a kind of object, with all that the generic machinery needs to know of it. Discovery,
/// OpenAPI, tables, storage, lists, watches and writes are driven by it; none of them knows a kind by name.
/// </summary>
public sealed record ResourceKind
{
    private readonly IReadOnlyList<ResourceDefinition> _versions = [];

    /// <summary>Group and plural; the objects are in the journal of that name.</summary>
    public required ResourceName Name { get; init; }

    public required string Kind { get; init; }

    /// <summary>The kind of its lists.</summary>
    public string ListKind { get => field ?? $"{Kind}List"; init; }

    /// <summary>A CustomResourceDefinition makes it: its objects are written as upstream's unstructured ones.</summary>
    public bool IsCustom { get; init; }

    /// <summary>Upstream's server of it knows no standard finalizers: any name will do.</summary>
    public bool TakesAnyFinalizer { get; init; }

    /// <summary>The version in which upstream stores its objects; null for the one in which they are stored here.
    /// </summary>
    public string? UpstreamStorage { get; init; }

    /// <summary>Why no object of it may be created; null when objects may.</summary>
    public string? CreationRefusal { get; init; }

    /// <summary>Lower-case singular, for example <c>pod</c>.</summary>
    public required string Singular { get; init; }

    public bool Namespaced { get; init; } = true;

    public IReadOnlyList<string> ShortNames { get; init; } = [];

    public IReadOnlyList<string> Categories { get; init; } = [];

    /// <summary>The discovery verbs, in upstream's (alphabetical) order.</summary>
    public IReadOnlyList<string> Verbs { get; init; } =
        ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

    /// <summary>
    /// The versions, preferred first. One of them is stored; the others say how they become that one. Throws
    /// InvalidOperationException when it is not one.
    /// </summary>
    public required IReadOnlyList<ResourceDefinition> Versions
    {
        get => _versions;
        init
        {
            _versions = value;
            Stored = value.Single(static v => v.IsStorage);
            foreach (var version in value)
            {
                version.Attach(this);
            }
        }
    }

    /// <summary>The version in which the objects are stored.</summary>
    public ResourceDefinition Stored { get; private init; } = null!;

    /// <summary>
    /// True for what is stored nowhere. One that can be created is a question: the answer is the object. One that can
    /// be read is made when it is asked for. A handler by the resource's name answers either.
    /// </summary>
    public bool IsVirtual { get; init; }

    /// <summary>The subresource that is meant when one is created here, where only the body says of which object.
    /// </summary>
    public SubresourceName? CreatesAt { get; init; }

    /// <summary>Orleans grain type of the kind's object grain; <c>object</c> is the generic one.</summary>
    public string GrainType { get; init; } = "object";

    /// <summary>Fields of the stored form that caches keep an index of, for selectors that are asked all the time.
    /// </summary>
    public IReadOnlyList<string> IndexedFields { get; init; } = [];

    /// <summary>Upstream's place below <c>/registry</c>, which some messages quote; the plural but for a few.</summary>
    public string? StoragePlace { get; init; }

    /// <summary>What is special about deleting its objects.</summary>
    public DeletionTraits Deletion { get; init; }

    /// <summary>Where an object of the kind says what its pods are like; null for kinds that make none.</summary>
    public Func<IKubernetesObject<V1ObjectMeta>, V1PodTemplateSpec?>? PodTemplate { get; init; }

    /// <summary>Its controller names its pods for good, also where they have a prefix for names that are made up.
    /// </summary>
    public bool NamesItsPods { get; init; }

    /// <summary>There is one of each kind.</summary>
    public bool Equals(ResourceKind? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => RuntimeHelpers.GetHashCode(this);

    public override string ToString() => Name.ToString();
}
