using k8s.Models;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Batch.Jobs;

public sealed class JobMeterTests
{
    /// <summary>No mode of upstream's, so that these are no other test's; all but "Indexed" is treated alike.</summary>
    private const string Mode = "Metered";

    private readonly World _world = new();

    [Fact]
    public void Steps_pods_and_ends_are_counted_once()
    {
        using var heard = new HeardMeasurements("OrleansOrchestrator.Jobs");
        _world.AddJob("good", s => (s.Completions, s.CompletionMode) = (2, Mode));
        _world.AddJob("bad", s => (s.BackoffLimit, s.CompletionMode) = (0, Mode));
        Settle("good", exitCode: 0);
        Settle("bad", exitCode: 1);

        var all = heard.All.Where(static m => m.Labels.Contains(Mode, StringComparison.Ordinal)).ToList();
        Assert.Equal(
            [
                ("failed", 1), ("succeeded", 2),
            ],
            Sums("job_controller_job_pods_finished_total", $"completion_mode={Mode} result="));
        Assert.Equal(
            [
                ("BackoffLimitExceeded result=failed", 1), ("CompletionsReached result=succeeded", 1),
            ],
            Sums("job_controller_jobs_finished_total", $"completion_mode={Mode} reason="));
        Assert.Equal(
            3, all.Where(static m => m.Labels == $"action=pods_created completion_mode={Mode} result=success")
                .Count(static m => m.Name == "job_controller_job_syncs_total"));
        Assert.Equal(
            all.Count(static m => m.Name == "job_controller_job_syncs_total"),
            all.Count(static m => m.Name == "job_controller_job_sync_duration_seconds"));

        IEnumerable<(string, int)> Sums(string name, string prefix) => all.Where(m => m.Name == name)
            .GroupBy(m => m.Labels[prefix.Length..], StringComparer.Ordinal)
            .OrderBy(static g => g.Key, StringComparer.Ordinal)
            .Select(static g => (g.Key, (int)g.Sum(static m => m.Value)));
    }

    [Fact]
    public void A_step_that_fails_is_told_apart()
    {
        using var heard = new HeardMeasurements("OrleansOrchestrator.Jobs");
        _world.AddJob("lost", s => s.CompletionMode = "Lost" + Mode);
        _world.Api.BeforeWrite = static _ => throw new InvalidOperationException("the store is gone");
        Assert.ThrowsAny<Exception>(() => _world.Step<V1Job>("lost"));
        Assert.Contains(
            ("job_controller_job_syncs_total", 1.0, $"action=pods_created completion_mode=Lost{Mode} result=error"),
            heard.All);
    }

    /// <summary>Whatever runs ends with the code, until there is nothing more to run.</summary>
    private void Settle(string job, int exitCode)
    {
        for (var i = 0; i < 10; i++)
        {
            _world.Step<V1Job>(job);
            foreach (var pod in _world.ActivePods().Where(p => p.Metadata.Labels["app"] == job))
            {
                _world.Finish(pod.Metadata.Name, exitCode);
            }
        }
    }
}
