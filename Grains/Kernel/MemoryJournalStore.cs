using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>
/// A journal store in memory, for tests and throw-away clusters: the plain model that PostgreSQL has to agree with.
/// Silos of one process share an instance.
/// </summary>
/// <param name="maxChanges">How many changes of each resource the log keeps.</param>
/// <param name="time">Says when something went; the system's unless told.</param>
public sealed class MemoryJournalStore(
    int maxChanges = MemoryJournalStore.DefaultMaxChanges, TimeProvider? time = null) : IJournalStore, IDeletionLog
{
    /// <summary>With 3 KB objects about 300 MB at worst, for all that a test ever writes.</summary>
    public const int DefaultMaxChanges = 100_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<ResourceName, Journal> _journals = [];

    /// <inheritdoc/>
    public Task<JournalPosition> OpenAsync(ResourceName resource, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var journal = Find(resource);
            var position = new JournalPosition(++journal.Epoch, journal.Revision, journal.OldestRevision)
            {
                Released = journal.Released,
            };
            journal.Released = false;
            return Task.FromResult(position);
        }
    }

    /// <inheritdoc/>
    public Task<bool> AppendAsync(
        ResourceName resource, long epoch, IReadOnlyList<Change> changes, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var journal = Find(resource);
            if (journal.Epoch != epoch || changes[0].Object.Revision != journal.Revision + 1)
            {
                return Task.FromResult(false);
            }

            foreach (var change in changes)
            {
                journal.Append(change, (time ?? TimeProvider.System).GetUtcNow());
            }

            journal.Trim(maxChanges);
            return Task.FromResult(true);
        }
    }

    /// <inheritdoc/>
    public Task<bool> IsCurrentAsync(ResourceName resource, long epoch, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Task.FromResult(Find(resource).Epoch == epoch);
        }
    }

    /// <inheritdoc/>
    public Task ReleaseAsync(ResourceName resource, long epoch, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var journal = Find(resource);
            journal.Released |= journal.Epoch == epoch;
            return Task.CompletedTask;
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<KeyRevision>> ReadRevisionsAsync(
        ResourceName resource, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Task.FromResult<IReadOnlyList<KeyRevision>>(
                [.. Find(resource).Objects.Values.Select(o => new KeyRevision(o.Key, o.Revision))]);
        }
    }

    /// <inheritdoc/>
    public Task<ObjectSnapshot> ReadSnapshotAsync(ResourceName resource, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var journal = Find(resource);
            return Task.FromResult(new ObjectSnapshot(journal.Revision, [.. journal.Objects.Values]));
        }
    }

    /// <inheritdoc/>
    public Task<ResourceObject?> ReadObjectAsync(
        ResourceName resource, ObjectKey key, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Task.FromResult(Find(resource).Objects.GetValueOrDefault(key));
        }
    }

    /// <inheritdoc/>
    public Task<ChangeBatch> ReadChangesAsync(
        ResourceName resource, long afterRevision, int maxChanges, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Task.FromResult(Find(resource).Read(afterRevision, maxChanges));
        }
    }

    /// <inheritdoc/>
    public Task<ChangeBatch> ReadHistoryAsync(
        ResourceName resource, long afterRevision, int maxChanges, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var journal = Find(resource);
            var batch = journal.Read(afterRevision, maxChanges);
            return Task.FromResult(batch with
            {
                Changes = [.. batch.Changes.Select(c => c with { Previous = journal.Logged(c.PreviousRevision) })],
            });
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<Deletion>> ReadDeletionsAsync(
        ResourceName resource, string @namespace, DateTimeOffset since, int max, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Task.FromResult<IReadOnlyList<Deletion>>(
            [
                .. Find(resource).Deletions().TakeWhile(d => d.At >= since)
                    .Where(d => @namespace.Length == 0 || d.Key.Namespace == @namespace).Take(max),
            ]);
        }
    }

    /// <summary>Drops all but the newest changes from the log, as retention does.</summary>
    public void Trim(ResourceName resource, int keep)
    {
        lock (_lock)
        {
            Find(resource).Trim(keep);
        }
    }

    private Journal Find(ResourceName resource)
    {
        if (!_journals.TryGetValue(resource, out var journal))
        {
            journal = new Journal();
            _journals.Add(resource, journal);
        }

        return journal;
    }

    private sealed class Journal
    {
        /// <summary>Changes <c>_first.._log.Count-1</c> are kept; the front is cut away only now and then.</summary>
        private readonly List<Change> _log = [];

        /// <summary>When each of them was appended.</summary>
        private readonly List<DateTimeOffset> _times = [];
        private int _first;

        public long Epoch { get; set; }

        public bool Released { get; set; } = true;

        public long Revision { get; private set; } = IJournalStore.FirstRevision;

        public long OldestRevision => Revision - (_log.Count - _first);

        public SortedDictionary<ObjectKey, ResourceObject> Objects { get; } = [];

        public void Append(Change change, DateTimeOffset now)
        {
            Invariant.Check(change.Object.Revision == Revision + 1, "revisions are dense", change.Object.Revision);
            Revision++;
            _log.Add(change);
            _times.Add(now);
            if (change.Kind == ChangeKind.Deleted)
            {
                Objects.Remove(change.Object.Key);
            }
            else
            {
                Objects[change.Object.Key] = change.Object;
            }
        }

        public ChangeBatch Read(long after, int max)
        {
            if (after < OldestRevision)
            {
                return new ChangeBatch { Changes = [], Revision = Revision, TooOld = true };
            }

            var start = _first + (int)(after - OldestRevision);
            var count = Math.Clamp(_log.Count - start, 0, max);
            return new ChangeBatch
            {
                Changes = count == 0 ? [] : _log.GetRange(start, count),
                Revision = count == 0 ? Revision : after + count,
            };
        }

        /// <summary>The newest first.</summary>
        public IEnumerable<Deletion> Deletions()
        {
            for (var i = _log.Count - 1; i >= _first; i--)
            {
                if (_log[i] is { Kind: ChangeKind.Deleted, IsNothing: false, Object: var item })
                {
                    yield return new Deletion(item.Key, item.Uid, item.Revision, _times[i]);
                }
            }
        }

        public ResourceObject? Logged(long revision) =>
            revision > OldestRevision ? _log[_first + (int)(revision - OldestRevision) - 1].Object : null;

        public void Trim(int keep)
        {
            _first = Math.Max(_first, _log.Count - keep);
            if (_first > keep)
            {
                _log.RemoveRange(0, _first);
                _times.RemoveRange(0, _first);
                _first = 0;
            }
        }
    }
}
