using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Cache;

/// <summary>
/// What all readers share goes on whatever becomes of who asked first: a grain, say, whose turn comes late.
/// </summary>
public sealed class FirstAskerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task A_cache_is_followed_without_turns_of_who_needs_it_first()
    {
        await using var silos = await TestSilos.StartAsync();
        _ = InTurnsThatNeverCome(() => silos.Caches.GetAsync(TestObjects.Pods, default).AsTask());

        var cache = await silos.Caches.GetAsync(TestObjects.Pods, default).AsTask().WaitAsync(Patience);

        Assert.Equal(TestObjects.Pods, cache.Resource);
    }

    [Fact]
    public async Task A_question_for_all_is_asked_without_turns_of_who_asks_first()
    {
        var reader = new RevisionReader(static () => Task.FromResult(5L));
        var first = InTurnsThatNeverCome(reader.ReadAsync);

        Assert.Equal(5, await reader.ReadAsync().WaitAsync(Patience));
        Assert.Equal(5, await first.WaitAsync(Patience));
    }

    private static T InTurnsThatNeverCome<T>(Func<T> ask)
    {
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(new NoTurns());
        try
        {
            return ask();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    private sealed class NoTurns : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state)
        {
            // It never comes.
        }
    }
}
