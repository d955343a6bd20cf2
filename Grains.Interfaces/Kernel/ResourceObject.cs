namespace OrleansOrchestrator.Interfaces.Kernel;

/// <summary>
/// One committed version of an object. Immutable, and shared by reference between journal, caches, lists and watches of
/// a silo: nobody copies or re-encodes it. Equality is by reference.
/// </summary>
[GenerateSerializer, Immutable, Alias("orch.resource-object")]
public sealed class ResourceObject
{
    [NonSerialized]
    private WeakReference<object>? _decoded;
    [NonSerialized]
    private ObjectMetadata? _metadata;
    [NonSerialized]
    private object? _facts;

    /// <summary>Wraps committed bytes.</summary>
    /// <param name="key">Namespace and name.</param>
    /// <param name="uid"><c>metadata.uid</c>.</param>
    /// <param name="revision">The journal revision that committed these bytes; equals
    /// <c>metadata.resourceVersion</c>.</param>
    /// <param name="json">The whole object as compact UTF-8 JSON in the storage version, with its
    /// resourceVersion.</param>
    public ResourceObject(ObjectKey key, string uid, long revision, ReadOnlyMemory<byte> json)
    {
        Key = key;
        Uid = uid;
        Revision = revision;
        Json = json;
    }

    [Id(0)]
    public ObjectKey Key { get; }

    [Id(1)]
    public string Uid { get; }

    [Id(2)]
    public long Revision { get; }

    [Id(3)]
    public ReadOnlyMemory<byte> Json { get; }

    /// <summary>Null for nearly all objects: the store holds them as it would write them.</summary>
    [Id(4)]
    public StoredForm? Stored { get; init; }

    /// <summary>Why reading the object fails; null when it does not.</summary>
    public Status? Refusal =>
        Stored is { Problem: { } problem } ? StatusErrors.InternalError(problem) : null;

    /// <summary>The parts of <c>metadata</c> that the machinery looks at; parsed on first use, then kept.</summary>
    public ObjectMetadata Metadata => _metadata ??= ObjectMetadata.Parse(Json.Span);

    /// <summary>The object as JSON without <c>metadata.managedFields</c>.</summary>
    public ReadOnlyMemory<byte> WithoutManagedFields()
    {
        var (start, length) = Metadata.ManagedFields.GetOffsetAndLength(Json.Length);
        if (length == 0)
        {
            return Json;
        }

        var rest = new byte[Json.Length - length];
        Json.Span[..start].CopyTo(rest);
        Json.Span[(start + length)..].CopyTo(rest.AsSpan(start));
        return rest;
    }

    /// <summary>
    /// The typed form, decoded at most once while someone holds it. The result is shared: callers never change it.
    /// </summary>
    public T Decode<T>(Func<ReadOnlyMemory<byte>, T> decode)
        where T : class
    {
        if (_decoded is { } reference && reference.TryGetTarget(out var known) && known is T typed)
        {
            return typed;
        }

        var fresh = decode(Json);
        _decoded = new WeakReference<object>(fresh);
        return fresh;
    }

    /// <summary>
    /// What a part of the silo reads out of the bytes once and keeps with the object: small, immutable, and of one type
    /// for a resource (another type would take its place).
    /// </summary>
    public T Facts<T>(Func<ResourceObject, T> read)
        where T : class
    {
        if (_facts is T known)
        {
            return known;
        }

        var fresh = read(this);
        _facts = fresh;
        return fresh;
    }
}
