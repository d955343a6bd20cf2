using k8s.Models;
using OrleansOrchestrator.Grains.Batch.Jobs;
using OrleansOrchestrator.Grains.Policy.PodDisruptionBudgets;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>
/// Pods of which something was left: of some their Job has gone or ended, others were said to go and did not.
/// </summary>
internal sealed class LeftPodsPlay : CrashPlay
{
    private OrphanedJobPodController _orphans = null!;
    private StaleDisruptionController _stale = null!;

    protected override int Acts => 3;

    protected override void SetUp()
    {
        foreach (var name in new[] { "ends", "goes", "runs" })
        {
            var job = World.AddJob(name, static _ => { });
            World.AddPod($"{name}-pod", "n1");
            World.Api.Change<V1Pod>("default", $"{name}-pod", p =>
            {
                p.Metadata.Finalizers = [JobTracking.Finalizer, "example.com/keep"];
                p.Metadata.OwnerReferences = [job.ControllerReference()];
            });
        }

        AddDisrupted("told");
        AddDisrupted("finished");
    }

    protected override void Change(int act)
    {
        if (act == 1)
        {
            var end = new V1JobCondition { Type = "Complete", Status = "True" };
            World.Api.Change<V1Job>(
                "default", "ends", j => j.Status = new V1JobStatus { Conditions = [end] }, "status");
            World.Api.Delete<V1Job>("default", "goes");
            World.Api.Change<V1Pod>("default", "finished", static p => p.Status.Phase = "Succeeded", "status");
        }
        else if (act == 2)
        {
            World.Time.Advance(StaleDisruptionController.Timeout + TimeSpan.FromSeconds(1));
        }
    }

    protected override void Step()
    {
        _orphans.ResyncAsync(default).GetAwaiter().GetResult();
        _stale.ResyncAsync(default).GetAwaiter().GetResult();
    }

    protected override void LoseMemory()
    {
        _orphans = new OrphanedJobPodController(World.Services);
        _stale = new StaleDisruptionController(World.Services);
    }

    /// <summary>The pods of a Job that runs are counted, and what others hold stays held.</summary>
    protected override void Check()
    {
        Assert.Contains(
            JobTracking.Finalizer, World.Api.Find<V1Pod>("default", "runs-pod")!.Metadata.Finalizers);
        Assert.All(
            World.Api.All<V1Pod>().Where(static p => p.Metadata.Name.EndsWith("-pod", StringComparison.Ordinal)),
            static p => Assert.Contains("example.com/keep", p.Metadata.Finalizers));
    }

    private void AddDisrupted(string name)
    {
        World.AddPod(name, "n1");
        var told = new V1PodCondition
        {
            Type = "DisruptionTarget", Status = "True", Reason = "EvictionByEvictionAPI", Message = "why",
            LastTransitionTime = World.Time.GetUtcNow().UtcDateTime,
        };
        World.Api.Change<V1Pod>("default", name, p => p.Status.Conditions = [told], "status");
    }
}
