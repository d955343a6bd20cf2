using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Hollow;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Hollow;

/// <summary>Nodes and leases as a kubelet would write them.</summary>
internal static class HollowNodeJson
{
    private const string KubeletVersion = "v1.36.0";
    private const int LeaseSeconds = 40;

    public static byte[] Node(HollowNode node, HollowNodeSettings settings, DateTimeOffset now) => Bytes(new JsonObject
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Node",
        ["metadata"] = new JsonObject
        {
            ["name"] = node.Name,
            ["labels"] = new JsonObject
            {
                ["beta.kubernetes.io/arch"] = "amd64",
                ["beta.kubernetes.io/os"] = "linux",
                ["kubernetes.io/arch"] = "amd64",
                ["kubernetes.io/hostname"] = node.Name,
                ["kubernetes.io/os"] = "linux",
                ["hollow-node/fleet"] = settings.NamePrefix.TrimEnd('-', '.'),
            },
        },
        ["spec"] = new JsonObject
        {
            ["podCIDR"] = $"{node.PodNetwork}0/24",
            ["podCIDRs"] = new JsonArray($"{node.PodNetwork}0/24"),
            ["providerID"] = $"{HollowNodes.ProviderPrefix}{node.Name}",
        },
        ["status"] = NodeStatus(node, settings, now),
    });

    /// <summary>Strategic patch of the whole status.</summary>
    public static byte[] StatusPatch(HollowNode node, HollowNodeSettings settings, DateTimeOffset now) =>
        Bytes(new JsonObject { ["status"] = NodeStatus(node, settings, now) });

    /// <summary>Strategic patch that only says that nothing changed.</summary>
    public static byte[] HeartbeatPatch(DateTimeOffset now) => Bytes(new JsonObject
    {
        ["status"] = new JsonObject { ["conditions"] = Conditions(now, isTransition: false) },
    });

    public static byte[] Lease(HollowNode node, DateTimeOffset now) => Bytes(new JsonObject
    {
        ["apiVersion"] = "coordination.k8s.io/v1",
        ["kind"] = "Lease",
        ["metadata"] = new JsonObject
        {
            ["name"] = node.Name,
            ["namespace"] = WellKnown.NodeLeaseNamespace,
            ["ownerReferences"] = new JsonArray(new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "Node",
                ["name"] = node.Name,
                ["uid"] = node.Uid,
            }),
        },
        ["spec"] = new JsonObject
        {
            ["holderIdentity"] = node.Name,
            ["leaseDurationSeconds"] = LeaseSeconds,
            ["renewTime"] = now.ToApiMicroText(),
        },
    });

    /// <summary>Merge patch that renews a lease.</summary>
    public static byte[] LeasePatch(DateTimeOffset now) => Encoding.UTF8.GetBytes(
        $"{{\"spec\":{{\"renewTime\":\"{now.ToApiMicroText()}\"}}}}");

    private static JsonObject NodeStatus(HollowNode node, HollowNodeSettings settings, DateTimeOffset now) => new()
    {
        ["capacity"] = Resources(settings),
        ["allocatable"] = Resources(settings),
        ["conditions"] = Conditions(now, isTransition: true),
        ["addresses"] = new JsonArray(
            new JsonObject { ["type"] = "InternalIP", ["address"] = node.Address },
            new JsonObject { ["type"] = "Hostname", ["address"] = node.Name }),
        ["daemonEndpoints"] = new JsonObject { ["kubeletEndpoint"] = new JsonObject { ["Port"] = 10250 } },
        ["nodeInfo"] = new JsonObject
        {
            ["machineID"] = node.Name,
            ["systemUUID"] = node.Name,
            ["bootID"] = node.Name,
            ["kernelVersion"] = "6.1.0-hollow",
            ["osImage"] = "Hollow Linux",
            ["containerRuntimeVersion"] = "hollow://1.0.0",
            ["kubeletVersion"] = KubeletVersion,
            ["kubeProxyVersion"] = "",
            ["operatingSystem"] = "linux",
            ["architecture"] = "amd64",
        },
    };

    private static JsonObject Resources(HollowNodeSettings settings) => new()
    {
        ["cpu"] = settings.Cpu,
        ["memory"] = settings.Memory,
        ["ephemeral-storage"] = settings.EphemeralStorage,
        ["hugepages-1Gi"] = "0",
        ["hugepages-2Mi"] = "0",
        ["pods"] = settings.PodsPerNode.ToString(CultureInfo.InvariantCulture),
    };

    private static JsonArray Conditions(DateTimeOffset now, bool isTransition)
    {
        return new JsonArray(
            Condition(
                "MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
            Condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
            Condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
            Condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"));

        JsonObject Condition(string type, string status, string reason, string message)
        {
            var condition = new JsonObject
            {
                ["type"] = type,
                ["status"] = status,
                ["reason"] = reason,
                ["message"] = message,
                ["lastHeartbeatTime"] = now.ToApiText(),
            };
            if (isTransition)
            {
                condition["lastTransitionTime"] = now.ToApiText();
            }

            return condition;
        }
    }

    private static byte[] Bytes(JsonObject json) => Encoding.UTF8.GetBytes(json.ToJsonString());
}
