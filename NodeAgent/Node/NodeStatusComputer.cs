using System.Globalization;
using System.Runtime.InteropServices;
using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Images;
using ResourceNames = OrleansOrchestrator.Resources.Core.Pods.ResourceNames;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>What a node's status is computed from, besides what never changes.</summary>
public sealed record NodeStatusInput
{
    public required DateTimeOffset Now { get; init; }

    /// <summary>Why the node is not ready; null when it is.</summary>
    public string? Problem { get; init; }

    public string RuntimeVersion { get; init; } = "";

    public Pressure Pressure { get; init; }

    public IReadOnlyList<Image> Images { get; init; } = [];

    public IReadOnlyList<string> VolumesInUse { get; init; } = [];

    /// <summary>What plugins of devices have on the node, by resource; and how much of that works.</summary>
    public IReadOnlyDictionary<string, ResourceQuantity> Devices { get; init; } =
        new Dictionary<string, ResourceQuantity>();

    public IReadOnlyDictionary<string, ResourceQuantity> WorkingDevices { get; init; } =
        new Dictionary<string, ResourceQuantity>();

    /// <summary>What the runtime can do; none as long as that is not known.</summary>
    public RuntimeAbilities Abilities { get; init; } = RuntimeAbilities.None;

    public V1NodeStatus? Before { get; init; }
}

/// <summary>Computes the node's status with the kubelet's reasons and messages.</summary>
public sealed class NodeStatusComputer(NodeAgentOptions options, NodeFacts facts)
{
    private const int MaxImages = 50;
    private const int MaxNamesPerImage = 5;
    internal const string KubeletVersion = "v1.36.0";

    /// <summary>Keeps pods away until the cloud's facts are on the node.</summary>
    private const string UninitializedTaint = "node.cloudprovider.kubernetes.io/uninitialized";

    /// <summary>What the API lets happen only to pods of nodes that say they know it.</summary>
    private static readonly string[] Features =
        ["InPlacePodLevelResourcesVerticalScaling", "RestartAllContainersOnContainerExits"];

    /// <summary>Tells the cluster that attaching volumes to this node is its affair; without it nobody does.</summary>
    private const string ManagedAttach = "volumes.kubernetes.io/controller-managed-attach-detach";

    /// <summary>
    /// Labels that are put right on a node that is there already, where the agent has a word on them; what else it was
    /// registered with is from then on whoever changes it.
    /// </summary>
    private static readonly HashSet<string> KeptLabels = new(StringComparer.Ordinal)
    {
        "kubernetes.io/hostname", "kubernetes.io/os", "kubernetes.io/arch", "beta.kubernetes.io/os",
        "beta.kubernetes.io/arch", "topology.kubernetes.io/zone", "topology.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region",
        "node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type",
    };

    /// <summary>Tells the cloud's controller which of the machine's addresses the node is to have.</summary>
    private const string ProvidedAddress = "alpha.kubernetes.io/provided-node-ip";

    private readonly V1NodeSystemInfo _info = new()
    {
        Architecture = OciArchive.HostArchitecture,
        OperatingSystem = "linux",
        KernelVersion = ReadLine("/proc/sys/kernel/osrelease"),
        OsImage = OsName(),
        MachineID = ReadLine("/etc/machine-id"),
        SystemUUID = ReadLine("/sys/class/dmi/id/product_uuid"),
        BootID = ReadLine("/proc/sys/kernel/random/boot_id"),
        KubeletVersion = KubeletVersion,
        KubeProxyVersion = "",
    };

    public V1Node NewNode()
    {
        List<V1Taint> taints = [.. options.RegisterWithTaints.Select(Taint)];
        if (options.HasCloud && !taints.Exists(static t => t.Key == UninitializedTaint))
        {
            taints.Add(new V1Taint { Key = UninitializedTaint, Value = "true", Effect = "NoSchedule" });
        }

        return new V1Node
        {
            ApiVersion = "v1",
            Kind = "Node",
            Metadata = new V1ObjectMeta
            {
                Name = options.NodeName,
                Labels = Labels(),
                Annotations = Annotations(),
            },
            Spec = new V1NodeSpec
            {
                PodCIDR = options.PodCidrs is [var primary, ..] ? primary : null,
                PodCIDRs = options.PodCidrs is { Count: > 0 } own ? [.. own] : null,
                Taints = taints.Count == 0 ? null : taints,
            },
        };
    }

    /// <summary>What a node that is there already has otherwise than this one of ours; null for nothing.</summary>
    public V1ObjectMeta? Missing(V1Node existing)
    {
        var labels = Missing(
            Labels().Where(static l => KeptLabels.Contains(l.Key)), existing.Metadata.Labels);
        var annotations = Missing(Annotations(), existing.Metadata.Annotations);
        return labels.Count + annotations.Count == 0
            ? null
            : new V1ObjectMeta { Labels = labels, Annotations = annotations };
    }

    public V1NodeStatus Compute(NodeStatusInput input)
    {
        var capacity = With(input.Before?.Capacity ?? facts.Capacity, facts.Capacity, input.Devices);
        return new V1NodeStatus
        {
            Addresses = options.HasCloud && input.Before?.Addresses is { Count: > 0 } known ? known : OwnAddresses(),
            Capacity = capacity,
            Allocatable = With(capacity, facts.Allocatable, input.WorkingDevices),
            DaemonEndpoints = new V1NodeDaemonEndpoints
            {
                KubeletEndpoint = new V1DaemonEndpoint { Port = options.KubeletPort },
            },
            DeclaredFeatures = Features,
            NodeInfo = _info with
            {
                ContainerRuntimeVersion = input.RuntimeVersion,
                Swap = facts.SwapCapacityBytes > 0 ? new V1NodeSwapStatus { Capacity = facts.SwapCapacityBytes } : null,
            },
            Images =
            [
                .. input.Images.OrderByDescending(i => i.Size).ThenBy(i => i.Id, StringComparer.Ordinal)
                    .Take(MaxImages).Select(Image),
            ],
            Features = ReferenceEquals(input.Abilities, RuntimeAbilities.None)
                ? null
                : new V1NodeFeatures { SupplementalGroupsPolicy = input.Abilities.SupplementalGroupsPolicy },
            RuntimeHandlers = input.Abilities.Handlers is { Count: > 0 } handlers ? [.. handlers] : null,
            VolumesInUse = input.VolumesInUse.Count == 0 ? null : [.. input.VolumesInUse],
            Conditions = Conditions(input),
        };
    }

    private Dictionary<string, string> Labels()
    {
        var labels = new Dictionary<string, string>
        {
            ["kubernetes.io/hostname"] = options.NodeName,
            ["kubernetes.io/os"] = "linux",
            ["kubernetes.io/arch"] = OciArchive.HostArchitecture,
            ["beta.kubernetes.io/os"] = "linux",
            ["beta.kubernetes.io/arch"] = OciArchive.HostArchitecture,
        };
        foreach (var (key, value) in options.NodeLabels)
        {
            labels[key] = value;
        }

        return labels;
    }

    private Dictionary<string, string> Annotations()
    {
        var annotations = new Dictionary<string, string> { [ManagedAttach] = "true" };
        if (options.HasCloud && options.NodeIp.Length > 0)
        {
            annotations[ProvidedAddress] = options.NodeIp;
        }

        return annotations;
    }

    private static Dictionary<string, string> Missing(
        IEnumerable<KeyValuePair<string, string>> wanted, IDictionary<string, string>? there) => new(wanted.Where(
            w => there?.TryGetValue(w.Key, out var value) != true || value != w.Value));

    /// <summary>
    /// What others say that the node has stays, and pods may use all of it; what it has itself, and its plugins, it
    /// says. Sizes of huge pages that the kernel has no more are gone.
    /// </summary>
    private static Dictionary<string, ResourceQuantity> With(
        IDictionary<string, ResourceQuantity> all, IDictionary<string, ResourceQuantity> own,
        IReadOnlyDictionary<string, ResourceQuantity> devices)
    {
        var result = new Dictionary<string, ResourceQuantity>(
            all.Where(r => !ResourceNames.IsHugePages(r.Key) || own.ContainsKey(r.Key)));
        foreach (var (resource, amount) in own.Concat(devices))
        {
            result[resource] = amount;
        }

        return result;
    }

    /// <summary>What the machine says of itself: with a cloud, only until that has said more.</summary>
    private List<V1NodeAddress> OwnAddresses() =>
    [
        .. facts.Addresses.Select(static ip => new V1NodeAddress { Type = "InternalIP", Address = ip }),
        new V1NodeAddress { Type = "Hostname", Address = options.NodeName },
    ];

    private static List<V1NodeCondition> Conditions(NodeStatusInput input)
    {
        List<V1NodeCondition> conditions =
        [
            Pressure(input, Node.Pressure.Memory, "MemoryPressure", "KubeletHasInsufficientMemory",
                "kubelet has insufficient memory available", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
            Pressure(input, Node.Pressure.Disk, "DiskPressure", "KubeletHasDiskPressure", "kubelet has disk pressure",
                "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
            Pressure(input, Node.Pressure.Pids, "PIDPressure", "KubeletHasInsufficientPID",
                "kubelet has insufficient PID available", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
            input.Problem is null
                ? new V1NodeCondition
                {
                    Type = "Ready", Status = "True", Reason = "KubeletReady",
                    Message = "kubelet is posting ready status",
                }
                : new V1NodeCondition
                {
                    Type = "Ready", Status = "False", Reason = "KubeletNotReady", Message = input.Problem,
                },
        ];
        foreach (var condition in conditions)
        {
            var before = input.Before?.Conditions?.FirstOrDefault(c => c.Type == condition.Type);
            condition.LastHeartbeatTime = ApiTime.Seconds(input.Now);
            condition.LastTransitionTime =
                before?.Status == condition.Status ? before.LastTransitionTime : ApiTime.Seconds(input.Now);
        }

        return conditions;
    }

    private static V1NodeCondition Pressure(
        NodeStatusInput input, Pressure one, string type, string badReason, string badMessage, string goodReason, string goodMessage)
    {
        var bad = input.Pressure.HasFlag(one);
        return new V1NodeCondition
        {
            Type = type,
            Status = bad ? "True" : "False",
            Reason = bad ? badReason : goodReason,
            Message = bad ? badMessage : goodMessage,
        };
    }

    private static V1ContainerImage Image(Image image) => new()
    {
        Names = [.. image.RepoDigests.Concat(image.RepoTags).Take(MaxNamesPerImage)],
        SizeBytes = (long)image.Size,
    };

    private static V1Taint Taint(string text) =>
        TaintText.Read(text, out var taint) is { } problem ? throw new InvalidDataException(problem) : taint;

    private static string ReadLine(string path)
    {
        try
        {
            return File.ReadLines(path).FirstOrDefault("").Trim();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static string OsName()
    {
        const string prefix = "PRETTY_NAME=";
        return File.Exists("/etc/os-release")
            ? File.ReadLines("/etc/os-release").FirstOrDefault(
                l => l.StartsWith(prefix, StringComparison.Ordinal), prefix + "Linux")[prefix.Length..].Trim('"')
            : string.Create(CultureInfo.InvariantCulture, $"{RuntimeInformation.OSDescription}");
    }
}
