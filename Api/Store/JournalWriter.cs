using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Store;

/// <summary>
/// Sends writes of one resource to its journal, one call after the other: what comes while a call is on its way leaves
/// together with the next one. A second call at the same time would wait at the journal for the first, and halve the
/// batches; commits, caches and watches cost by the batch.
/// </summary>
internal sealed class JournalWriter(IJournalGrain journal)
{
    /// <summary>A journal's batch.</summary>
    public const int MaxWrites = 512;

    /// <summary>What one message to another silo may carry.</summary>
    public const int MaxBytes = 4 << 20;

    /// <summary>What may wait here; more is refused, as the journal does with its own queue.</summary>
    public const int MaxWaiting = 16_384;

    private readonly Lock _lock = new();
    private readonly Queue<Waiting> _waiting = new();
    private bool _isRunning;

    /// <summary>The journal itself, to be read.</summary>
    public IJournalGrain Journal => journal;

    /// <summary>
    /// Commits a write. Throws what <see cref="IJournalGrain.CommitAsync"/> throws, overload included.
    /// </summary>
    public Task<Outcome<ResourceObject>> WriteAsync(JournalWrite write, CancellationToken cancellationToken)
    {
        var waiting = new Waiting(write, cancellationToken);
        lock (_lock)
        {
            if (_waiting.Count >= MaxWaiting)
            {
                throw new StoreUnavailableException(
                    $"{MaxWaiting} writes are waiting for their journal; try again later")
                {
                    IsOverload = true,
                };
            }

            _waiting.Enqueue(waiting);
            if (_isRunning)
            {
                return waiting.Done.Task;
            }

            _isRunning = true;
        }

        _ = RunAsync();
        return waiting.Done.Task;
    }

    private async Task RunAsync()
    {
        // Whoever runs beside the caller gets its writes into the first call too.
        await Task.Yield();
        while (Take() is { } batch)
        {
            await SendAsync(batch);
        }
    }

    /// <summary>Null, and nobody runs any more, when nothing waits.</summary>
    private List<Waiting>? Take()
    {
        var batch = new List<Waiting>();
        var bytes = 0;
        lock (_lock)
        {
            while (batch.Count < MaxWrites && bytes < MaxBytes && _waiting.TryDequeue(out var next))
            {
                if (next.CancellationToken.IsCancellationRequested)
                {
                    next.Done.TrySetCanceled(next.CancellationToken);
                    continue;
                }

                bytes += next.Write.Write.Json.Length;
                batch.Add(next);
            }

            if (batch.Count == 0)
            {
                _isRunning = false;
                return null;
            }
        }

        return batch;
    }

    private async Task SendAsync(List<Waiting> batch)
    {
        try
        {
            var writes = new JournalWrites([.. batch.Select(w => w.Write)]);
            var answers = await journal.CommitManyAsync(writes, CancellationToken.None);
            Invariant.Check(answers.Items.Count == batch.Count, "every write has an answer", answers.Items.Count);
            for (var i = 0; i < batch.Count; i++)
            {
                Complete(batch[i], answers.Items[i]);
            }
        }
        catch (Exception error)
        {
            // A refusal of the whole call did nothing. After anything else nobody knows (P3).
            var failure = error as StoreUnavailableException ?? (CallFailures.WasNotExecuted(error)
                ? new StoreUnavailableException($"{batch.Count} writes were rejected: {error.Message}", error)
                : (Exception)new UnknownOutcomeException($"{batch.Count} writes got no answer: {error.Message}", error));
            batch.ForEach(w => w.Done.TrySetException(failure));
        }
    }

    private static void Complete(Waiting waiting, CommitAnswer answer)
    {
        if (answer.Failure is { } failure)
        {
            waiting.Done.TrySetException(failure);
        }
        else
        {
            waiting.Done.TrySetResult(answer.Outcome);
        }
    }

    private sealed record Waiting(JournalWrite Write, CancellationToken CancellationToken)
    {
        public TaskCompletionSource<Outcome<ResourceObject>> Done { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
