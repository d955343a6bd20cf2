using System.Runtime.CompilerServices;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// A kind in one of its versions, as the API serves it. What all versions have in common is the kind's
/// (<see cref="ResourceKind"/>) and can be asked for here, too.
/// </summary>
/// <param name="Version">For example <c>v1</c>.</param>
/// <param name="Strategy">The kind's rules in this version.</param>
public sealed record ResourceDefinition(string Version, IResourceStrategy Strategy)
{
    private ResourceKind? _of;

    /// <summary>The kind that this is a version of.</summary>
    public ResourceKind Of => _of ?? throw new InvalidOperationException($"{Version} is a version of no kind.");

    public IObjectCodec Codec => Strategy.Codec;

    /// <summary>The group that serves it, where that is not the one under which the objects are stored.</summary>
    public string? Group { get; init; }

    /// <summary>Subresources, for example <c>status</c> and <c>scale</c>.</summary>
    public IReadOnlyList<SubresourceDefinition> Subresources { get; init; } = [];

    /// <summary>Where an object of the kind keeps what its scale says; null for kinds without one.</summary>
    public ScalePaths? Scale { get; init; }

    /// <summary>
    /// Annotations in which this version keeps fields that it has no other place for. Upstream makes metadata forms of
    /// what is behind the versions, so that they do not show there.
    /// </summary>
    public IReadOnlyList<string> FieldAnnotations { get; init; } = [];

    /// <summary>False for a version that is only stored.</summary>
    public bool IsServed { get; init; } = true;

    /// <summary>How its objects are stored; null when they are stored as they are shown.</summary>
    public IObjectConversion? Conversion { get; init; }

    /// <summary>
    /// True for the version in which objects are stored. It has a conversion, too, when there may be objects that were
    /// stored in another version, or under another schema.
    /// </summary>
    public bool IsStorage { get => field || Conversion is null; init; }

    /// <summary>
    /// Text of the Warning header that every request for this resource gets; null when it is not deprecated.
    /// </summary>
    public string? DeprecationWarning { get; init; }

    /// <summary>Group and plural in paths and messages.</summary>
    public ResourceName Name { get; private set; }

    /// <summary><c>v1</c> or <c>group/version</c>.</summary>
    public string ApiVersion { get; private set; } = "";

    /// <summary>The resource whose journal holds the objects.</summary>
    public ResourceName Storage => Of.Name;

    public string Kind => Of.Kind;

    public string Singular => Of.Singular;

    public bool Namespaced => Of.Namespaced;

    public IReadOnlyList<string> ShortNames => Of.ShortNames;

    public IReadOnlyList<string> Categories => Of.Categories;

    public IReadOnlyList<string> Verbs => Of.Verbs;

    /// <summary>The conversion, where it takes asking somebody.</summary>
    public IAskedConversion? Asked => Conversion as IAskedConversion;

    /// <summary>A stored object as this version shows it; the object itself for the version that is stored.</summary>
    public async ValueTask<ResourceObject> ShowAsync(ResourceObject stored, CancellationToken cancellationToken) =>
        stored.Refusal is not null ? stored
            : Asked is null ? Show(stored)
            : (await ShowAsync([stored], cancellationToken))[0];

    /// <summary>Stored objects as this version shows them, in their order.</summary>
    public async ValueTask<IReadOnlyList<ResourceObject>> ShowAsync(
        IReadOnlyList<ResourceObject> stored, CancellationToken cancellationToken)
    {
        if (Asked is not { } asked)
        {
            return Conversion is null ? stored : [.. stored.Select(Show)];
        }

        var shown = await asked.ShowAsync([.. stored.Select(static s => s.Json)], cancellationToken);
        return [.. stored.Zip(shown, Shown)];
    }

    /// <summary>The stored form of an object of this version; the object itself for the version that is stored.
    /// </summary>
    public async ValueTask<IKubernetesObject<V1ObjectMeta>> ToStoredAsync(
        IKubernetesObject<V1ObjectMeta> item, CancellationToken cancellationToken) => Conversion switch
    {
        null => item,
        IAskedConversion asked => await asked.ToStoredAsync(item, cancellationToken),
        var own => own.ToStored(item),
    };

    /// <summary>
    /// Stored bytes as this version shows them. Where that takes asking somebody, that has been done before: then they
    /// are as they are to be.
    /// </summary>
    public ReadOnlyMemory<byte> Show(ReadOnlyMemory<byte> stored) =>
        Conversion is { } conversion and not IAskedConversion
            ? ResourceCodec.Encode(conversion.FromStored(Of.Stored.Codec.Decode(stored)))
            : stored;

    private ResourceObject Show(ResourceObject stored) =>
        Conversion is null ? stored : Shown(stored, Show(stored.Json));

    /// <summary>Stored otherwise than it would be today: then a write that changes nothing writes it anew.</summary>
    private ResourceObject Shown(ResourceObject stored, ReadOnlyMemory<byte> json)
    {
        var isOld = IsStorage && !json.Span.SequenceEqual(stored.Json.Span);
        return new ResourceObject(stored.Key, stored.Uid, stored.Revision, json)
        {
            Stored = stored.Stored ?? (isOld ? new StoredForm { Key = stored.Key.ToString() } : null),
        };
    }

    public bool HasSubresource(string name) => Subresources.Any(s => s.Name == name);

    /// <summary>There is one of each version.</summary>
    public bool Equals(ResourceDefinition? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => RuntimeHelpers.GetHashCode(this);

    public override string ToString() => $"{ApiVersion} {Kind}";

    internal void Attach(ResourceKind kind)
    {
        _of = kind;
        Name = Group is null ? kind.Name : new ResourceName(Group, kind.Name.Plural);
        ApiVersion = Name.Group.Length == 0 ? Version : $"{Name.Group}/{Version}";
    }
}
