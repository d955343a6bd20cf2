using k8s.Models;
using OrleansOrchestrator.Grains.Apps.ReplicaSets;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Apps.ReplicaSets;

public sealed class ReplicaSetPlannerTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(null, "FailedDelete", "FailedDelete")]
    [InlineData("FailedCreate", "FailedDelete", "FailedCreate")]
    [InlineData("FailedCreate", null, null)]
    public void The_first_failure_is_shown_until_all_goes_well(string? shown, string? failed, string? expected)
    {
        var set = new V1ReplicaSet
        {
            Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default", Uid = "s", Generation = 2 },
            Spec = new V1ReplicaSetSpec
            {
                Replicas = 1,
                Selector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["app"] = "web" } },
                Template = World.Template("web"),
            },
            Status = new V1ReplicaSetStatus
            {
                ObservedGeneration = 1,
                Conditions = shown is null
                    ? null
                    : [new V1ReplicaSetCondition { Type = "ReplicaFailure", Status = "True", Reason = shown }],
            },
        };
        var status = ReplicaSetPlanner.ComputeStatus(
            new ReplicaSetObserved
            {
                Set = set, Pods = [], Failure = failed is null ? null : new ReplicaFailure(failed, "why"),
            },
            Now);
        Assert.Equal(expected, status!.Conditions?.Single().Reason);
    }
}
