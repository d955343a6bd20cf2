using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

public sealed class ReconcileOutcomesTests
{
    private static readonly Outcome<V1Pod> Gone = StatusErrors.NotFound(WellKnown.Pods, "p");
    private static readonly Outcome<V1Pod> Lost = StatusErrors.Modified(WellKnown.Pods, "p");
    private static readonly Outcome<V1Pod> Down = StatusErrors.ServiceUnavailable("no store");

    [Fact]
    public void A_refusal_is_told_unless_it_is_as_good_as_success()
    {
        Outcome<V1Pod> done = new V1Pod();
        done.ThrowIfRefused("step");
        Gone.ThrowIfRefused("step", StatusReasons.Conflict, StatusReasons.NotFound);

        var failure = Assert.Throws<ReconcileException>(() => Gone.ThrowIfRefused("step", StatusReasons.Conflict));
        Assert.Equal("step: pods \"p\" not found", failure.Message);
        Assert.False(failure.IsOutage);
    }

    [Fact]
    public void A_lost_race_and_an_outage_are_told_apart()
    {
        Assert.Throws<StaleReadException>(() => Lost.ThrowIfRefused("step"));
        Assert.True(Assert.Throws<ReconcileException>(() => Down.ThrowIfRefused("step")).IsOutage);
    }

    [Fact]
    public void What_is_not_there_is_null_and_what_cannot_be_read_is_told()
    {
        var pod = new V1Pod();
        Outcome<V1Pod> read = pod;

        Assert.Same(pod, read.OrNull("step"));
        Assert.Null(Gone.OrNull("step"));
        Assert.Throws<ReconcileException>(() => Down.OrNull("step"));
        Assert.Same(pod, read.OrThrow("step"));
        Assert.Throws<ReconcileException>(() => Gone.OrThrow("step"));
    }

    /// <summary>Not taken for gone, so that it is tried again soon.</summary>
    [Fact]
    public void A_workload_that_cannot_be_read_is_told()
    {
        var world = new World();
        world.Api.BeforeRead = static (_, _) => StatusErrors.ServiceUnavailable("no store");
        Assert.Throws<ReconcileException>(() => world.Step<V1Deployment>("a"));
        Assert.Throws<ReconcileException>(() => world.Step<V1StatefulSet>("a"));
        Assert.Throws<ReconcileException>(() => world.Step<V1CronJob>("a"));
        Assert.Throws<ReconcileException>(() => world.Step<V1ResourceQuota>("a"));
        Assert.Throws<ReconcileException>(() => world.Step<V2HorizontalPodAutoscaler>("a"));
        Assert.Throws<ReconcileException>(() => world.Step<V1PersistentVolumeClaim>("a"));
        Assert.Throws<ReconcileException>(() => world.Step<Resourcev1ResourceClaim>("a"));
        Assert.Throws<ReconcileException>(() => world.Step<V1PodDisruptionBudget>("a"));
        Assert.Throws<ReconcileException>(() => world.Step<V1ClusterRole>("a"));
        Assert.Throws<ReconcileException>(() => world.Step<V1Namespace>("a"));
    }
}
