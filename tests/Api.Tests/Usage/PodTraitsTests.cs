using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Api.Usage;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Metrics;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Usage;

public sealed class PodTraitsTests
{
    /// <summary>Autoscalers and people act on figures: a node tells none of others' pods.</summary>
    [Fact]
    public async Task A_node_tells_of_itself_and_of_its_own_pods_alone()
    {
        var token = TestContext.Current.CancellationToken;
        await using var host = await ProtocolHost.StartAsync();
        foreach (var (name, node) in ((string, string)[])[("own", "n1"), ("other", "n2"), ("waits", "")])
        {
            var key = new ObjectKey("a", name);
            var spec = $$"""{"nodeName":"{{node}}","containers":[{"name":"main","image":"x"}]}""";
            var written = await host.Silos.ObjectGrain(TestObjects.Pods, key).WriteAsync(
                TestObjects.Create(key, spec), token);
            Assert.True(written.Succeeded);
        }

        var reader = host.Services.GetRequiredService<ObjectReader>();
        var pods = await reader.SnapshotAsync(WellKnown.Pods, ReadFreshness.Linearizable, token);
        var kept = await new PodTraits(reader).AddAsync(
            [
                Sample("", "n1", ""), Sample("a", "own", "main"), Sample("a", "own", ""), Sample("a", "other", "main"),
                Sample("a", "waits", "main"), Sample("a", "none", "main"), Sample("b", "own", "main"),
            ],
            pods, token);
        Assert.Equal(
            ["/n1/", "a/own/main", "a/own/"], kept.Select(static s => $"{s.Namespace}/{s.Name}/{s.Container}"));
    }

    private static UsageSample Sample(string space, string name, string container) => new()
    {
        Namespace = space, Name = name, Container = container, Node = "n1", Time = DateTimeOffset.UnixEpoch,
        CpuSeconds = 1, MemoryBytes = 1,
    };
}
