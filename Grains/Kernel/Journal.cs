using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>
/// The single writer of one resource. Owns the resource's revisions while its epoch is the newest in the store.
///
/// Writing: a call puts its write into a queue; one loop takes all that waits, decides it against the index, sends it
/// as one statement, and publishes and answers it only after the commit (P1). While a statement is on its way, the next
/// batch fills (group commit). At most one statement is in flight, so the order of statements is the order of revisions
/// (P4).
///
/// Fence: the statement commits nothing unless the epoch is still ours (P2). Reads that promise freshness, and
/// refusals, which are reads too, are answered only under the lease. On the first doubt (fence lost, outcome unknown, a
/// reader that knows more than we do) the journal is lost: memory is never repaired, the activation ends and a new one
/// reads the store anew (P3).
///
/// Not thread-safe: all members run on one scheduler, the activation's. Index, ring and revision change only in Publish
/// and Open, between which and any await nothing is assumed.
/// </summary>
internal sealed partial class Journal(
    ResourceName resource, IJournalStore store, TimeProvider time, JournalOptions options, ILogger logger, Action lost)
{
    /// <summary>How often a read re-reads an object that a batch in flight is changing.</summary>
    private const int MaxReadAttempts = 10;

    private readonly JournalIndex _index = new();
    private readonly ChangeRing _ring = new(options.RingChanges, options.RingBytes);
    private readonly Queue<PendingWrite> _queue = new();
    private readonly JournalLease _lease = new(time, options);
    private long _queuedBytes;
    private long _epoch;
    private long _revision;
    private bool _isLost;
    private volatile bool _isDismissing;
    private Task? _opening;
    private Task? _batches;
    private Task? _inFlight;
    private Task? _renewing;

    /// <summary>
    /// When this activation may commit: its predecessor's lease is over by then. Null when that time has come.
    /// </summary>
    private (long Since, TimeSpan Wait)? _predecessorLease;

    /// <summary>Completes at the next publication, or when the journal is lost; then replaced.</summary>
    private volatile TaskCompletionSource _published = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public async Task<Outcome<ResourceObject>> CommitAsync(JournalWrite write, CancellationToken cancellationToken)
    {
        await OpenAsync();
        var pending = new PendingWrite(write, cancellationToken);
        if (_queue.Count >= options.MaxQueuedWrites || _queuedBytes + pending.Bytes > options.MaxQueuedBytes)
        {
            throw new StoreUnavailableException($"too many writes of {resource} are waiting ({_queue.Count}); try again later")
            {
                IsOverload = true,
            };
        }

        _queue.Enqueue(pending);
        _queuedBytes += pending.Bytes;
        if (_batches is null)
        {
            _batches = RunBatchesAsync();
        }

        return await pending.Done;
    }

    /// <summary>
    /// All of them enter the queue in one turn, so that they share as few statements as the bounds allow.
    /// </summary>
    public async Task<CommitAnswers> CommitManyAsync(JournalWrites writes, CancellationToken cancellationToken)
    {
        await OpenAsync();
        var commits = new Task<Outcome<ResourceObject>>[writes.Items.Count];
        for (var i = 0; i < commits.Length; i++)
        {
            commits[i] = CommitAsync(writes.Items[i], cancellationToken);
        }

        var answers = new CommitAnswer[commits.Length];
        for (var i = 0; i < commits.Length; i++)
        {
            try
            {
                answers[i] = new CommitAnswer { Outcome = await commits[i] };
            }
            catch (Exception failure) when (
                failure is StoreUnavailableException or UnknownOutcomeException
                    or InvariantViolationException or OperationCanceledException)
            {
                answers[i] = new CommitAnswer { Failure = failure };
            }
        }

        return new CommitAnswers(answers);
    }

    public async ValueTask<long> GetRevisionAsync(CancellationToken cancellationToken)
    {
        await OpenAsync();
        await HoldLeaseAsync(cancellationToken);
        return _revision;
    }

    public async Task<ResourceObject?> ReadAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        await OpenAsync();
        for (var attempt = 0; attempt < MaxReadAttempts; attempt++)
        {
            await HoldLeaseAsync(cancellationToken);
            var revision = _index.RevisionOf(key);
            if (revision == 0)
            {
                return null;
            }

            if (_index.InMemory(key) is { } known)
            {
                return known;
            }

            var stored = await store.ReadObjectAsync(resource, key, cancellationToken);
            if (stored is not null && stored.Revision == _index.RevisionOf(key) && _lease.IsValid)
            {
                return stored;
            }

            // The store is ahead of what is published: a batch with this object is in flight. Its end decides.
            if (_inFlight is { } inFlight)
            {
                await inFlight.WaitAsync(cancellationToken).ConfigureAwait(
                    ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            }
        }

        throw new StoreUnavailableException($"{resource} {key} changes too fast to be read; try again later");
    }

    public async Task<ChangeBatch> ReadAfterAsync(
        long revision, int maxChanges, TimeSpan wait, CancellationToken cancellationToken)
    {
        await OpenAsync();
        if (revision > _revision)
        {
            // A reader that knows more: either we are stale, which the check finds out, or the database went back in
            // time.
            await CheckFenceAsync();
            if (revision > _revision)
            {
                return new ChangeBatch { Changes = [], Revision = _revision, TooOld = true };
            }
        }

        if (revision == _revision && wait > TimeSpan.Zero)
        {
            await WaitForPublicationAsync(wait, cancellationToken);
        }

        return revision >= _ring.After ? ReadRing(revision, maxChanges) : await ReadLogAsync(revision, maxChanges, cancellationToken);
    }

    /// <summary>Finishes what is in flight and tells the store that this epoch answers no more.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        var releasable = !_isLost && _opening is { IsCompletedSuccessfully: true };
        if (_batches is { } batches)
        {
            await batches.WaitAsync(cancellationToken);
        }

        releasable &= !_isLost;
        Lose("it is stopping");
        if (releasable)
        {
            await store.ReleaseAsync(resource, _epoch, cancellationToken);
        }
    }

    /// <summary>Sends waiting readers away, and stops.</summary>
    public Task EndAsync(CancellationToken cancellationToken)
    {
        _isDismissing = true;
        _published.TrySetResult();
        return StopAsync(cancellationToken);
    }

    private async Task WaitForPublicationAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        // Taken before the look at the flag: whoever sets the flag afterwards completes this one, or a publication did.
        var published = _published.Task;
        if (!_isDismissing)
        {
            await published.WaitAsync(wait, time, cancellationToken).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            cancellationToken.ThrowIfCancellationRequested();
        }

        if (_isDismissing)
        {
            throw new StoreUnavailableException($"the journal of {resource} is moving; try again");
        }
    }

    private async ValueTask OpenAsync()
    {
        ThrowIfLost();
        if (_opening is { IsCompletedSuccessfully: true })
        {
            return;
        }

        if (_opening is null or { IsCompleted: true })
        {
            _opening = OpenCoreAsync();
        }

        await _opening;
        ThrowIfLost();
    }

    private async Task OpenCoreAsync()
    {
        var sent = time.GetTimestamp();
        var position = await store.OpenAsync(resource, CancellationToken.None);
        var opened = time.GetTimestamp();
        _index.Load(await store.ReadRevisionsAsync(resource, CancellationToken.None));
        _epoch = position.Epoch;
        _revision = position.Revision;
        _ring.Reset(position.Revision);
        _lease.Renew(sent);
        _predecessorLease = position.Released ? null : (opened, options.Lease);
        LogOpened(logger, resource, _epoch, _revision);
    }

    private async Task RunBatchesAsync()
    {
        try
        {
            // Calls that are already scheduled on this activation get into the batch.
            await Task.Yield();
            await OutlivePredecessorAsync();
            while (_queue.Count > 0 && !_isLost)
            {
                await CommitBatchAsync(TakeBatch());
                await Task.Yield();
            }
        }
        catch (Exception error)
        {
            LogBug(logger, resource, error);
            Lose("of an internal error");
        }
        finally
        {
            _batches = null;
        }
    }

    private async Task OutlivePredecessorAsync()
    {
        if (_predecessorLease is var (since, wait))
        {
            var left = wait - time.GetElapsedTime(since);
            if (left > TimeSpan.Zero)
            {
                await Task.Delay(left, time);
            }

            _predecessorLease = null;
        }
    }

    private JournalBatch TakeBatch()
    {
        var batch = new JournalBatch(resource, _index, _revision);
        var bytes = 0L;
        while (batch.Writes.Count < options.MaxBatchWrites && bytes < options.MaxBatchBytes && _queue.TryDequeue(out var pending))
        {
            _queuedBytes -= pending.Bytes;
            bytes += pending.Bytes;
            if (pending.CancellationToken.IsCancellationRequested)
            {
                pending.Cancel();
            }
            else
            {
                Decide(batch, pending);
            }
        }

        return batch;
    }

    private static void Decide(JournalBatch batch, PendingWrite pending)
    {
        try
        {
            batch.Add(pending);
        }
        catch (InvariantViolationException error)
        {
            // A malformed write fails alone.
            batch.Writes.Remove(pending);
            pending.Fail(error);
        }
    }

    private async Task CommitBatchAsync(JournalBatch batch)
    {
        try
        {
            if (batch.Changes.Count > 0)
            {
                await AppendAsync(batch);
            }
            else if (batch.Writes.Count > 0)
            {
                await HoldLeaseAsync(CancellationToken.None);
            }

            batch.Writes.ForEach(static w => w.Complete());
        }
        catch (StoreUnavailableException error)
        {
            batch.Writes.ForEach(w => w.Fail(error));
        }
        catch (Exception error)
        {
            LogUnknown(logger, resource, _revision, batch.Changes.Count, error);
            Lose("the outcome of a commit is unknown");
            FailUnknown(batch, error);
        }
    }

    private async Task AppendAsync(JournalBatch batch)
    {
        using var span = Traces.Open("journal.commit", batch.Changes.Select(static c => c.Trace).OfType<string>());
        span?.SetTag("resource", resource.ToString());
        span?.SetTag("changes", batch.Changes.Count);
        var sent = time.GetTimestamp();
        var append = store.AppendAsync(resource, _epoch, batch.Changes, CancellationToken.None);
        _inFlight = append;
        if (!await append)
        {
            LogFenced(logger, resource, _epoch);
            Lose("another silo has taken it over");
            ThrowIfLost();
        }

        _lease.Renew(sent);
        Publish(batch.Changes);
    }

    private static void FailUnknown(JournalBatch batch, Exception error)
    {
        var unknown = error as UnknownOutcomeException ?? new UnknownOutcomeException(error.Message);
        foreach (var write in batch.Writes)
        {
            write.Fail(write.IsChange ? unknown : new StoreUnavailableException("the store failed before the write was decided"));
        }
    }

    /// <summary>
    /// Makes a committed batch visible. The only place, beside opening, where index, ring and revision change.
    /// </summary>
    private void Publish(List<Change> changes)
    {
        foreach (var change in changes)
        {
            _ring.Add(change);
            _index.Apply(change);
        }

        while (_ring.TryEvict(out var evicted))
        {
            _index.Forget(evicted);
        }

        _revision = changes[^1].Object.Revision;
        WakeReaders();
    }

    private void WakeReaders()
    {
        var published = _published;
        _published = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        published.TrySetResult();
    }

    private ChangeBatch ReadRing(long revision, int maxChanges)
    {
        var changes = _ring.Read(revision, maxChanges, options.MaxReadBytes);
        return new ChangeBatch { Changes = changes, Revision = revision + changes.Length };
    }

    private async Task<ChangeBatch> ReadLogAsync(long revision, int maxChanges, CancellationToken cancellationToken)
    {
        var batch = await store.ReadChangesAsync(resource, revision, maxChanges, cancellationToken);
        if (batch.TooOld || batch.Revision <= _revision)
        {
            return batch;
        }

        // The store may already have a batch that is not answered yet: nothing is shown before it is published.
        var visible = batch.Changes.Where(c => c.Object.Revision <= _revision).ToArray();
        return new ChangeBatch { Changes = visible, Revision = _revision };
    }

    /// <summary>Returns with a valid lease, or throws. Callers answer before their next await.</summary>
    private async ValueTask HoldLeaseAsync(CancellationToken cancellationToken)
    {
        while (!_lease.IsValid)
        {
            ThrowIfLost();
            // A check that completed at once has already cleared the field, and must not be taken for one in progress.
            _renewing = _renewing is { IsCompleted: false } running ? running : CheckFenceAsync();
            await _renewing.WaitAsync(cancellationToken);
        }

        ThrowIfLost();
    }

    /// <summary>Asks the store whether the epoch is current: renews the lease or loses the journal.</summary>
    private async Task CheckFenceAsync()
    {
        try
        {
            var sent = time.GetTimestamp();
            if (await store.IsCurrentAsync(resource, _epoch, CancellationToken.None))
            {
                _lease.Renew(sent);
                return;
            }
        }
        finally
        {
            _renewing = null;
        }

        LogFenced(logger, resource, _epoch);
        Lose("another silo has taken it over");
        ThrowIfLost();
    }

    private void ThrowIfLost()
    {
        if (_isLost)
        {
            throw new StoreUnavailableException($"the journal of {resource} is moving; try again");
        }
    }

    private void Lose(string why)
    {
        if (_isLost)
        {
            return;
        }

        _isLost = true;
        _lease.End();
        while (_queue.TryDequeue(out var pending))
        {
            pending.Fail(new StoreUnavailableException($"the journal of {resource} is moving because {why}; try again"));
        }

        WakeReaders();
        lost();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Opened the journal of {Resource}: epoch {Epoch}, revision {Revision}.")]
    private static partial void LogOpened(ILogger logger, ResourceName resource, long epoch, long revision);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Epoch {Epoch} of {Resource} is no longer current; giving up the journal.")]
    private static partial void LogFenced(ILogger logger, ResourceName resource, long epoch);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Whether {Count} changes of {Resource} after revision {Revision} are committed is unknown; reading the store anew.")]
    private static partial void LogUnknown(ILogger logger, ResourceName resource, long revision, int count, Exception error);

    [LoggerMessage(Level = LogLevel.Error, Message = "The batch loop of {Resource} failed; giving up the journal.")]
    private static partial void LogBug(ILogger logger, ResourceName resource, Exception error);
}
