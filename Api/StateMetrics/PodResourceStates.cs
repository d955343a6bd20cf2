using System.Globalization;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.StateMetrics;

/// <summary>
/// What each pod is counted with in scheduling, as upstream's scheduler tells it: all its containers together, with
/// what its sandbox costs. Pods that have ended count no more.
/// </summary>
internal static class PodResourceStates
{
    private const string Help =
        " workloads on the cluster, broken down by pod. This shows the resource usage the scheduler and kubelet expect "
        + "per pod for resources along with the unit for the resource if any.";

    public static StateTable Pods { get; } = new(
        WellKnown.Pods, "pod", HasUid: false,
        [
            StateFamily.Gauge(
                "kube_pod_resource_limit", "[STABLE] Resources limit for" + Help,
                static (pod, to) => Add(pod, to, PodResources.TotalLimits)),
            StateFamily.Gauge(
                "kube_pod_resource_request", "[STABLE] Resources requested by" + Help,
                static (pod, to) => Add(pod, to, PodResources.TotalRequests)),
        ]);

    private static void Add(StateField pod, StateSeries to, Func<V1PodSpec, Dictionary<string, Quantity>> amounts)
    {
        var (spec, phase) = (pod["spec"], pod["status"]["phase"]);
        if (spec["nodeName"].Text is { Length: > 0 } && (phase.Is("Succeeded") || phase.Is("Failed")))
        {
            return;
        }

        foreach (var (resource, amount) in amounts(KubernetesJson.Deserialize<V1PodSpec>(spec.Element)))
        {
            if (!amount.IsZero)
            {
                to.Add(
                    amount.IsInteger ? amount.Value : amount.MilliValue / 1000.0,
                    ("node", spec["nodeName"]), ("scheduler", spec["schedulerName"]),
                    ("priority", spec["priority"].Number?.ToString(CultureInfo.InvariantCulture)),
                    ("resource", resource), ("unit", UnitOf(resource)));
            }
        }
    }

    private static string UnitOf(string resource) => resource switch
    {
        "cpu" => "cores",
        "memory" or "storage" or "ephemeral-storage" => "bytes",
        _ when resource.StartsWith("hugepages-", StringComparison.Ordinal) => "bytes",
        _ when resource.StartsWith("attachable-volumes-", StringComparison.Ordinal) => "integer",
        _ => "",
    };
}
