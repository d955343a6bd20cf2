using OrleansOrchestrator.NodeAgent.Kernel;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Kernel;

public sealed class KeyedTurnsTests
{
    private readonly KeyedTurns _turns = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_has_a_keys_turn_and_other_keys_have_theirs()
    {
        var first = await _turns.TakeAsync("a", Cancellation);
        var second = _turns.TakeAsync("a", Cancellation);

        (await _turns.TakeAsync("b", Cancellation)).Dispose();
        Assert.False(second.IsCompleted);

        first.Dispose();
        (await second).Dispose();
        Assert.True(_turns.TakeAsync("a", Cancellation).IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Who_gives_up_waiting_takes_no_turn()
    {
        using var impatience = new CancellationTokenSource();
        var first = await _turns.TakeAsync("a", Cancellation);
        var second = _turns.TakeAsync("a", impatience.Token);

        await impatience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        var third = _turns.TakeAsync("a", Cancellation);

        Assert.False(third.IsCompleted);
        first.Dispose();
        (await third).Dispose();
    }
}
