using k8s.Models;
using OrleansOrchestrator.Grains.Policy.PodDisruptionBudgets;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Policy.PodDisruptionBudgets;

public sealed class StaleDisruptionControllerTests
{
    [Theory]
    [InlineData("Running", "EvictionByEvictionAPI", 121, "False")]
    [InlineData("Running", "EvictionByEvictionAPI", 60, "True")]
    [InlineData("Running", "TerminationByKubelet", 1000, "True")]
    [InlineData("Failed", "EvictionByEvictionAPI", 1000, "True")]
    public async Task What_does_not_go_in_two_minutes_stays(string phase, string reason, int seconds, string expected)
    {
        var world = new World();
        world.Api.Seed(new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = "p", NamespaceProperty = "default" },
            Spec = new V1PodSpec { Containers = [new V1Container { Name = "c" }] },
            Status = new V1PodStatus
            {
                Phase = phase,
                Conditions =
                [
                    new V1PodCondition
                    {
                        Type = "DisruptionTarget",
                        Status = "True",
                        Reason = reason,
                        Message = "why",
                        ObservedGeneration = 2,
                        LastTransitionTime = world.Time.GetUtcNow().UtcDateTime,
                    },
                ],
            },
        });
        world.Time.Advance(TimeSpan.FromSeconds(seconds));
        await new StaleDisruptionController(world.Services).ResyncAsync(default);
        var condition = Assert.Single(world.Api.Find<V1Pod>("default", "p")!.Status.Conditions);
        Assert.Equal(expected, condition.Status);
        Assert.Equal(
            expected == "True" ? (reason, (long?)2) : (null, 1), (condition.Reason, condition.ObservedGeneration));
    }
}
