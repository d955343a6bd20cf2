using System.Diagnostics.Metrics;

namespace OrleansOrchestrator.Grains.Encryption.Kms;

/// <summary>
/// How often and when which keys of plugins were used. Plugins may name any number of keys, so those that were used
/// longest ago are forgotten.
/// </summary>
internal sealed class KeyUses
{
    /// <summary>Upstream's.</summary>
    public const int MaxKeys = 100;

    private readonly Lock _lock = new();
    private readonly Dictionary<Key, LinkedListNode<Use>> _uses = [];
    private readonly LinkedList<Use> _byTime = new();

    public void Note(Key key, DateTimeOffset now)
    {
        lock (_lock)
        {
            if (_uses.TryGetValue(key, out var node))
            {
                _byTime.Remove(node);
            }
            else
            {
                _uses[key] = node = new LinkedListNode<Use>(new Use(key, TagsOf(key)));
            }

            node.Value.Count++;
            node.Value.Last = now.ToUnixTimeMilliseconds() / 1000d;
            _byTime.AddFirst(node);
            if (_uses.Count > MaxKeys)
            {
                _uses.Remove(_byTime.Last!.Value.Key);
                _byTime.RemoveLast();
            }
        }
    }

    public IReadOnlyList<Measurement<T>> Measure<T>(Func<Use, T> read)
        where T : struct
    {
        lock (_lock)
        {
            return [.. _byTime.Select(u => new Measurement<T>(read(u), u.Tags))];
        }
    }

    private static KeyValuePair<string, object?>[] TagsOf(Key key)
    {
        KeyValuePair<string, object?>[] plugin =
            [new("provider_name", key.Provider), new("key_id_hash", KmsRules.HashOf(key.KeyId))];
        return key.Type is { } type ? [new("transformation_type", type), .. plugin] : plugin;
    }

    /// <summary>Which key, and what for where there is more than one reason.</summary>
    public readonly record struct Key(string? Type, string Provider, string KeyId);

    /// <summary>What is known of a key.</summary>
    public sealed class Use(Key key, KeyValuePair<string, object?>[] tags)
    {
        public Key Key => key;

        public KeyValuePair<string, object?>[] Tags => tags;

        public long Count { get; set; }

        public double Last { get; set; }
    }
}
