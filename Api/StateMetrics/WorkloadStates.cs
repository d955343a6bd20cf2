using System.Globalization;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using static OrleansOrchestrator.Api.StateMetrics.StateFamily;

namespace OrleansOrchestrator.Api.StateMetrics;

/// <summary>What is told of Deployments and the other kinds that keep pods running, and of what scales them.</summary>
internal static class WorkloadStates
{
    public static StateTable Deployments { get; } = Table(WellKnown.Deployments, "deployment",
    [
        Number("kube_deployment_status_replicas", "[STABLE] The number of replicas per deployment.", "replicas"),
        Number("kube_deployment_status_replicas_ready",
            "[STABLE] The number of ready replicas per deployment.", "readyReplicas"),
        Number("kube_deployment_status_replicas_available",
            "[STABLE] The number of available replicas per deployment.", "availableReplicas"),
        Number("kube_deployment_status_replicas_unavailable",
            "[STABLE] The number of unavailable replicas per deployment.", "unavailableReplicas"),
        Number("kube_deployment_status_replicas_updated",
            "[STABLE] The number of updated replicas per deployment.", "updatedReplicas"),
        Number("kube_deployment_status_observed_generation",
            "[STABLE] The generation observed by the deployment controller.", "observedGeneration"),
        Gauge("kube_deployment_status_condition", "[STABLE] The current status conditions of a deployment.",
            static (item, to) =>
            {
                foreach (var condition in item["status"]["conditions"].Items)
                {
                    to.AddStatus(
                        condition["status"], "status", ("reason", condition["reason"]),
                        ("condition", condition["type"]));
                }
            }),
        Replicas("kube_deployment_spec_replicas", "[STABLE] Number of desired pods for a deployment."),
        Value("kube_deployment_spec_paused",
            "[STABLE] Whether the deployment is paused and will not be processed by the deployment controller.",
            static d => d["spec"]["paused"].IsTrue ? 1 : 0),
        Share("kube_deployment_spec_strategy_rollingupdate_max_unavailable",
            "[STABLE] Maximum number of unavailable replicas during a rolling update of a deployment.",
            "maxUnavailable", Math.Floor),
        Share("kube_deployment_spec_strategy_rollingupdate_max_surge",
            "[STABLE] Maximum number of replicas that can be scheduled above the desired number of replicas during a "
            + "rolling update of a deployment.", "maxSurge", Math.Ceiling),
        Generation("kube_deployment"),
        Created("kube_deployment"),
        Deleted("kube_deployment"),
    ]);

    public static StateTable ReplicaSets { get; } = Table(WellKnown.ReplicaSets, "replicaset",
    [
        Number("kube_replicaset_status_replicas", "[STABLE] The number of replicas per ReplicaSet.", "replicas"),
        Number("kube_replicaset_status_fully_labeled_replicas",
            "[STABLE] The number of fully labeled replicas per ReplicaSet.", "fullyLabeledReplicas"),
        Number("kube_replicaset_status_ready_replicas",
            "[STABLE] The number of ready replicas per ReplicaSet.", "readyReplicas"),
        Number("kube_replicaset_status_terminating_replicas",
            "The number of terminating replicas per ReplicaSet.", "terminatingReplicas"),
        Number("kube_replicaset_status_observed_generation",
            "[STABLE] The generation observed by the ReplicaSet controller.", "observedGeneration"),
        Replicas("kube_replicaset_spec_replicas", "[STABLE] Number of desired pods for a ReplicaSet."),
        Generation("kube_replicaset"),
        Created("kube_replicaset"),
        Owner("kube_replicaset", "ReplicaSet"),
    ]);

    public static StateTable ReplicationControllers { get; } =
        Table(WellKnown.ReplicationControllers, "replicationcontroller",
        [
            Number("kube_replicationcontroller_status_replicas",
                "[STABLE] The number of replicas per ReplicationController.", "replicas"),
            Number("kube_replicationcontroller_status_fully_labeled_replicas",
                "[STABLE] The number of fully labeled replicas per ReplicationController.", "fullyLabeledReplicas"),
            Number("kube_replicationcontroller_status_ready_replicas",
                "[STABLE] The number of ready replicas per ReplicationController.", "readyReplicas"),
            Number("kube_replicationcontroller_status_available_replicas",
                "[STABLE] The number of available replicas per ReplicationController.", "availableReplicas"),
            Number("kube_replicationcontroller_status_observed_generation",
                "[STABLE] The generation observed by the ReplicationController controller.", "observedGeneration"),
            Replicas("kube_replicationcontroller_spec_replicas",
                "[STABLE] Number of desired pods for a ReplicationController."),
            Generation("kube_replicationcontroller"),
            Created("kube_replicationcontroller"),
            Owner("kube_replicationcontroller", "ReplicationController"),
        ]);

    public static StateTable StatefulSets { get; } = Table(WellKnown.StatefulSets, "statefulset",
    [
        Number("kube_statefulset_status_replicas", "[STABLE] The number of replicas per StatefulSet.", "replicas"),
        Number("kube_statefulset_status_replicas_available",
            "The number of available replicas per StatefulSet.", "availableReplicas"),
        Number("kube_statefulset_status_replicas_current",
            "[STABLE] The number of current replicas per StatefulSet.", "currentReplicas"),
        Number("kube_statefulset_status_replicas_ready",
            "[STABLE] The number of ready replicas per StatefulSet.", "readyReplicas"),
        Number("kube_statefulset_status_replicas_updated",
            "[STABLE] The number of updated replicas per StatefulSet.", "updatedReplicas"),
        Number("kube_statefulset_status_observed_generation",
            "[STABLE] The generation observed by the StatefulSet controller.", "observedGeneration"),
        Replicas("kube_statefulset_replicas", "[STABLE] Number of desired pods for a StatefulSet."),
        Value("kube_statefulset_ordinals_start", "Start ordinal of the StatefulSet.",
            static s => s["spec"]["ordinals"]["start"].Number),
        Gauge("kube_statefulset_persistentvolumeclaim_retention_policy",
            "Count of retention policy for StatefulSet template PVCs", static (item, to) =>
            {
                var policy = item["spec"]["persistentVolumeClaimRetentionPolicy"];
                to.Add(
                    policy.Exists ? 1 : null, ("when_deleted", policy["whenDeleted"]),
                    ("when_scaled", policy["whenScaled"]));
            }),
        Revision("kube_statefulset_status_current_revision",
            "[STABLE] Indicates the version of the StatefulSet used to generate Pods in the sequence "
            + "[0,currentReplicas).", "currentRevision"),
        Revision("kube_statefulset_status_update_revision",
            "[STABLE] Indicates the version of the StatefulSet used to generate Pods in the sequence "
            + "[replicas-updatedReplicas,replicas)", "updateRevision"),
        Generation("kube_statefulset"),
        Created("kube_statefulset"),
        Deleted("kube_statefulset"),
    ]);

    public static StateTable DaemonSets { get; } = Table(WellKnown.DaemonSets, "daemonset",
    [
        Created("kube_daemonset"),
        Number("kube_daemonset_status_current_number_scheduled",
            "[STABLE] The number of nodes running at least one daemon pod and are supposed to.",
            "currentNumberScheduled"),
        Number("kube_daemonset_status_desired_number_scheduled",
            "[STABLE] The number of nodes that should be running the daemon pod.", "desiredNumberScheduled"),
        Number("kube_daemonset_status_number_available",
            "[STABLE] The number of nodes that should be running the daemon pod and have one or more of the daemon "
            + "pod running and available", "numberAvailable"),
        Number("kube_daemonset_status_number_misscheduled",
            "[STABLE] The number of nodes running a daemon pod but are not supposed to.", "numberMisscheduled"),
        Number("kube_daemonset_status_number_ready",
            "[STABLE] The number of nodes that should be running the daemon pod and have one or more of the daemon "
            + "pod running and ready.", "numberReady"),
        Number("kube_daemonset_status_number_unavailable",
            "[STABLE] The number of nodes that should be running the daemon pod and have none of the daemon pod "
            + "running and available", "numberUnavailable"),
        Number("kube_daemonset_status_observed_generation",
            "[STABLE] The most recent generation observed by the daemon set controller.", "observedGeneration"),
        Number("kube_daemonset_status_updated_number_scheduled",
            "[STABLE] The total number of nodes that are running updated daemon pod", "updatedNumberScheduled"),
        Generation("kube_daemonset"),
        Deleted("kube_daemonset"),
    ]);

    public static StateTable Autoscalers { get; } =
        Table(WellKnown.HorizontalPodAutoscalers, "horizontalpodautoscaler",
        [
            Gauge("kube_horizontalpodautoscaler_info", "Information about this autoscaler.", static (item, to) =>
            {
                var target = item["spec"]["scaleTargetRef"];
                to.Add(
                    1, ("scaletargetref_kind", target["kind"]), ("scaletargetref_name", target["name"]),
                    ("scaletargetref_api_version", target["apiVersion"]));
            }),
            Generation("kube_horizontalpodautoscaler"),
            Value("kube_horizontalpodautoscaler_spec_max_replicas",
                "[STABLE] Upper limit for the number of pods that can be set by the autoscaler; cannot be smaller "
                + "than MinReplicas.", static h => h["spec"]["maxReplicas"].Number),
            Value("kube_horizontalpodautoscaler_spec_min_replicas",
                "[STABLE] Lower limit for the number of pods that can be set by the autoscaler, default 1.",
                static h => h["spec"]["minReplicas"].Number),
            Gauge("kube_horizontalpodautoscaler_spec_target_metric",
                "The metric specifications used by this autoscaler when calculating the desired replica count.",
                static (item, to) => Targets(item["spec"]["metrics"], "target", to)),
            Gauge("kube_horizontalpodautoscaler_status_target_metric",
                "The current metric status used by this autoscaler when calculating the desired replica count.",
                static (item, to) => Targets(item["status"]["currentMetrics"], "current", to)),
            Number("kube_horizontalpodautoscaler_status_current_replicas",
                "[STABLE] Current number of replicas of pods managed by this autoscaler.", "currentReplicas"),
            Number("kube_horizontalpodautoscaler_status_desired_replicas",
                "[STABLE] Desired number of replicas of pods managed by this autoscaler.", "desiredReplicas"),
            Gauge("kube_horizontalpodautoscaler_status_condition",
                "[STABLE] The condition of this autoscaler.", static (item, to) =>
                {
                    foreach (var condition in item["status"]["conditions"].Items)
                    {
                        to.AddStatus(condition["status"], "status", ("condition", condition["type"]));
                    }
                }),
            Created("kube_horizontalpodautoscaler"),
        ]);

    private static StateTable Table(ResourceName resource, string label, IReadOnlyList<StateFamily> families) =>
        new(resource, label, HasUid: false, families);

    // A number that is left out is 0: the API writes none of those.
    private static StateFamily Number(string name, string help, string field) =>
        Value(name, help, o => o["status"][field].Number ?? 0);

    private static StateFamily Replicas(string name, string help) =>
        Value(name, help, static o => o["spec"]["replicas"].Number);

    private static StateFamily Revision(string name, string help, string field) => Gauge(name, help, (item, to) =>
        to.Add(item["status"][field].Exists ? 1 : null, ("revision", item["status"][field])));

    private static StateFamily Share(string name, string help, string field, Func<double, double> round) =>
        Value(name, help, item =>
        {
            var share = item["spec"]["strategy"]["rollingUpdate"][field];
            return share.Text is { } text && text.EndsWith('%')
                && double.TryParse(text[..^1], CultureInfo.InvariantCulture, out var percent)
                    ? round(percent * (item["spec"]["replicas"].Number ?? 1) / 100)
                    : share.Number;
        });

    private static void Targets(StateField metrics, string place, StateSeries to)
    {
        foreach (var metric in metrics.Items)
        {
            var (source, name) = metric["type"].Text switch
            {
                "Resource" => (metric["resource"], metric["resource"]["name"]),
                "ContainerResource" => (metric["containerResource"], metric["containerResource"]["name"]),
                "Pods" => (metric["pods"], metric["pods"]["metric"]["name"]),
                "Object" => (metric["object"], metric["object"]["metric"]["name"]),
                "External" => (metric["external"], metric["external"]["metric"]["name"]),
                _ => default,
            };
            var target = source[place];
            to.Add(target["value"].Amount, ("metric_name", name), ("metric_target_type", "value"));
            to.Add(
                target["averageUtilization"].Number, ("metric_name", name), ("metric_target_type", "utilization"));
            to.Add(target["averageValue"].Amount, ("metric_name", name), ("metric_target_type", "average"));
        }
    }
}
