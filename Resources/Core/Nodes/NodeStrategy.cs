using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Nodes;

/// <summary>The rules of Nodes.</summary>
public sealed class NodeStrategy : ResourceStrategy<V1Node>
{
    private const string RoleLabelPrefix = "node-role.kubernetes.io/";
    private const string RoleLabel = "kubernetes.io/role";

    public override IReadOnlyList<SelectableField> SelectableFields { get; } =
        [new("metadata.name"), new("spec.unschedulable", Default: "false")];

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new("Status", "string", "", "The status of the node"),
        new("Roles", "string", "", "The roles of the node"),
        TableColumns.Age,
        new("Version", "string", "", ColumnTexts.NodesVersion),
        new("Internal-IP", "string", "", ColumnTexts.NodesAddresses, 1),
        new("External-IP", "string", "", ColumnTexts.NodesAddresses, 1),
        new("OS-Image", "string", "", ColumnTexts.NodesOsImage, 1),
        new("Kernel-Version", "string", "", ColumnTexts.NodesKernelVersion, 1),
        new("Container-Runtime", "string", "", ColumnTexts.NodesContainerRuntime, 1),
    ];

    public override IReadOnlyList<object?> Cells(V1Node item, DateTimeOffset now)
    {
        var info = item.Status?.NodeInfo;
        return
        [
            item.Metadata.Name,
            StatusOf(item),
            RolesOf(item),
            TableColumns.AgeOf(item, now),
            info?.KubeletVersion ?? "",
            AddressOf(item, "InternalIP"),
            AddressOf(item, "ExternalIP"),
            Known(info?.OsImage),
            KernelOf(info),
            Known(info?.ContainerRuntimeVersion),
        ];
    }

    public override void SetDefaults(V1Node item)
    {
        item.Spec ??= new V1NodeSpec();
        item.Status ??= new V1NodeStatus();
        SyncPodCidrs(item.Spec);
        if (item.Status.Allocatable is null && item.Status.Capacity is not null)
        {
            item.Status.Allocatable = new Dictionary<string, ResourceQuantity>(item.Status.Capacity);
        }

        PodDefaults.RoundUp(item.Status.Capacity);
        PodDefaults.RoundUp(item.Status.Allocatable);
        item.Status.DaemonEndpoints ??= new V1NodeDaemonEndpoints();
        item.Status.DaemonEndpoints.KubeletEndpoint ??= new V1DaemonEndpoint();
        item.Status.NodeInfo ??= new V1NodeSystemInfo();
    }

    public override void PrepareForCreate(V1Node item) => NodeRules.DropRetiredFields(item, null);

    public override void PrepareForUpdate(V1Node item, V1Node old, string subresource)
    {
        NodeRules.DropRetiredFields(item, old);
        if (subresource == "status")
        {
            item.Spec = old.Spec;
        }
        else
        {
            item.Status = old.Status;
        }
    }

    public override void Validate(V1Node item, FieldErrors errors) => NodeRules.Validate(item, errors);

    public override void ValidateUpdate(V1Node item, V1Node old, string subresource, FieldErrors errors)
    {
        // An update of the node itself is judged twice, as a new node too.
        if (subresource.Length == 0)
        {
            ObjectMetaRules.ValidateCreate(item.Metadata, namespaced: false, ValidateName, errors);
            NodeRules.Validate(item, errors);
        }

        NodeRules.ValidateUpdate(item, old, errors);
    }

    public override IEnumerable<string> Warnings(V1Node item, V1Node? old)
    {
        if (item.Spec?.ConfigSource is not null)
        {
            yield return "spec.configSource: the feature is removed";
        }

        if (!string.IsNullOrEmpty(item.Spec?.ExternalID))
        {
            yield return "spec.externalID: this field is deprecated, and is unused by Kubernetes";
        }

        var path = FieldPath.Of("spec", "podCIDRs");
        for (var i = 0; i < (item.Spec?.PodCIDRs?.Count ?? 0); i++)
        {
            foreach (var warning in NetworkRules.CidrWarnings(path.Index(i), item.Spec!.PodCIDRs[i]))
            {
                yield return warning;
            }
        }
    }

    /// <summary>The singular and the plural field say one thing; where they differ the singular one wins.</summary>
    private static void SyncPodCidrs(V1NodeSpec spec)
    {
        var first = spec.PodCIDRs is { Count: > 0 } ? spec.PodCIDRs[0] : null;
        if (string.IsNullOrEmpty(spec.PodCIDR))
        {
            spec.PodCIDR = first;
        }
        else if (first != spec.PodCIDR)
        {
            spec.PodCIDRs = [spec.PodCIDR];
        }
    }

    private static string StatusOf(V1Node item)
    {
        var ready = item.Status?.Conditions?.LastOrDefault(c => c.Type == "Ready");
        var status = ready is null ? "Unknown" : ready.Status == "True" ? "Ready" : "NotReady";
        return item.Spec?.Unschedulable == true ? $"{status},SchedulingDisabled" : status;
    }

    private static string RolesOf(V1Node item)
    {
        var roles = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (key, value) in item.Metadata.Labels ?? new Dictionary<string, string>())
        {
            if (key.StartsWith(RoleLabelPrefix, StringComparison.Ordinal) && key.Length > RoleLabelPrefix.Length)
            {
                roles.Add(key[RoleLabelPrefix.Length..]);
            }
            else if (key == RoleLabel && !string.IsNullOrEmpty(value))
            {
                roles.Add(value);
            }
        }

        return roles.Count == 0 ? TableColumns.None : string.Join(',', roles);
    }

    private static string AddressOf(V1Node item, string type) =>
        item.Status?.Addresses?.FirstOrDefault(a => a.Type == type)?.Address ?? TableColumns.None;

    /// <summary>The kernel's version and, since 1.36, what it was built for.</summary>
    private static string KernelOf(V1NodeSystemInfo? info)
    {
        var version = Known(info?.KernelVersion);
        return string.IsNullOrEmpty(info?.KernelVersion) || string.IsNullOrEmpty(info.Architecture)
            ? version
            : $"{version} ({info.Architecture})";
    }

    private static string Known(string? text) => string.IsNullOrEmpty(text) ? TableColumns.Unknown : text;
}
