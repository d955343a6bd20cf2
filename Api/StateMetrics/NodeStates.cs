using OrleansOrchestrator.Resources.Kernel;
using static OrleansOrchestrator.Api.StateMetrics.StateFamily;

namespace OrleansOrchestrator.Api.StateMetrics;

/// <summary><c>kube_node_*</c>.</summary>
internal static class NodeStates
{
    private const string RolePrefix = "node-role.kubernetes.io/";

    public static StateTable Nodes { get; } = new(WellKnown.Nodes, "node", HasUid: false,
    [
        Gauge("kube_node_info", "[STABLE] Information about a cluster node.", Info),
        Gauge("kube_node_role", "The role of a cluster node.", static (node, to) =>
        {
            foreach (var (label, _) in node["metadata"]["labels"].Members)
            {
                if (label.StartsWith(RolePrefix, StringComparison.Ordinal))
                {
                    to.Add(1, ("role", label[RolePrefix.Length..]));
                }
            }
        }),
        Created("kube_node"),
        Deleted("kube_node"),
        Value("kube_node_spec_unschedulable", "[STABLE] Whether a node can schedule new pods.",
            static n => n["spec"]["unschedulable"].IsTrue ? 1 : 0),
        Gauge("kube_node_spec_taint", "[STABLE] The taint of a cluster node.", static (node, to) =>
        {
            foreach (var taint in node["spec"]["taints"].Items)
            {
                to.Add(1, ("key", taint["key"]), ("value", taint["value"]), ("effect", taint["effect"]));
            }
        }),
        Gauge("kube_node_status_addresses", "Node address information.", static (node, to) =>
        {
            foreach (var address in node["status"]["addresses"].Items)
            {
                to.Add(1, ("type", address["type"]), ("address", address["address"]));
            }
        }),
        Gauge("kube_node_status_capacity", "[STABLE] The capacity for different resources of a node.",
            static (node, to) => AddAmounts(to, node["status"]["capacity"])),
        Gauge("kube_node_status_allocatable",
            "[STABLE] The allocatable for different resources of a node that are available for scheduling.",
            static (node, to) => AddAmounts(to, node["status"]["allocatable"])),
        Gauge("kube_node_status_condition", "[STABLE] The condition of a cluster node.", static (node, to) =>
        {
            foreach (var condition in node["status"]["conditions"].Items)
            {
                to.AddStatus(condition["status"], "status", ("condition", condition["type"]));
            }
        }),
        Value("kube_node_volumes_in_use_count", "Number of volumes in use on the node.",
            static n => n["status"]["volumesInUse"].Count),
        Value("kube_node_volumes_attached_count", "Number of volumes attached to the node.",
            static n => n["status"]["volumesAttached"].Count),
    ]);

    private static void Info(StateField node, StateSeries to)
    {
        var (spec, info) = (node["spec"], node["status"]["nodeInfo"]);
        var address = node["status"]["addresses"].Items.FirstOrDefault(static a => a["type"].Is("InternalIP"));
        to.Add(
            1,
            ("kernel_version", info["kernelVersion"]),
            ("os_image", info["osImage"]),
            ("container_runtime_version", info["containerRuntimeVersion"]),
            ("kubelet_version", info["kubeletVersion"]),
            ("kubeproxy_version", "deprecated"),
            ("provider_id", spec["providerID"]),
            ("pod_cidr", spec["podCIDR"]),
            ("system_uuid", info["systemUUID"]),
            ("internal_ip", address["address"]));
    }
}
