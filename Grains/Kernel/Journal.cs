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
/// Promises: of some resources writes are answered before they are stored (<see cref="IDeferredWrites"/>). Reads that
/// promise freshness have them stored first, every batch begins with them, and a timer stores what nobody asks for.
///
/// Not thread-safe but for <see cref="TryRead"/>: all members run on one scheduler, the activation's. Index, ring and
/// revision change only in Publish and Open, between which and any await nothing is assumed.
/// </summary>
internal sealed partial class Journal(
    ResourceName resource, IJournalStore store, TimeProvider time, JournalOptions options, ILogger logger, Action lost,
    IDeferredWrites? deferred = null) : ILeasedRevision
{
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

    /// <summary>The newest published revision.</summary>
    public long Revision => _revision;

    public async Task<Outcome<ResourceObject>> CommitAsync(JournalWrite write, CancellationToken cancellationToken)
    {
        await OpenAsync();
        var pending = new PendingWrite(write, cancellationToken);
        if (_queue.Count >= options.MaxQueuedWrites || _queuedBytes + pending.Bytes > options.MaxQueuedBytes)
        {
            throw new StoreUnavailableException(
                $"too many writes of {resource} are waiting ({_queue.Count}); try again later")
            {
                IsOverload = true,
            };
        }

        _queue.Enqueue(pending);
        _queuedBytes += pending.Bytes;
        StartBatches();
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

    public async Task MoveBeyondAsync(long revision, CancellationToken cancellationToken)
    {
        if (await GetRevisionAsync(cancellationToken) <= revision)
        {
            await CommitAsync(JournalBatch.Nothing, cancellationToken);
        }
    }

    /// <summary>Returns when the batch that is on its way, if there is one, is published or has failed.</summary>
    public async Task BatchEndedAsync()
    {
        if (_inFlight is { } inFlight)
        {
            await inFlight.ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    /// <summary>Finishes what is in flight and tells the store that this epoch answers no more.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        var releasable = !_isLost && _opening is { IsCompletedSuccessfully: true };
        deferred?.Close();
        if (releasable)
        {
            await TryFlushAsync();
        }

        if (_batches is { } batches)
        {
            await batches.WaitAsync(cancellationToken);
        }

        releasable &= !_isLost;
        var isSettled = deferred?.IsWaiting == false;
        Lose("it is stopping");
        if (releasable && isSettled)
        {
            await deferred!.SettleAsync();
        }

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
        if (deferred is not null)
        {
            await deferred.OpenAsync(this);
            ArmFlush();
        }

        LogOpened(logger, resource, _epoch, _revision);
    }

    private void StartBatches() => _batches ??= RunBatchesAsync();

    private async Task RunBatchesAsync()
    {
        try
        {
            // Calls that are already scheduled on this activation get into the batch.
            await Task.Yield();
            await OutlivePredecessorAsync();
            while ((_queue.Count > 0 || _flush is not null) && !_isLost)
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
        TakeDeferred(batch);
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

        deferred?.Sending(batch.Changes);
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
            batch.Flush?.TrySetResult();
        }
        catch (StoreUnavailableException error)
        {
            batch.Writes.ForEach(w => w.Fail(error));
            Fail(batch.Flush, error);
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
        try
        {
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
        finally
        {
            deferred?.Ended();
        }
    }

    private static void FailUnknown(JournalBatch batch, Exception error)
    {
        var unknown = error as UnknownOutcomeException ?? new UnknownOutcomeException(error.Message);
        foreach (var write in batch.Writes)
        {
            write.Fail(write.IsChange ? unknown : new StoreUnavailableException("the store failed before the write was decided"));
        }

        Fail(batch.Flush, new StoreUnavailableException("the store failed before all was stored"));
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
            deferred?.Published(change);
        }

        while (_ring.TryEvict(out var evicted))
        {
            _index.Forget(evicted);
        }

        Volatile.Write(ref _revision, changes[^1].Object.Revision);
        WakeReaders();
    }

    private void WakeReaders()
    {
        var published = _published;
        _published = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        published.TrySetResult();
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

    /// <summary>Gives up the journal: the activation ends, and the next one reads the store anew.</summary>
    public void Lose(string why)
    {
        if (_isLost)
        {
            return;
        }

        _isLost = true;
        _lease.End();
        while (_queue.TryDequeue(out var pending))
        {
            pending.Fail(
                new StoreUnavailableException($"the journal of {resource} is moving because {why}; try again"));
        }

        Fail(_flush, new StoreUnavailableException($"the journal of {resource} is moving because {why}; try again"));

        WakeReaders();
        lost();
    }
}
