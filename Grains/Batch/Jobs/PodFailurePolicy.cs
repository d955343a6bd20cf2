using k8s.Models;

namespace OrleansOrchestrator.Grains.Batch.Jobs;

/// <summary>What a Job's policy says of a failed pod: the first rule that matches decides.</summary>
/// <param name="Action">The rule's action; null when no rule matches.</param>
/// <param name="Message">Why the Job must fail; null unless it must.</param>
public readonly record struct PodFailurePolicy(string? Action, string? Message)
{
    private const string FailJob = "FailJob";

    /// <summary>Counts against the limits.</summary>
    public bool Counts => Action != "Ignore";

    /// <summary>The pod's index must not be tried again.</summary>
    public bool FailsIndex => Action == "FailIndex";

    public static PodFailurePolicy Of(V1PodFailurePolicy? policy, V1Pod pod)
    {
        for (var i = 0; i < (policy?.Rules?.Count ?? 0); i++)
        {
            var rule = policy!.Rules[i];
            if (Match(rule, pod) is { } why)
            {
                return new PodFailurePolicy(
                    rule.Action, rule.Action == FailJob ? $"{why} matching {rule.Action} rule at index {i}" : null);
            }
        }

        return default;
    }

    private static string? Match(V1PodFailurePolicyRule rule, V1Pod pod)
    {
        var (name, status) = ($"{pod.Metadata.NamespaceProperty}/{pod.Metadata.Name}", pod.Status);
        if (rule.OnExitCodes is { } wanted)
        {
            var container = (status?.ContainerStatuses ?? []).Concat(status?.InitContainerStatuses ?? [])
                .FirstOrDefault(c => Matches(wanted, c));
            return container is null
                ? null
                : $"Container {container.Name} for pod {name} failed with exit code " +
                    $"{container.State.Terminated.ExitCode}";
        }

        var condition = (status?.Conditions ?? []).FirstOrDefault(
            c => rule.OnPodConditions?.Any(p => p.Type == c.Type && p.Status == c.Status) == true);
        return condition is null ? null : $"Pod {name} has condition {condition.Type}";
    }

    private static bool Matches(V1PodFailurePolicyOnExitCodesRequirement wanted, V1ContainerStatus container) =>
        container.State?.Terminated?.ExitCode is { } code and not 0
        && (wanted.ContainerName is null || wanted.ContainerName == container.Name)
        && wanted.OperatorProperty switch
        {
            "In" => wanted.Values.Contains(code),
            "NotIn" => !wanted.Values.Contains(code),
            _ => false,
        };
}
