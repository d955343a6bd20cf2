using OrleansOrchestrator.TestKit.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Simulation;

/// <summary>
/// Whole lives of a cluster under the scheduler: nodes come, change and go, pods are made and deleted, changes arrive
/// late, bindings fail. One thread, one seed; set <c>ORCH_SEED</c> to replay one.
/// </summary>
public sealed class SchedulerSimulation
{
    private const int Runs = 400;
    private const int StepsPerRun = 150;

    [Fact]
    public void NeverOvercommitsNeverViolatesAFilterAndLeavesNoPodWaitingThatFits()
    {
        var replay = Environment.GetEnvironmentVariable("ORCH_SEED");
        var first = replay is null
            ? Random.Shared.Next()
            : int.Parse(replay, System.Globalization.CultureInfo.InvariantCulture);
        var (bound, rejected) = (0, 0);
        for (var run = 0; run < (replay is null ? Runs : 1); run++)
        {
            var seed = unchecked(first + run);
            var world = new SchedulerWorld(seed);
            try
            {
                for (var step = 0; step < StepsPerRun; step++)
                {
                    world.Step();
                }

                world.SettleAndCheck();
            }
            catch (InvalidOperationException error)
            {
                Assert.Fail($"{error.Message}; replay with ORCH_SEED={seed}");
            }

            bound += world.Bound;
            rejected += world.Rejected;
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"first seed {first}: {bound} bindings, {rejected} rejections");
        Assert.True(
            replay is not null || (bound > Runs && rejected > Runs),
            $"{bound} bindings, {rejected} rejections: too few to mean anything");
    }
}
