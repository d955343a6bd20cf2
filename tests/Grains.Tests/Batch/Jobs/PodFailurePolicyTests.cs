using k8s.Models;
using OrleansOrchestrator.Grains.Batch.Jobs;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Batch.Jobs;

public sealed class PodFailurePolicyTests
{
    private static readonly V1PodFailurePolicy Policy = new()
    {
        Rules =
        [
            OnCondition("Ignore", "DisruptionTarget"),
            OnExit("FailJob", "In", "main", 42),
            OnExit("FailIndex", "In", null, 9),
            OnExit("Count", "NotIn", null, 1, 2),
            OnCondition("FailJob", "ConfigIssue"),
        ],
    };

    [Theory]
    [InlineData("main", 1, null, null, null)]
    [InlineData("main", 0, null, null, null)]
    [InlineData("main", 9, null, "FailIndex", null)]
    [InlineData("main", 5, null, "Count", null)]
    [InlineData("side", 42, null, "Count", null)]
    [InlineData("main", 42, "DisruptionTarget", "Ignore", null)]
    [InlineData("main", 42, null, "FailJob", "Container main for pod ns/p failed with exit code 42 matching", 1)]
    [InlineData("main", 1, "ConfigIssue", "FailJob", "Pod ns/p has condition ConfigIssue matching", 4)]
    public void The_first_rule_that_matches_decides(
        string container, int exitCode, string? condition, string? action, string? why, int rule = 0)
    {
        var pod = new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = "p", NamespaceProperty = "ns" },
            Status = new V1PodStatus
            {
                Conditions = condition is null ? [] : [new V1PodCondition { Type = condition, Status = "True" }],
                ContainerStatuses =
                [
                    new V1ContainerStatus
                    {
                        Name = container, State = new V1ContainerState { Terminated = new() { ExitCode = exitCode } },
                    },
                ],
            },
        };
        var found = PodFailurePolicy.Of(Policy, pod);
        Assert.Equal(
            (action, why is null ? null : $"{why} FailJob rule at index {rule}"), (found.Action, found.Message));
        Assert.Equal((action != "Ignore", action == "FailIndex"), (found.Counts, found.FailsIndex));
    }

    private static V1PodFailurePolicyRule OnCondition(string action, string type) =>
        new() { Action = action, OnPodConditions = [new() { Type = type, Status = "True" }] };

    private static V1PodFailurePolicyRule OnExit(
        string action, string how, string? container, params int[] codes) => new()
        {
            Action = action,
            OnExitCodes = new() { OperatorProperty = how, Values = codes, ContainerName = container },
        };
}
