namespace OrleansOrchestrator.Interfaces.Kernel;

/// <summary>
/// Namespace and name of an object within its resource; the namespace of a cluster-scoped object is empty.
/// Orders by namespace, then name, both ordinal: the order of lists, of <c>continue</c> tokens and of SQL <c>COLLATE
/// "C"</c>.
/// </summary>
[GenerateSerializer, Immutable, Alias("orch.object-key")]
public readonly record struct ObjectKey(
    [property: Id(0)] string Namespace,
    [property: Id(1)] string Name) : IComparable<ObjectKey>
{
    /// <inheritdoc/>
    public int CompareTo(ObjectKey other)
    {
        var byNamespace = string.CompareOrdinal(Namespace, other.Namespace);
        return byNamespace != 0 ? byNamespace : string.CompareOrdinal(Name, other.Name);
    }

    /// <summary><c>namespace/name</c>; <c>/name</c> for cluster-scoped objects.</summary>
    public override string ToString() => $"{Namespace}/{Name}";

    /// <summary>Parses what <see cref="ToString"/> wrote.</summary>
    public static ObjectKey Parse(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        Invariant.Check(slash >= 0, "object key has a slash", text);
        return new ObjectKey(text[..slash], text[(slash + 1)..]);
    }

    public static bool operator <(ObjectKey left, ObjectKey right) => left.CompareTo(right) < 0;

    public static bool operator >(ObjectKey left, ObjectKey right) => left.CompareTo(right) > 0;

    public static bool operator <=(ObjectKey left, ObjectKey right) => left.CompareTo(right) <= 0;

    public static bool operator >=(ObjectKey left, ObjectKey right) => left.CompareTo(right) >= 0;
}

/// <summary>The full address of an object, and the key of its grain: <c>resource/namespace/name</c>.</summary>
[GenerateSerializer, Immutable, Alias("orch.object-address")]
public readonly record struct ObjectAddress(
    [property: Id(0)] ResourceName Resource,
    [property: Id(1)] ObjectKey Key)
{
    /// <summary>The grain key, for example <c>apps/deployments/shop/web</c> or <c>nodes//n1</c>.</summary>
    public override string ToString() => $"{Resource}/{Key}";

    /// <summary>Parses what <see cref="ToString"/> wrote.</summary>
    public static ObjectAddress Parse(string grainKey)
    {
        var name = grainKey.LastIndexOf('/');
        Invariant.Check(name > 0, "object grain key has the form resource/namespace/name", grainKey);
        var space = grainKey.LastIndexOf('/', name - 1);
        Invariant.Check(space > 0, "object grain key has the form resource/namespace/name", grainKey);
        return new ObjectAddress(
            ResourceName.Parse(grainKey[..space]),
            new ObjectKey(grainKey[(space + 1)..name], grainKey[(name + 1)..]));
    }
}
