using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Images;

/// <summary>What a program said, for as long as it said; without more room, what would end first goes.</summary>
internal sealed class CredentialCache(int capacity, TimeProvider time)
{
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    private readonly record struct Entry(CredentialProviderResponse Answer, SteadyTime EndsAt);

    /// <summary>The first of these that is known and still good; null for none.</summary>
    public CredentialProviderResponse? Find(params ReadOnlySpan<string> keys)
    {
        var now = time.GetSteadyTime();
        lock (_lock)
        {
            foreach (var key in keys)
            {
                if (_entries.TryGetValue(key, out var entry) && now <= entry.EndsAt)
                {
                    return entry.Answer;
                }
            }
        }

        return null;
    }

    public void Add(string key, CredentialProviderResponse answer, TimeSpan life)
    {
        lock (_lock)
        {
            if (_entries.Count >= capacity && !_entries.ContainsKey(key))
            {
                _entries.Remove(_entries.MinBy(static e => e.Value.EndsAt).Key);
            }

            _entries[key] = new Entry(answer, time.GetSteadyTime() + life);
        }
    }
}
