namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// Finds the first element of a list by its name: a short list, which is the usual one, is scanned; a long one is
/// indexed once, so that looking up each of its names does not take the square of its length.
/// </summary>
internal sealed class NameIndex<T>(IList<T>? items, Func<T, string?> nameOf)
    where T : class
{
    private const int MaxScanned = 16;

    private Dictionary<string, T>? _byName;

    /// <summary>Null when there is none of that name.</summary>
    public T? Find(string? name)
    {
        if (items is not { Count: > MaxScanned })
        {
            return items?.FirstOrDefault(i => string.Equals(nameOf(i), name, StringComparison.Ordinal));
        }

        _byName ??= Index(items);
        return _byName.GetValueOrDefault(name ?? "");
    }

    private Dictionary<string, T> Index(IList<T> all)
    {
        var result = new Dictionary<string, T>(all.Count, StringComparer.Ordinal);
        foreach (var item in all)
        {
            result.TryAdd(nameOf(item) ?? "", item);
        }

        return result;
    }
}
