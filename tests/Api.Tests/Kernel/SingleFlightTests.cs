using OrleansOrchestrator.Api.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Kernel;

/// <summary>Who joins what is under way, and what may begin beside it.</summary>
public sealed class SingleFlightTests
{
    private readonly SingleFlight<string, int> _flights = new(static count => count < 2);
    private readonly TaskCompletionSource<int> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _begun;

    [Fact]
    public async Task OneServesAllOfAKeyUntilItEnds()
    {
        var (first, second) = (Join("a"), Join("a"));
        Assert.Same(first, second);

        _end.SetResult(7);
        Assert.Equal(7, await first!);
        Assert.Equal(7, await Join("a")!);
        Assert.Equal(2, _begun);
    }

    [Fact]
    public async Task NoMoreBeginThanMay()
    {
        var (first, second) = (Join("a"), Join("b"));
        Assert.Null(Join("c"));
        Assert.Same(first, Join("a"));

        _end.SetResult(7);
        await Task.WhenAll(first!, second!);
        Assert.Equal(7, await Join("c")!);
    }

    [Fact]
    public async Task AFailureIsEverybodysAndTheNextBeginsAnew()
    {
        var (first, second) = (Join("a"), Join("a"));
        _end.SetException(new TimeoutException());

        await Assert.ThrowsAsync<TimeoutException>(() => first!);
        await Assert.ThrowsAsync<TimeoutException>(() => second!);
        await Assert.ThrowsAsync<TimeoutException>(() => Join("a")!);
        Assert.Equal(2, _begun);
    }

    private Task<int>? Join(string key) => _flights.Join(key, () =>
    {
        Interlocked.Increment(ref _begun);
        return _end.Task;
    });
}
