namespace OrleansOrchestrator.Grains.Encryption.Kms;

/// <summary>
/// What a plugin has decrypted, by what it was given. Bounded by number and by time: what a plugin would not decrypt
/// any more cannot be read here for long either.
/// </summary>
internal sealed class SeedCache(TimeProvider time)
{
    /// <summary>One for each start of a silo and each key of a plugin, as long as values of it are there.</summary>
    public const int MaxSeeds = 10_000;

    /// <summary>Upstream's.</summary>
    public static readonly TimeSpan SeedLife = TimeSpan.FromHours(24);

    /// <summary>A plugin that has refused is not asked for each value.</summary>
    public static readonly TimeSpan RefusalLife = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedListNode<Entry>> _entries = new(StringComparer.Ordinal);
    private readonly LinkedList<Entry> _byUse = new();

    /// <summary>How many are kept.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>What is known; null for nothing.</summary>
    public OpenedSeed? Find(string key)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(key, out var node))
            {
                return null;
            }

            _byUse.Remove(node);
            if (node.Value.Ends <= time.GetUtcNow())
            {
                _entries.Remove(key);
                return null;
            }

            _byUse.AddFirst(node);
            return node.Value.Seed;
        }
    }

    /// <summary>Keeps what was learned; what was used longest ago goes when there is no room.</summary>
    public void Keep(string key, in OpenedSeed seed)
    {
        lock (_lock)
        {
            if (_entries.Remove(key, out var old))
            {
                _byUse.Remove(old);
            }

            var life = seed.Problem is null ? SeedLife : RefusalLife;
            _entries[key] = _byUse.AddFirst(new Entry(key, seed, time.GetUtcNow() + life));
            if (_entries.Count > MaxSeeds)
            {
                _entries.Remove(_byUse.Last!.Value.Key);
                _byUse.RemoveLast();
            }
        }
    }

    private readonly record struct Entry(string Key, OpenedSeed Seed, DateTimeOffset Ends);
}

/// <summary>What came of having a seed decrypted.</summary>
/// <param name="Cipher">What reads the values of it; null when there is a problem.</param>
/// <param name="Problem">Why the plugin will never decrypt it.</param>
internal readonly record struct OpenedSeed(IKeyCipher? Cipher, string? Problem);
