using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.Pods;

public sealed class PodFactsTests
{
    [Theory]
    [InlineData("c", "500m", 0, true)]
    [InlineData("c", "500m", 7, true)]
    [InlineData("c", "300m", 0, false)]
    [InlineData("c", null, 0, false)]
    [InlineData("d", "500m", 0, false)]
    public void Other_resources_of_containers_have_another_hash(string name, string? cpu, int restarts, bool isSame)
    {
        var (other, before, now) = (Status("a", "1", 0), Status("c", "500m", 0), Status(name, cpu, restarts));
        Assert.Equal(isSame, HashOf(before) == HashOf(now));
        Assert.Equal(isSame, HashOf(other, before) == HashOf(other, now));
        Assert.Equal(isSame, HashOf(before, other) == HashOf(now, other));
    }

    [Fact]
    public void Init_containers_have_resources_too() => Assert.NotEqual(
        Facts(new V1PodStatus { InitContainerStatuses = [Status("c", "500m", 0)] }).ResourcesHash,
        Facts(new V1PodStatus { InitContainerStatuses = [Status("c", "300m", 0)] }).ResourcesHash);

    [Fact]
    public void Restarts_are_read_beside_resources()
    {
        var facts = Facts(new V1PodStatus { ContainerStatuses = [Status("a", "1", 3), Status("b", "2", 1)] });
        Assert.Equal(3, facts.Restarts);
    }

    private static int HashOf(params V1ContainerStatus[] statuses) =>
        Facts(new V1PodStatus { ContainerStatuses = statuses }).ResourcesHash;

    private static V1ContainerStatus Status(string name, string? cpu, int restarts) => new()
    {
        Name = name,
        RestartCount = restarts,
        Resources = cpu is null ? null : new V1ResourceRequirements
        {
            Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new(cpu) },
        },
    };

    private static PodFacts Facts(V1PodStatus status) => PodFacts.Of(new ResourceObject(
        new ObjectKey("default", "p"), "uid", 1, ResourceCodec.Encode(new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = "p", NamespaceProperty = "default" },
            Spec = new V1PodSpec { Containers = [new V1Container { Name = "c" }] },
            Status = status,
        })));
}
