using k8s.Models;
using OrleansOrchestrator.NodeAgent.Volumes;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Volumes;

public sealed class MemorySizeTests
{
    private const long Mebibyte = 1024 * 1024;

    /// <summary>
    /// What the node has, what the pod's two containers may have, what the volume wants → its size in MiB.
    /// </summary>
    [Theory]
    [InlineData("1Gi", null, null, null, 1024)]
    [InlineData("1Gi", "100Mi", null, null, 1024)]
    [InlineData("1Gi", "100Mi", "50Mi", null, 150)]
    [InlineData("1Gi", "100Mi", "50Mi", "200Mi", 150)]
    [InlineData("1Gi", "100Mi", "50Mi", "20Mi", 20)]
    [InlineData("1Gi", null, null, "2Gi", 1024)]
    [InlineData("1Gi", null, null, "0", 1024)]
    [InlineData(null, null, null, "5Mi", 5)]
    [InlineData(null, null, null, null, null)]
    public void A_volume_in_memory_is_no_larger_than_what_its_pod_can_have(
        string? node, string? first, string? second, string? wanted, int? expected)
    {
        var pod = new V1Pod { Spec = new V1PodSpec { Containers = [Container(first), Container(second)] } };
        var source = new V1EmptyDirVolumeSource
        {
            Medium = "Memory", SizeLimit = wanted is null ? null : new ResourceQuantity(wanted),
        };

        Assert.Equal(expected * Mebibyte, VolumeManager.MemorySize(pod, source, Memory(node)));
    }

    private static V1Container Container(string? limit) => new()
    {
        Name = "c", Resources = new V1ResourceRequirements { Limits = Memory(limit) },
    };

    private static Dictionary<string, ResourceQuantity> Memory(string? amount) =>
        amount is null ? [] : new() { ["memory"] = new(amount) };
}
