using System.IO.Pipelines;

namespace OrleansOrchestrator.Api.Negotiation;

/// <summary>
/// Has answers that take long (lists of many objects, and watches that begin with them) take turns. Such an answer is
/// made in slices; after each it stands in line, and lets everything go first that waits for a thread meanwhile. All
/// together use every processor but one. A request that is short has many steps, and in a flood of lists each of them
/// would wait behind a slice of every list otherwise. Who is done within a slice never stands in line.
/// </summary>
/// <param name="atOnce">So many work at the same time.</param>
public sealed class LongWorkTurns(int atOnce) : IDisposable
{
    private readonly SemaphoreSlim _turns = new(atOnce);

    public LongWorkTurns()
        : this(Math.Max(1, Environment.ProcessorCount - 1))
    {
    }

    /// <summary>The work of one answer, which has no turn yet.</summary>
    public LongWork Begin() => new(_turns);

    public void Dispose() => _turns.Dispose();
}

/// <summary>The work of one answer. Its turn is over when it is disposed, at the latest.</summary>
public sealed class LongWork : IDisposable
{
    /// <summary>Objects that are looked at in one slice: some tenths of a millisecond.</summary>
    public const int SliceObjects = 500;

    private readonly SemaphoreSlim _turns;
    private bool _hasTurn;

    internal LongWork(SemaphoreSlim turns) => _turns = turns;

    /// <summary>A slice is over, and another one follows: others first.</summary>
    public async ValueTask NextAsync(CancellationToken cancellationToken)
    {
        Leave();

        // To the end of the queue of all threads.
        await Task.Yield();
        await _turns.WaitAsync(cancellationToken);
        _hasTurn = true;
    }

    /// <summary>
    /// A slice is over that has filled a pipe. Whose client reads slowly holds no turn while it waits.
    /// </summary>
    public async ValueTask FlushAsync(PipeWriter pipe, CancellationToken cancellationToken)
    {
        // Compressing and encrypting are done in the call, by this turn.
        var flushed = pipe.FlushAsync(cancellationToken);
        Leave();
        await flushed;
        await NextAsync(cancellationToken);
    }

    /// <summary>What follows does not take long, or is done by others.</summary>
    public void Leave()
    {
        if (_hasTurn)
        {
            _hasTurn = false;
            _turns.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Leave();
}
