using OrleansOrchestrator.SeedKit;
using OrleansOrchestrator.TestKit.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Simulation;

/// <summary>
/// Whole lives of a cluster under the scheduler: nodes come, change and go, pods are made and deleted, changes arrive
/// late, bindings fail. One thread, one seed.
/// </summary>
public sealed class SchedulerSimulation
{
    private const int Runs = 400;
    private const int StepsPerRun = 150;

    [Fact]
    public void NeverOvercommitsNeverViolatesAFilterAndLeavesNoPodWaitingThatFits()
    {
        var (seeds, runs) = (new Random(TestSeed.Current), Runs * TestSeed.Times);
        var (bound, rejected, preempted) = (0, 0, 0);
        for (var run = 0; run < runs; run++)
        {
            var world = new SchedulerWorld(seeds.Next());
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
                Assert.Fail($"run {run}: {error.Message}");
            }

            bound += world.Bound;
            rejected += world.Rejected;
            preempted += world.Preempted;
        }

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{bound} bindings, {rejected} rejections, {preempted} preempted");
        Assert.True(
            bound > runs && rejected > runs && preempted > runs / 4,
            $"{bound} bindings, {rejected} rejections, {preempted} preempted: too few to mean anything");
    }
}
