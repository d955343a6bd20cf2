using OrleansOrchestrator.Resources.Kernel;
using static OrleansOrchestrator.Api.StateMetrics.StateFamily;

namespace OrleansOrchestrator.Api.StateMetrics;

/// <summary><c>kube_pod_*</c>.</summary>
internal static class PodStates
{
    private static readonly string[] Phases = ["Pending", "Succeeded", "Failed", "Unknown", "Running"];
    private static readonly string[] Classes = ["BestEffort", "Burstable", "Guaranteed"];
    private static readonly string[] Policies = ["Always", "Never", "OnFailure"];

    private static readonly string[] Reasons =
    [
        "Evicted", "NodeAffinity", "NodeLost", "PreemptionByScheduler", "SchedulingGated", "Shutdown",
        "TerminationByKubelet", "UnexpectedAdmissionError",
    ];

    public static StateTable Pods { get; } = new(WellKnown.Pods, "pod", HasUid: true,
    [
        Gauge("kube_pod_info", "[STABLE] Information about pod.", Info),
        Gauge("kube_pod_ips", "Pod IP addresses", static (pod, to) =>
        {
            foreach (var ip in pod["status"]["podIPs"].Items)
            {
                var is6 = ip["ip"].Text?.Contains(':', StringComparison.Ordinal) == true;
                to.Add(1, ("ip", ip["ip"]), ("ip_family", is6 ? "6" : "4"));
            }
        }),
        Value("kube_pod_start_time", "[STABLE] Start time in unix timestamp for a pod.",
            static p => p["status"]["startTime"].Time),
        Value("kube_pod_completion_time", "[STABLE] Completion time in unix timestamp for a pod.", Completion),
        Owner("kube_pod", "Pod"),
        Created("kube_pod"),
        Deleted("kube_pod"),
        Gauge("kube_pod_restart_policy", "[STABLE] Describes the restart policy in use by this pod.",
            static (pod, to) => to.Add(1, ("type", pod["spec"]["restartPolicy"]))),
        Gauge("kube_pod_scheduler", "The scheduler for a pod.",
            static (pod, to) => to.Add(1, ("name", pod["spec"]["schedulerName"]))),
        Gauge("kube_pod_service_account", "The service account for a pod.",
            static (pod, to) => to.Add(1, ("service_account", pod["spec"]["serviceAccountName"]))),
        Gauge("kube_pod_status_phase", "[STABLE] The pods current phase.", static (pod, to) =>
        {
            if (pod["status"]["phase"].Exists)
            {
                to.AddChoice("phase", Phases, pod["status"]["phase"]);
            }
        }),
        Gauge("kube_pod_status_qos_class", "The pods current qosClass.", static (pod, to) =>
        {
            if (pod["status"]["qosClass"].Exists)
            {
                to.AddChoice("qos_class", Classes, pod["status"]["qosClass"]);
            }
        }),
        Gauge("kube_pod_status_reason", "The pod status reasons", Reason),
        Condition("kube_pod_status_ready", "[STABLE] Describes whether the pod is ready to serve requests.", "Ready"),
        Condition("kube_pod_status_scheduled",
            "[STABLE] Describes the status of the scheduling process for the pod.", "PodScheduled"),
        Since("kube_pod_status_scheduled_time",
            "[STABLE] Unix timestamp when pod moved into scheduled status", "PodScheduled"),
        Since("kube_pod_status_ready_time",
            "Readiness achieved time in unix timestamp for a pod.", "Ready"),
        Since("kube_pod_status_initialized_time",
            "Initialized time in unix timestamp for a pod.", "Initialized"),
        Since("kube_pod_status_container_ready_time",
            "Readiness achieved time in unix timestamp for a pod containers.", "ContainersReady"),
        Value("kube_pod_status_unschedulable", "[STABLE] Describes the unschedulable status for the pod.",
            static p => Find(p, "PodScheduled")["status"].Is("False") ? 1 : null),
        Value("kube_pod_status_unscheduled_time", "Unix timestamp when pod moved into unscheduled status",
            static p => Find(p, "PodScheduled") is var condition && condition["status"].Is("False")
                ? condition["lastTransitionTime"].Time
                : null),
        Value("kube_pod_overhead_cpu_cores", "The pod overhead in regards to cpu cores associated with running a pod.",
            static p => p["spec"]["overhead"]["cpu"].Amount),
        Value("kube_pod_overhead_memory_bytes",
            "The pod overhead in regards to memory associated with running a pod.",
            static p => p["spec"]["overhead"]["memory"].Amount),
        Gauge("kube_pod_runtimeclass_name_info", "The runtimeclass associated with the pod.", static (pod, to) =>
            to.Add(
                pod["spec"]["runtimeClassName"].Exists ? 1 : null,
                ("runtimeclass_name", pod["spec"]["runtimeClassName"]))),
        Gauge("kube_pod_spec_volumes_persistentvolumeclaims_info",
            "[STABLE] Information about persistentvolumeclaim volumes in a pod.", static (pod, to) =>
                Claims(pod, to, static _ => 1)),
        Gauge("kube_pod_spec_volumes_persistentvolumeclaims_readonly",
            "[STABLE] Describes whether a persistentvolumeclaim is mounted read only.", static (pod, to) =>
                Claims(pod, to, static claim => claim["readOnly"].IsTrue ? 1 : 0)),
        Gauge("kube_pod_tolerations", "Information about the pod tolerations", static (pod, to) =>
        {
            foreach (var toleration in pod["spec"]["tolerations"].Items)
            {
                to.Add(
                    1, ("key", toleration["key"]), ("operator", toleration["operator"]),
                    ("value", toleration["value"]), ("effect", toleration["effect"]),
                    ("toleration_seconds", toleration["tolerationSeconds"]));
            }
        }),
        .. ContainerStates.Families("kube_pod_container", "containers", "containerStatuses"),
        .. ContainerStates.Families("kube_pod_init_container", "initContainers", "initContainerStatuses"),
    ]);

    private static void Info(StateField pod, StateSeries to)
    {
        var (spec, status) = (pod["spec"], pod["status"]);
        var owner = pod["metadata"]["ownerReferences"].Items.FirstOrDefault(static o => o["controller"].IsTrue);
        to.Add(
            1,
            ("host_ip", status["hostIP"]),
            ("pod_ip", status["podIP"]),
            ("node", spec["nodeName"]),
            ("created_by_kind", owner["kind"]),
            ("created_by_name", owner["name"]),
            ("priority_class", spec["priorityClassName"]),
            ("host_network", spec["hostNetwork"].IsTrue ? "true" : "false"));
    }

    // The last of its containers to end, whether or not others still run: as kube-state-metrics says it.
    private static double? Completion(StateField pod) =>
        pod["status"]["containerStatuses"].Items.Select(static c => c["state"]["terminated"]["finishedAt"].Time).Max();

    private static void Reason(StateField pod, StateSeries to)
    {
        var status = pod["status"];
        foreach (var reason in Reasons)
        {
            var given = status["reason"].Is(reason)
                || status["conditions"].Items.Any(c => c["reason"].Is(reason))
                || status["containerStatuses"].Items.Any(c => c["state"]["terminated"]["reason"].Is(reason));
            to.Add(given ? 1 : 0, ("reason", reason));
        }
    }

    private static StateFamily Condition(string name, string help, string type) => Gauge(name, help, (pod, to) =>
    {
        var condition = Find(pod, type);
        if (condition.Exists)
        {
            to.AddStatus(condition["status"], "condition");
        }
    });

    private static StateFamily Since(string name, string help, string type) => Value(
        name, help, pod => Find(pod, type) is var condition && condition["status"].Is("True")
            ? condition["lastTransitionTime"].Time
            : null);

    private static StateField Find(StateField pod, string type) =>
        pod["status"]["conditions"].Items.FirstOrDefault(c => c["type"].Is(type));

    private static void Claims(StateField pod, StateSeries to, Func<StateField, double> value)
    {
        foreach (var volume in pod["spec"]["volumes"].Items)
        {
            var claim = volume["persistentVolumeClaim"];
            if (claim.Exists)
            {
                to.Add(value(claim), ("volume", volume["name"]), ("persistentvolumeclaim", claim["claimName"]));
            }
            else if (volume["ephemeral"].Exists)
            {
                var name = $"{pod["metadata"]["name"].Text}-{volume["name"].Text}";
                to.Add(value(default), ("volume", volume["name"]), ("persistentvolumeclaim", name));
            }
        }
    }
}
