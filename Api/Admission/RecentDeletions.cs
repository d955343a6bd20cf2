using System.Collections.Concurrent;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// What this silo was asked to delete so lately that its cache is not trusted about it. When more names than are
/// remembered one by one were deleted lately, none at all is trusted for a while.
/// </summary>
/// <param name="time">The time.</param>
internal sealed class RecentDeletions(TimeProvider time)
{
    /// <summary>How many names are remembered.</summary>
    internal const int MaxNames = 1024;

    /// <summary>How long after a deletion the cache is not trusted; upstream's number.</summary>
    internal static readonly TimeSpan Distrust = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, DateTimeOffset> _names = new(StringComparer.Ordinal);

    /// <summary>Until when no name at all is trusted, in ticks of UTC.</summary>
    private long _noneUntil;

    /// <summary>It is about to be deleted.</summary>
    public void Note(string name)
    {
        var now = time.GetUtcNow();
        if (_names.Count >= MaxNames)
        {
            ForgetOld(now);
        }

        if (_names.Count >= MaxNames)
        {
            // Before the names go, so that nobody finds neither.
            Volatile.Write(ref _noneUntil, (now + Distrust).UtcTicks);
            _names.Clear();
        }

        _names[name] = now;
    }

    /// <summary>True when only the newest state says whether it is there.</summary>
    public bool Has(string name)
    {
        var now = time.GetUtcNow();

        // The names first: they go after the other is set.
        return (_names.TryGetValue(name, out var at) && now - at < Distrust)
            || now.UtcTicks < Volatile.Read(ref _noneUntil);
    }

    private void ForgetOld(DateTimeOffset now)
    {
        foreach (var note in _names)
        {
            if (now - note.Value >= Distrust)
            {
                // With its time: one that was noted again meanwhile stays.
                _names.TryRemove(note);
            }
        }
    }
}
