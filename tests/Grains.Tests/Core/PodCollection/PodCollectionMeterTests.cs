using k8s.Models;
using OrleansOrchestrator.Grains.Core.PodCollection;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.PodCollection;

public sealed class PodCollectionMeterTests
{
    /// <summary>As upstream: also what is no failure of the look, since nothing is left to do.</summary>
    [Theory]
    [InlineData("delete", StatusReasons.Forbidden, true)]
    [InlineData("delete", StatusReasons.NotFound, false)]
    [InlineData("delete", StatusReasons.Conflict, false)]
    [InlineData("update", StatusReasons.NotFound, false)]
    public async Task Deletions_are_counted_and_those_that_are_refused_also_as_errors(
        string verb, string reason, bool isFailure)
    {
        var (deletions, errors, failure) = await CollectAsync(write =>
            write == verb ? new Status { Code = 409, Reason = reason, Message = "refused" } : null);
        Assert.Equal((2, 1, isFailure), (deletions, errors, failure is not null));
    }

    [Fact]
    public async Task What_fails_without_an_answer_is_an_error_and_what_is_called_off_is_none()
    {
        Assert.Equal(1, (await CollectAsync(static _ => throw new TimeoutException())).Errors);
        Assert.Equal(0, (await CollectAsync(static _ => throw new OperationCanceledException())).Errors);
    }

    /// <summary>Of two orphans one goes, and the other one stays.</summary>
    private static async Task<(double Deletions, double Errors, Exception? Failure)> CollectAsync(
        Func<string, Status?> whatKeepsIt)
    {
        using var heard = new HeardMeasurements("OrleansOrchestrator.PodCollection");
        var world = new World();
        foreach (var name in new[] { "goes", "stays" })
        {
            world.Api.Seed(new V1Pod
            {
                Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "metered" },
                Spec = new V1PodSpec { NodeName = "gone", Containers = [new V1Container { Name = "c" }] },
                Status = new V1PodStatus { Phase = "Running" },
            });
        }

        world.Api.BeforeWrite = w => w.Key.Name == "stays" ? whatKeepsIt(w.Verb) : null;
        var controller = new PodCollectionController(world.Services);
        await controller.ResyncAsync(default);
        world.Time.Advance(PodCollectionController.Quarantine);
        var failure = await Record.ExceptionAsync(() => controller.ResyncAsync(default));
        Assert.NotNull(world.Api.Find<V1Pod>("metered", "stays"));

        var orphans = heard.All.Where(static m => m.Labels == "namespace=metered reason=orphaned").ToList();
        return (
            orphans.Where(static m => m.Name == "pod_gc_collector_force_delete_pods_total").Sum(static m => m.Value),
            orphans.Where(static m => m.Name == "pod_gc_collector_force_delete_pod_errors_total")
                .Sum(static m => m.Value),
            failure);
    }
}
