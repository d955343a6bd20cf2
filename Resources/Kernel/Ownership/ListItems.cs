using System.Text.Json;

namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>The elements of a list with the steps to them, found by step; a short list is scanned.</summary>
internal sealed class ListItems
{
    private const int MaxScanned = 16;

    private readonly PathElement[] _elements;
    private readonly JsonElement[] _items;
    private readonly Dictionary<PathElement, int>? _index;
    private Dictionary<PathElement, List<JsonElement>>? _groups;

    /// <summary>Takes the elements apart.</summary>
    /// <param name="list">The list; what is none has no elements.</param>
    /// <param name="type">Not atomic.</param>
    public ListItems(JsonElement list, OwnedList type)
    {
        var length = list.ValueKind == JsonValueKind.Array ? list.GetArrayLength() : 0;
        _elements = new PathElement[length];
        _items = new JsonElement[length];
        _index = length > MaxScanned ? new Dictionary<PathElement, int>(length) : null;
        if (length == 0)
        {
            return;
        }

        foreach (var item in list.EnumerateArray())
        {
            if (type.ElementOf(item, out var error) is not { } element)
            {
                Error ??= $"element {Count + Skipped}: {error}";
                Skipped++;
                continue;
            }

            HasDuplicates |= IndexOf(element) >= 0;
            _index?.TryAdd(element, Count);
            _elements[Count] = element;
            _items[Count] = item;
            Count++;
        }
    }

    /// <summary>How many elements can be told apart.</summary>
    public int Count { get; private set; }

    /// <summary>Some step leads to more than one element.</summary>
    public bool HasDuplicates { get; private set; }

    /// <summary>Why the first element that can't be told apart can't; null when all can.</summary>
    public string? Error { get; private set; }

    private int Skipped { get; set; }

    public PathElement ElementAt(int place) => _elements[place];

    public JsonElement ItemAt(int place) => _items[place];

    /// <summary>The first place of a step; -1 when there is none.</summary>
    public int IndexOf(PathElement element)
    {
        if (_index is not null)
        {
            return _index.GetValueOrDefault(element, -1);
        }

        for (var i = 0; i < Count; i++)
        {
            if (_elements[i].Equals(element))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>All elements that a step leads to, in their order.</summary>
    public List<JsonElement> All(PathElement element)
    {
        _groups ??= Enumerable.Range(0, Count).GroupBy(i => _elements[i], i => _items[i])
            .ToDictionary(g => g.Key, g => g.ToList());
        return _groups.GetValueOrDefault(element) ?? [];
    }
}
