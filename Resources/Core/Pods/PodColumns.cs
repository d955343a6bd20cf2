using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>The Table form of pods: upstream's columns, and its reading of container states as one word.</summary>
internal static class PodColumns
{
    private const string None = "<none>";

    private static readonly RowCondition Succeeded =
        new("Completed", "Succeeded", "The pod has completed successfully.");
    private static readonly RowCondition Failed = new("Completed", "Failed", "The pod failed.");

    public static readonly IReadOnlyList<TableColumn> Definitions =
    [
        new("Name", "string", "name", MetadataTexts.Name),
        new("Ready", "string", "", "The aggregate readiness state of this pod for accepting traffic."),
        new("Status", "string", "", "The aggregate status of the containers in this pod."),
        new(
            "Restarts",
            "string",
            "",
            "The number of times the containers in this pod have been restarted and when the last container in this pod has restarted."),
        new("Age", "string", "", MetadataTexts.CreationTimestamp),
        new(
            "IP",
            "string",
            "",
            "podIP address allocated to the pod. Routable at least within the cluster. Empty if not yet allocated.",
            1),
        new(
            "Node",
            "string",
            "",
            "NodeName indicates in which node this pod is scheduled. If empty, this pod is a candidate for scheduling by the scheduler defined " +
            "in schedulerName. Once this field is set, the kubelet for this node becomes responsible for the lifecycle of this pod. This field " +
            "should not be used to express a desire for the pod to be scheduled on a specific node. " +
            "https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#nodename",
            1),
        new(
            "Nominated Node",
            "string",
            "",
            "nominatedNodeName is set only when this pod preempts other pods on the node, but it cannot be scheduled right away as preemption " +
            "victims receive their graceful termination periods. This field does not guarantee that the pod will be scheduled on this node. " +
            "Scheduler may decide to place the pod elsewhere if other nodes become available sooner. Scheduler may also decide to give the " +
            "resources on this node to a higher priority pod that is created after preemption. As a result, this field may be different than " +
            "PodSpec.nodeName when the pod is scheduled.",
            1),
        new(
            "Readiness Gates",
            "string",
            "",
            "If specified, all readiness gates will be evaluated for pod readiness. A pod is ready when all its containers are ready AND all " +
            "conditions specified in the readiness gates have status equal to \"True\" More info: " +
            "https://git.k8s.io/enhancements/keps/sig-network/580-pod-readiness-gates",
            1),
    ];

    public static IReadOnlyList<object?> Cells(V1Pod pod, DateTimeOffset now)
    {
        var summary = new PodSummary(pod);
        var restarts = summary.Restarts.ToString(CultureInfo.InvariantCulture);
        if (summary.Restarts != 0 && summary.LastRestart is { } last)
        {
            restarts = $"{restarts} ({HumanDuration.Since(last, now)} ago)";
        }

        return
        [
            pod.Metadata.Name,
            string.Create(CultureInfo.InvariantCulture, $"{summary.Ready}/{summary.Total}"),
            summary.Status,
            restarts,
            HumanDuration.Since(pod.Metadata.CreationTimestamp, now),
            pod.Status?.PodIPs is { Count: > 0 } ips ? OrNone(ips[0].Ip) : None,
            OrNone(pod.Spec.NodeName),
            OrNone(pod.Status?.NominatedNodeName),
            Gates(pod),
        ];
    }

    /// <summary>Tells finished pods, for clients that hide them.</summary>
    public static RowCondition? Condition(V1Pod pod) => pod.Status?.Phase switch
    {
        "Succeeded" => Succeeded,
        "Failed" => Failed,
        _ => null,
    };

    private static string OrNone(string? text) => string.IsNullOrEmpty(text) ? None : text;

    private static string Gates(V1Pod pod)
    {
        if (pod.Spec.ReadinessGates is not { Count: > 0 } gates)
        {
            return None;
        }

        var open =
            gates.Count(g => pod.Status?.Conditions?.FirstOrDefault(c => c.Type == g.ConditionType)?.Status == "True");
        return string.Create(CultureInfo.InvariantCulture, $"{open}/{gates.Count}");
    }
}

/// <summary>What the containers of a pod amount to.</summary>
internal sealed class PodSummary
{
    private const string SchedulingGated = "SchedulingGated";

    private readonly V1Pod _pod;
    private readonly Dictionary<string, V1Container> _initContainers;
    private int _sidecarRestarts;
    private DateTime? _sidecarLastRestart;

    public PodSummary(V1Pod pod)
    {
        _pod = pod;
        _initContainers = (pod.Spec.InitContainers ?? []).ToDictionary(c => c.Name, StringComparer.Ordinal);
        Total = (pod.Spec.Containers?.Count ?? 0) + _initContainers.Values.Count(PodResources.IsSidecar);
        Status = string.IsNullOrEmpty(pod.Status?.Reason) ? pod.Status?.Phase ?? "" : pod.Status.Reason;
        if (Conditions.Any(c => c is { Type: "PodScheduled", Reason: SchedulingGated }))
        {
            Status = SchedulingGated;
        }

        var initializing = ReadInitContainers();
        if (!initializing || Conditions.Any(c => c is { Type: "Initialized", Status: "True" }))
        {
            ReadContainers();
        }

        if (pod.Metadata.DeletionTimestamp is not null)
        {
            Status = pod.Status?.Reason == "NodeLost" ? "Unknown"
                : pod.Status?.Phase is "Failed" or "Succeeded" ? Status
                : "Terminating";
        }
    }

    public int Ready { get; private set; }

    public int Total { get; }

    public string Status { get; private set; }

    public int Restarts { get; private set; }

    public DateTime? LastRestart { get; private set; }

    private IList<V1PodCondition> Conditions => _pod.Status?.Conditions ?? [];

    /// <summary>True while an init container has not succeeded.</summary>
    private bool ReadInitContainers()
    {
        var statuses = _pod.Status?.InitContainerStatuses ?? [];
        for (var i = 0; i < statuses.Count; i++)
        {
            var status = statuses[i];
            var isSidecar = PodResources.IsSidecar(_initContainers.GetValueOrDefault(status.Name));
            Restarts += status.RestartCount;
            LastRestart = Later(LastRestart, status);
            if (isSidecar)
            {
                _sidecarRestarts += status.RestartCount;
                _sidecarLastRestart = Later(_sidecarLastRestart, status);
            }

            if (status.State?.Terminated is { ExitCode: 0 })
            {
                continue;
            }

            if (isSidecar && status.Started == true)
            {
                Ready += status.Ready ? 1 : 0;
                continue;
            }

            Status = InitStatus(status.State, i);
            return true;
        }

        return false;
    }

    private string InitStatus(V1ContainerState? state, int index)
    {
        if (state?.Terminated is { } terminated)
        {
            return "Init:" + TerminatedText(terminated);
        }

        return state?.Waiting?.Reason is { Length: > 0 } reason && reason != "PodInitializing"
            ? "Init:" + reason
            : string.Create(CultureInfo.InvariantCulture, $"Init:{index}/{_pod.Spec.InitContainers?.Count ?? 0}");
    }

    private void ReadContainers()
    {
        Restarts = _sidecarRestarts;
        LastRestart = _sidecarLastRestart;
        var hasRunning = false;
        var statuses = _pod.Status?.ContainerStatuses ?? [];
        for (var i = statuses.Count - 1; i >= 0; i--)
        {
            var status = statuses[i];
            Restarts += status.RestartCount;
            LastRestart = Later(LastRestart, status);
            if (status.State?.Waiting?.Reason is { Length: > 0 } reason)
            {
                Status = reason;
            }
            else if (status.State?.Terminated is { } terminated)
            {
                Status = TerminatedText(terminated);
            }
            else if (status.Ready && status.State?.Running is not null)
            {
                hasRunning = true;
                Ready++;
            }
        }

        if (hasRunning && Status == "Completed")
        {
            Status = Conditions.Any(c => c is { Type: "Ready", Status: "True" }) ? "Running" : "NotReady";
        }
    }

    private static string TerminatedText(V1ContainerStateTerminated terminated)
    {
        if (!string.IsNullOrEmpty(terminated.Reason))
        {
            return terminated.Reason;
        }

        return terminated.Signal is { } signal and not 0
            ? string.Create(CultureInfo.InvariantCulture, $"Signal:{signal}")
            : string.Create(CultureInfo.InvariantCulture, $"ExitCode:{terminated.ExitCode}");
    }

    private static DateTime? Later(DateTime? known, V1ContainerStatus status) =>
        status.LastState?.Terminated?.FinishedAt is { } finished && (known is null || finished > known)
            ? finished
            : known;
}
