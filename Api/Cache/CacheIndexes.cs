using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Cache;

/// <summary>An object in a cache with the values of its indexed fields.</summary>
internal sealed class CachedObject(ResourceObject item, string[] fields)
{
    public ResourceObject Object => item;

    /// <summary>Values in the order of the cache's indexed fields; empty text for an absent one.</summary>
    public string[] Fields => fields;
}

/// <summary>Objects by key.</summary>
internal readonly struct CachedObjectOrder : IOrder<CachedObject>
{
    public static int Compare(CachedObject left, CachedObject right) => left.Object.Key.CompareTo(right.Object.Key);
}

/// <summary>Finds an object, or the place before which all smaller keys are.</summary>
internal readonly struct KeyProbe(ObjectKey key) : IProbe<CachedObject>
{
    public int CompareTo(CachedObject item) => key.CompareTo(item.Object.Key);
}

/// <summary>The place right behind a key.</summary>
internal readonly struct AfterKeyProbe(ObjectKey key) : IProbe<CachedObject>
{
    public int CompareTo(CachedObject item) => key.CompareTo(item.Object.Key) >= 0 ? 1 : -1;
}

/// <summary>The place right behind a namespace.</summary>
internal readonly struct AfterNamespaceProbe(string @namespace) : IProbe<CachedObject>
{
    public int CompareTo(CachedObject item) =>
        string.CompareOrdinal(@namespace, item.Object.Key.Namespace) >= 0 ? 1 : -1;
}

/// <summary>
/// An entry of a secondary index. It names the object instead of holding it, so it changes only when the value does:
/// most writes are status updates, which touch no index at all.
/// </summary>
/// <param name="Name">Label or field; empty for owners.</param>
/// <param name="Value">Its value; the owner's uid.</param>
/// <param name="Key">The object that has it.</param>
internal readonly record struct IndexEntry(string Name, string Value, ObjectKey Key);

/// <summary>By name, value, then key.</summary>
internal readonly struct IndexEntryOrder : IOrder<IndexEntry>
{
    public static int Compare(IndexEntry left, IndexEntry right)
    {
        var byValue = CompareValue(left.Name, left.Value, right);
        return byValue != 0 ? byValue : left.Key.CompareTo(right.Key);
    }

    public static int CompareValue(string name, string value, IndexEntry entry)
    {
        var byName = string.CompareOrdinal(name, entry.Name);
        return byName != 0 ? byName : string.CompareOrdinal(value, entry.Value);
    }
}

/// <summary>The place before (side -1) or behind (side 1) all entries of a value.</summary>
internal readonly struct ValueProbe(string name, string value, int side) : IProbe<IndexEntry>
{
    public int CompareTo(IndexEntry item)
    {
        var result = IndexEntryOrder.CompareValue(name, value, item);
        return result != 0 ? result : side;
    }
}
