using OrleansOrchestrator.Silo.Hosting;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Hosting;

/// <summary>When a part of a cluster counts as hung. The clock is the test's own.</summary>
public sealed class LivenessTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    /// <summary>More than turns follow from one event.</summary>
    private const int Turns = 10;

    private readonly ManualTime _time = new();
    private readonly SingleThread _thread = new();

    [Fact]
    public async Task Who_never_answers_is_given_up_after_three_questions()
    {
        var asked = 0;
        var liveness = new Liveness(
            async token =>
            {
                asked++;
                await Task.Delay(Timeout.InfiniteTimeSpan, _time, token);
            },
            _time);
        var hung = _thread.RunAsync(() => liveness.UntilItHangsAsync(TestContext.Current.CancellationToken));
        var patience = Liveness.Unanswered * (Liveness.Period + Liveness.Patience);
        await PassAsync(patience - Second, hung);
        Assert.False(hung.IsCompleted);
        await PassAsync(2 * Second, hung);
        await hung;
        Assert.Equal(Liveness.Unanswered, asked);
    }

    [Fact]
    public async Task Who_answers_every_third_question_works()
    {
        var asked = 0;
        using var stop = new CancellationTokenSource();
        var liveness = new Liveness(
            _ => ++asked % 3 == 0 ? Task.CompletedTask : throw new IOException("no answer"), _time);
        var hung = _thread.RunAsync(() => liveness.UntilItHangsAsync(stop.Token));
        await PassAsync(100 * Liveness.Period, hung);
        Assert.False(hung.IsCompleted);
        Assert.True(asked > 90, $"{asked}");
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hung);
    }

    // Step by step, each after what the one before has set going.
    private async Task PassAsync(TimeSpan time, Task until)
    {
        await SettleAsync();
        for (var passed = TimeSpan.Zero; passed < time && !until.IsCompleted; passed += Second)
        {
            _time.Advance(Second);
            await SettleAsync();
        }
    }

    private async Task SettleAsync()
    {
        for (var turn = 0; turn < Turns; turn++)
        {
            await _thread.DrainAsync();
        }
    }
}
