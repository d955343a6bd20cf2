using OrleansOrchestrator.Silo.Hosting;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Hosting;

/// <summary>Who looks after something goes on doing so. The clock is the test's own.</summary>
public sealed class LookoutTests
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    private readonly ManualTime _time = new();
    private readonly List<string> _reports = [];

    [Fact]
    public async Task A_look_that_fails_is_told_once_and_ends_nothing()
    {
        Exception?[] looks =
        [
            new DriveNotFoundException("gone"), new DriveNotFoundException("gone"),
            new InvalidOperationException("odd"), new OperationCanceledException("late"), null,
            new DriveNotFoundException("gone"), null,
        ];
        using var stop = new CancellationTokenSource();
        var look = 0;
        var run = new Lookout(Period, _time, _reports.Add).RunAsync(
            "The disk",
            _ => looks[look++] is { } failure ? Task.FromException(failure) : Task.CompletedTask,
            stop.Token);
        while (look < looks.Length)
        {
            Assert.False(run.IsCompleted);
            _time.Advance(Period);
        }

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Equal(
            ["gone", "odd", "late", "gone"],
            _reports.Select(static r => r["The disk is not as it should be: ".Length..]));
    }
}
