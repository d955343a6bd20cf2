using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Interfaces.Hollow;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling;

public sealed class SchedulerGrainTests
{
    [Fact]
    public async Task ASiloWithSchedulingAndHollowNodesRunsPods()
    {
        var api = new SchedulingApi();
        var builder = new InProcessTestClusterBuilder(1);
        builder.ConfigureSilo((_, silo) =>
        {
            silo.Services.AddSingleton<IResourceClient>(api);
            silo.Services.AddOrchestratorScheduling(hollowNodes: new HollowNodeSettings { Count = 2 });
        });
        await using var cluster = builder.Build();
        await cluster.DeployAsync();
        await api.UntilAsync(() => api.All(WellKnown.Leases).Count == 2);
        api.Put(WellKnown.Pods, new PodSketch("a").Build());
        api.Put(WellKnown.Pods, new PodSketch("b").Build());
        await api.UntilAsync(
            () => api.All(WellKnown.Pods).All(p => p["status"]!["phase"]?.GetValue<string>() == "Running"));
        var nodes = api.All(WellKnown.Pods).Select(p => p["spec"]!["nodeName"]!.GetValue<string>());
        Assert.All(nodes, node => Assert.StartsWith("hollow-node-", node, StringComparison.Ordinal));
    }
}
