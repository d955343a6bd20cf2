using k8s.Models;
using OrleansOrchestrator.Grains.Batch.Jobs;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Batch.Jobs;

public sealed class OrphanedJobPodControllerTests
{
    [Theory]
    [InlineData("running", null, true)]
    [InlineData("ended", null, false)]
    [InlineData("gone", null, false)]
    [InlineData("nobody", null, false)]
    [InlineData("stranger", null, true)]
    [InlineData("ended", "example.com/mine", true)]
    public async Task Frees_pods_that_no_job_counts(string owner, string? managedBy, bool isTracked)
    {
        var world = new World();
        var job = world.AddJob("j", s => s.ManagedBy = managedBy);
        if (owner == "ended")
        {
            var end = new V1JobCondition { Type = "Complete", Status = "True" };
            world.Api.Change<V1Job>("default", "j", j => j.Status = new V1JobStatus { Conditions = [end] }, "status");
        }

        var reference = job.ControllerReference();
        reference.Uid = owner == "gone" ? "another" : reference.Uid;
        reference.Kind = owner == "stranger" ? "Runner" : reference.Kind;
        world.AddPod("p", "n1");
        world.Api.Change<V1Pod>("default", "p", p =>
        {
            p.Metadata.Finalizers = [JobTracking.Finalizer, "example.com/keep"];
            p.Metadata.OwnerReferences = owner == "nobody" ? null : [reference];
        });
        await new OrphanedJobPodController(world.Services).ResyncAsync(CancellationToken.None);
        Assert.Equal(
            isTracked, world.Api.Find<V1Pod>("default", "p")!.Metadata.Finalizers.Contains(JobTracking.Finalizer));
    }

    /// <summary>Its pods would not be counted any more.</summary>
    [Theory]
    [InlineData("jobs")]
    [InlineData("pods")]
    public async Task What_cannot_be_read_is_not_taken_for_gone(string plural)
    {
        var world = new World();
        var reference = world.AddJob("j", static _ => { }).ControllerReference();
        world.AddPod("p", "n1");
        world.Api.Change<V1Pod>("default", "p", p =>
        {
            p.Metadata.Finalizers = [JobTracking.Finalizer];
            p.Metadata.OwnerReferences = [reference];
        });
        world.Api.BeforeRead = (resource, _) =>
            resource.Plural == plural ? StatusErrors.ServiceUnavailable("no store") : null;
        await Assert.ThrowsAsync<ReconcileException>(
            () => new OrphanedJobPodController(world.Services).ResyncAsync(CancellationToken.None));
        Assert.Contains(JobTracking.Finalizer, world.Api.Find<V1Pod>("default", "p")!.Metadata.Finalizers);
    }
}
