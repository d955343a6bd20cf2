using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Kernel;

public sealed class AttemptsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly ManualTime _time = new();
    private int _calls;

    [Fact]
    public async Task A_call_is_made_again_until_it_is_answered()
    {
        var answer = RepeatAsync(() => ++_calls < 3 ? throw new TimeoutException("lost") : Task.FromResult("done"));
        await PassAsync(answer);

        Assert.Equal("done", await answer);
        Assert.Equal(3, _calls);
    }

    [Fact]
    public async Task When_patience_ends_the_last_failure_is_told_as_a_problem()
    {
        var answer = RepeatAsync(() => throw new TimeoutException($"lost {++_calls}"));
        await PassAsync(answer);

        var problem = await Assert.ThrowsAsync<InvalidOperationException>(() => answer);
        Assert.Equal($"s: lost {_calls}", problem.Message);
        Assert.True(_calls > 2, "pauses that grow fit more than two attempts into a second");
    }

    [Fact]
    public async Task A_failure_that_does_not_pass_ends_it_at_once()
    {
        await Assert.ThrowsAsync<IOException>(() => RepeatAsync(() => throw new IOException($"call {++_calls}")));
        Assert.Equal(1, _calls);
    }

    [Fact]
    public async Task A_failure_that_is_its_own_problem_keeps_the_trace_of_where_it_came_from()
    {
        var answer = Attempts.RepeatAsync(
            new Attempts(TimeSpan.Zero, _time), "s", static _ => LoseAsync(), static (_, failure) => failure,
            TestContext.Current.CancellationToken);

        var problem = await Assert.ThrowsAsync<TimeoutException>(() => answer);
        Assert.Contains(nameof(LoseAsync), problem.StackTrace, StringComparison.Ordinal);
    }

    private static Task<string> LoseAsync() => throw new TimeoutException("lost");

    private Task<string> RepeatAsync(Func<Task<string>> call) => Attempts.RepeatAsync(
        new Attempts(Patience, _time), "s", _ => call(),
        static (state, failure) => failure is TimeoutException
            ? new InvalidOperationException($"{state}: {failure.Message}", failure)
            : null,
        TestContext.Current.CancellationToken);

    private async Task PassAsync(Task task)
    {
        while (!task.IsCompleted)
        {
            await Task.WhenAny(task, _time.ArmedAsync());
            _time.Advance(TimeSpan.FromMilliseconds(100));
        }
    }
}
