using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Core.Pods;

public sealed class OccupiedResourcesTests
{
    /// <summary>A container that asks for some cpu, was given some and has some; what it counts for.</summary>
    [Theory]
    [InlineData("500m", null, null, "", "500m")]
    [InlineData("500m", "500m", "300m", "", "500m")]
    [InlineData("300m", "500m", "500m", "", "500m")]
    [InlineData("300m", "300m", "500m", "PodResizeInProgress", "500m")]
    [InlineData("900m", "300m", "300m", "Deferred", "900m")]
    [InlineData("900m", "300m", "300m", "Infeasible", "300m")]
    public void What_is_asked_for_given_or_had_counts_whichever_is_most(
        string asked, string? given, string? has, string why, string counted)
    {
        var pod = Pod(asked, given, has);
        pod.Status.Conditions = why.Length == 0 ? null
            : [new V1PodCondition { Type = "PodResizePending", Status = "True", Reason = why }];
        Assert.Equal(counted, PodResources.TotalRequests(OccupiedResources.SpecOf(pod))["cpu"].ToString());
    }

    [Fact]
    public void A_limit_that_is_still_in_force_counts()
    {
        var pod = Pod("1", null, "1");
        pod.Spec.Containers[0].Resources.Limits = Cpu("1");
        pod.Status.ContainerStatuses[0].Resources.Limits = Cpu("2");
        Assert.Equal("2", PodResources.TotalLimits(OccupiedResources.SpecOf(pod))["cpu"].ToString());
    }

    [Theory]
    [InlineData(null, "500m", false)]
    [InlineData("500m", "500m", false)]
    [InlineData("500m", "300m", true)]
    [InlineData("500m", null, true)]
    public void Other_resources_than_before_are_noticed(string? before, string? now, bool isChange) =>
        Assert.Equal(isChange, OccupiedResources.HaveChanged(Pod("1", null, before), Pod("1", null, now)));

    private static V1Pod Pod(string asked, string? given, string? has) => new()
    {
        Spec = new V1PodSpec
        {
            Containers =
            [
                new V1Container { Name = "c", Resources = new V1ResourceRequirements { Requests = Cpu(asked) } },
            ],
        },
        Status = new V1PodStatus
        {
            ContainerStatuses =
            [
                new V1ContainerStatus
                {
                    Name = "c",
                    AllocatedResources = given is null ? null : Cpu(given),
                    Resources = has is null ? null : new V1ResourceRequirements { Requests = Cpu(has) },
                },
            ],
        },
    };

    private static Dictionary<string, ResourceQuantity> Cpu(string amount) => new() { ["cpu"] = new(amount) };
}
