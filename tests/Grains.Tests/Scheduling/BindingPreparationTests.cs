using OrleansOrchestrator.Grains.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling;

public sealed class BindingPreparationTests
{
    [Fact]
    public void What_is_called_off_does_not_end_and_what_has_ended_is_not_called_off()
    {
        using var called = new BindingPreparation(default);
        Assert.True(called.TryCancel());
        Assert.True(called.TryCancel());
        Assert.True(called.Token.IsCancellationRequested);
        Assert.False(called.TryEnd());

        using var ended = new BindingPreparation(default);
        Assert.True(ended.TryEnd());
        Assert.False(ended.TryCancel());
        Assert.False(ended.Token.IsCancellationRequested);
    }

    /// <summary>Whoever waited for the token goes on while it is cancelled.</summary>
    [Fact]
    public void Others_may_ask_while_it_is_called_off()
    {
        using var preparation = new BindingPreparation(default);
        bool? ends = null;
        preparation.Token.Register(() =>
        {
            var other = new Thread(() => ends = preparation.TryEnd());
            other.Start();
            other.Join();
        });
        Assert.True(preparation.TryCancel());
        Assert.False(ends);
    }

    [Fact]
    public void It_may_be_disposed_while_it_is_called_off()
    {
        var preparation = new BindingPreparation(default);
        var (token, isToldLater) = (preparation.Token, false);
        token.Register(() => isToldLater = true); // callbacks run in reverse
        token.Register(preparation.Dispose);
        Assert.True(preparation.TryCancel());
        Assert.True(isToldLater);
        Assert.True(preparation.TryCancel());
        Assert.Throws<ObjectDisposedException>(() => preparation.Token);
    }

    [Fact]
    public void What_is_disposed_has_ended()
    {
        var preparation = new BindingPreparation(default);
        preparation.Dispose();
        Assert.False(preparation.TryCancel());
    }
}
