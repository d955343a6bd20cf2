using static OrleansOrchestrator.Api.StateMetrics.StateFamily;

namespace OrleansOrchestrator.Api.StateMetrics;

/// <summary>What is told of the containers of pods, and the same of those that run before them.</summary>
internal static class ContainerStates
{
    private static readonly (string Name, LabelValue Value)[] NoLabels = [];

    /// <param name="prefix">Begins the names.</param>
    /// <param name="specs">The list in a pod's spec.</param>
    /// <param name="statuses">The list in its status.</param>
    public static IEnumerable<StateFamily> Families(string prefix, string specs, string statuses)
    {
        var isInit = specs == "initContainers";
        StateFamily Each(string name, string help, Func<StateField, double?> value) =>
            Gauge($"{prefix}_{name}", help, (pod, to) =>
            {
                foreach (var container in pod["status"][statuses].Items)
                {
                    to.Add(value(container), ("container", container["name"]));
                }
            });

        StateFamily Reason(string name, string help, Func<StateField, StateField> state) =>
            Gauge($"{prefix}_{name}", help, (pod, to) =>
            {
                foreach (var container in pod["status"][statuses].Items)
                {
                    var reason = state(container)["reason"];
                    to.Add(reason.Exists ? 1 : null, ("container", container["name"]), ("reason", reason));
                }
            });

        yield return Gauge($"{prefix}_info", "[STABLE] Information about a container in a pod.", (pod, to) =>
        {
            foreach (var container in pod["status"][statuses].Items)
            {
                var name = container["name"].Text ?? "";
                var spec = pod["spec"][specs].Items.FirstOrDefault(c => c["name"].Is(name));
                to.Add(
                    1,
                    [
                        ("container", name), ("image_spec", spec["image"]), ("image", container["image"]),
                        ("image_id", container["imageID"]), ("container_id", container["containerID"]),
                        .. isInit ? [("restart_policy", spec["restartPolicy"])] : NoLabels,
                    ]);
            }
        });
        yield return Amounts(
            $"{prefix}_resource_requests", "The number of requested request resource by a container.", specs,
            "requests");
        yield return Amounts(
            $"{prefix}_resource_limits", "The number of requested limit resource by a container.", specs, "limits");
        yield return Each(
            "state_started", "[STABLE] Start time in unix timestamp for a pod container.",
            static c => (c["state"]["running"].Exists ? c["state"]["running"] : c["state"]["terminated"])
                ["startedAt"].Time);
        yield return Each(
            "status_waiting", "[STABLE] Describes whether the container is currently in waiting state.",
            static c => c["state"]["waiting"].Exists ? 1 : 0);
        yield return Reason(
            "status_waiting_reason", "[STABLE] Describes the reason the container is currently in waiting state.",
            static c => c["state"]["waiting"]);
        yield return Each(
            "status_running", "[STABLE] Describes whether the container is currently in running state.",
            static c => c["state"]["running"].Exists ? 1 : 0);
        yield return Each(
            "status_terminated", "[STABLE] Describes whether the container is currently in terminated state.",
            static c => c["state"]["terminated"].Exists ? 1 : 0);
        yield return Reason(
            "status_terminated_reason", "Describes the reason the container is currently in terminated state.",
            static c => c["state"]["terminated"]);
        yield return Reason(
            "status_last_terminated_reason", "Describes the last reason the container was in terminated state.",
            static c => c["lastState"]["terminated"]);
        yield return Each(
            "status_last_terminated_exitcode",
            "Describes the exit code for the last container in terminated state.",
            static c => c["lastState"]["terminated"]["exitCode"].Number);
        yield return Each(
            "status_last_terminated_timestamp", "Last terminated time for a pod container in unix timestamp.",
            static c => c["lastState"]["terminated"]["finishedAt"].Time);
        yield return Each(
            "status_ready", "[STABLE] Describes whether the containers readiness check succeeded.",
            static c => c["ready"].IsTrue ? 1 : 0);
        yield return Each(
            "status_restarts_total", "[STABLE] The number of container restarts per container.",
            static c => c["restartCount"].Number ?? 0) with { Type = "counter" };
    }

    private static StateFamily Amounts(string name, string help, string specs, string kind) =>
        Gauge(name, help, (pod, to) =>
        {
            foreach (var container in pod["spec"][specs].Items)
            {
                AddAmounts(
                    to, container["resources"][kind], ("container", container["name"]),
                    ("node", pod["spec"]["nodeName"]));
            }
        });
}
