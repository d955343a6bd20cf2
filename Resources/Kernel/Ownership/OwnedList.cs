using System.Text.Json;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>A list.</summary>
/// <param name="items">What is in it.</param>
/// <param name="topology">Whether its elements have owners of their own, and what tells them apart.</param>
/// <param name="keys">The fields that tell the elements of a keyed list apart.</param>
internal sealed class OwnedList(OwnedType items, Topology topology, IReadOnlyList<string> keys)
{
    private readonly string[] _keys = [.. keys.Order(StringComparer.Ordinal)];

    public OwnedType Items => items;

    /// <summary>Its elements are told apart by their values.</summary>
    public bool IsSet => topology == Topology.Set;

    /// <summary>The fields that tell the elements of a keyed list apart, in order.</summary>
    public IReadOnlyList<string> Keys => _keys;

    /// <summary>It is owned as a whole.</summary>
    public bool IsAtomic => topology is not (Topology.Set or Topology.Keyed);

    /// <summary>The step to an element; null, and why, when it can't be told apart.</summary>
    public PathElement? ElementOf(JsonElement item, out string error) =>
        topology == Topology.Set ? OfSet(item, out error) : OfKeys(item, out error);

    /// <summary>What a key is that an element does not give; null when it must be given.</summary>
    public PathValue? DefaultOf(string key) => items.Map?.Find(key)?.DefaultKey;

    private static PathElement? OfSet(JsonElement item, out string error)
    {
        error = item.ValueKind switch
        {
            JsonValueKind.Object => "associative list without keys has an element that's a map type",
            JsonValueKind.Array => "not supported: associative list with lists as elements",
            JsonValueKind.Null => "associative list without keys has an element that's an explicit null",
            _ => "",
        };
        return error.Length == 0 ? PathElement.Value(PathValue.Of(item)) : null;
    }

    private PathElement? OfKeys(JsonElement item, out string error)
    {
        error = item.ValueKind switch
        {
            JsonValueKind.Object => "",
            JsonValueKind.Null => "associative list with keys may not have a null element",
            _ => "associative list with keys may not have non-map elements",
        };
        if (error.Length > 0)
        {
            return null;
        }

        var result = new KeyValuePair<string, PathValue>[_keys.Length];
        for (var i = 0; i < _keys.Length; i++)
        {
            var value = item.TryGetProperty(_keys[i], out var given) ? PathValue.Of(given)
                : DefaultOf(_keys[i]);
            if (value is null)
            {
                error = "associative list with keys has an element that omits key field "
                    + $"{GoText.Quote(_keys[i])} (and doesn't have default value)";
                return null;
            }

            result[i] = KeyValuePair.Create(_keys[i], value.Value);
        }

        return PathElement.Key(result);
    }
}
