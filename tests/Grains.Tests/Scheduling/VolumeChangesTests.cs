using k8s.Models;
using OrleansOrchestrator.Grains.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling;

/// <summary>What drivers say that helps pods, and what does not: the cases of upstream's queueing tests.</summary>
public sealed class VolumeChangesTests
{
    [Theory]
    [InlineData("10Gi", null, "20Gi", null, true)]
    [InlineData("10Gi", null, "5Gi", null, false)]
    [InlineData("10Gi", null, "10Gi", null, false)]
    [InlineData(null, null, "1Gi", null, true)]
    [InlineData("10Gi", null, null, null, false)]
    [InlineData("10Gi", "5Gi", "20Gi", "5Gi", false)]
    [InlineData("10Gi", "5Gi", "10Gi", "6Gi", true)]
    public void More_room_helps(string? before, string? maxBefore, string? now, string? max, bool helps) =>
        Assert.Equal(helps, VolumeChanges.MayHelp(Capacity(before, maxBefore), Capacity(now, max)));

    [Theory]
    [InlineData(true, false, true)]
    [InlineData(true, null, true)]
    [InlineData(true, true, false)]
    [InlineData(false, true, false)]
    [InlineData(null, false, false)]
    public void A_driver_that_is_asked_no_more_helps(bool? before, bool? now, bool helps) =>
        Assert.Equal(helps, VolumeChanges.MayHelp(Driver(before), Driver(now)));

    [Theory]
    [InlineData(1, 2, true)]
    [InlineData(1, 1, false)]
    [InlineData(2, 1, false)]
    [InlineData(1, null, true)]
    [InlineData(null, 1, false)]
    public void A_higher_limit_helps(int? before, int? now, bool helps) =>
        Assert.Equal(helps, VolumeChanges.MayHelp(Node(before), Node(now)));

    [Theory]
    [InlineData("a", "b", true)]
    [InlineData("a", "a", false)]
    [InlineData("a", null, true)]
    [InlineData(null, null, false)]
    public void Other_places_help(string? before, string? now, bool helps) =>
        Assert.Equal(helps, VolumeChanges.MayHelp(Class(before, "x"), Class(now, "y")));

    private static V1CSIStorageCapacity Capacity(string? size, string? max) => new()
    {
        StorageClassName = "c",
        Capacity = size is null ? null : new ResourceQuantity(size),
        MaximumVolumeSize = max is null ? null : new ResourceQuantity(max),
    };

    private static V1CSIDriver Driver(bool? isPublished) =>
        new() { Spec = new V1CSIDriverSpec { StorageCapacity = isPublished } };

    private static V1CSINode Node(int? limit) => new()
    {
        Spec = new V1CSINodeSpec
        {
            Drivers =
            [
                new V1CSINodeDriver
                {
                    Name = "d", NodeID = "n", Allocatable = new V1VolumeNodeResources { Count = limit },
                },
            ],
        },
    };

    private static V1StorageClass Class(string? zone, string label) => new()
    {
        Metadata = new V1ObjectMeta { Labels = new Dictionary<string, string> { ["l"] = label } },
        Provisioner = "p",
        AllowedTopologies = zone is null
            ? null
            :
            [
                new V1TopologySelectorTerm
                {
                    MatchLabelExpressions =
                        [new V1TopologySelectorLabelRequirement { Key = "zone", Values = [zone] }],
                },
            ],
    };
}
