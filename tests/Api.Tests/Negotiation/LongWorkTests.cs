using System.Collections.Concurrent;
using System.IO.Pipelines;
using OrleansOrchestrator.Api.Negotiation;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Negotiation;

/// <summary>Answers that take long take turns.</summary>
public sealed class LongWorkTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task NoMoreThanSoManyWorkAtTheSameTime()
    {
        const int AtOnce = 3;
        using var turns = new LongWorkTurns(AtOnce);
        var working = 0;
        var seen = new ConcurrentBag<int>();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
        {
            using var work = turns.Begin();
            for (var slice = 0; slice < 20; slice++)
            {
                await work.NextAsync(Token);
                seen.Add(Interlocked.Increment(ref working));
                await Task.Yield();
                Interlocked.Decrement(ref working);
            }
        }));

        Assert.All(seen, static now => Assert.InRange(now, 1, AtOnce));
    }

    [Fact]
    public async Task WhoWaitsForAReaderHoldsNoTurn()
    {
        using var turns = new LongWorkTurns(1);
        using var slow = turns.Begin();
        await slow.NextAsync(Token);
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 10, resumeWriterThreshold: 5));
        await pipe.Writer.WriteAsync(new byte[9], Token);
        pipe.Writer.GetSpan(20);
        pipe.Writer.Advance(20);
        var flush = slow.FlushAsync(pipe.Writer, Token).AsTask();

        using var other = turns.Begin();
        await other.NextAsync(Token);
        Assert.False(flush.IsCompleted);
        other.Leave();

        var read = await pipe.Reader.ReadAsync(Token);
        pipe.Reader.AdvanceTo(read.Buffer.End);
        await flush;
        await pipe.Writer.CompleteAsync();
    }

    /// <summary>Who ends in any way, or is told to, takes no turn with it.</summary>
    [Fact]
    public async Task TurnsAreNotLost()
    {
        using var turns = new LongWorkTurns(1);
        using (var ended = turns.Begin())
        {
            await ended.NextAsync(Token);
            using var gone = new CancellationTokenSource();
            using var waits = turns.Begin();
            var waiting = waits.NextAsync(gone.Token).AsTask();
            await gone.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        }

        using var next = turns.Begin();
        await next.NextAsync(Token);
    }
}
