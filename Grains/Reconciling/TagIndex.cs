using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>Finds objects by what they refer to: which to wake when that changes. Not thread-safe.</summary>
internal sealed class TagIndex
{
    private readonly Dictionary<ObjectKey, string[]> _tags = [];
    private readonly Dictionary<string, HashSet<ObjectKey>> _keys = new(StringComparer.Ordinal);

    /// <summary>Replaces the tags of an object; none forgets it.</summary>
    public void Set(ObjectKey key, params IEnumerable<string> tags)
    {
        if (_tags.Remove(key, out var old))
        {
            foreach (var tag in old)
            {
                Remove(tag, key);
            }
        }

        string[] next = [.. tags];
        if (next.Length == 0)
        {
            return;
        }

        _tags[key] = next;
        foreach (var tag in next)
        {
            if (!_keys.TryGetValue(tag, out var keys))
            {
                _keys[tag] = keys = [];
            }

            keys.Add(key);
        }
    }

    /// <summary>Whether any object has the tag.</summary>
    public bool Has(string tag) => _keys.ContainsKey(tag);

    /// <summary>Adds the objects that have the tag.</summary>
    public void Find(string tag, ICollection<ObjectKey> keys)
    {
        foreach (var key in _keys.GetValueOrDefault(tag) ?? [])
        {
            keys.Add(key);
        }
    }

    private void Remove(string tag, ObjectKey key)
    {
        if (_keys.TryGetValue(tag, out var keys) && keys.Remove(key) && keys.Count == 0)
        {
            _keys.Remove(tag);
        }
    }
}
