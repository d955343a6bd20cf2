using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.DynamicResources.Slices;

/// <summary>Validation of what a slice says of its pool, its nodes and its counters.</summary>
internal static class SliceRules
{
    public const int MaxCounters = 32;

    private const int MaxDevices = 128;
    private const int MaxCostlyDevices = 64;
    private const int MaxCounterSets = 8;
    private const string OneOf =
        "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";
    private static readonly FieldPath Spec = FieldPath.Of("spec");

    public static void Validate(V1ResourceSliceSpec spec, V1ResourceSliceSpec? old, FieldErrors errors)
    {
        DeviceRules.ValidateDriver(spec.Driver ?? "", Spec.Child("driver"), errors);
        ValidatePool(spec.Pool, Spec.Child("pool"), errors);
        if (old is not null)
        {
            Immutable(spec.Pool.Name, old.Pool?.Name, Spec.Child("pool", "name"), errors);
            Immutable(spec.Driver, old.Driver, Spec.Child("driver"), errors);
            Immutable(spec.NodeName, old.NodeName, Spec.Child("nodeName"), errors);
        }

        ValidateNodes(spec, errors);
        if (spec.SharedCounters is not null && spec.Devices is not null)
        {
            errors.Invalid(Spec, "", "only one of `sharedCounters` or `devices` is allowed");
        }

        var isCostly = (spec.Devices ?? []).Any(d =>
            d.Taints is { Count: > 0 } || d.ConsumesCounters is { Count: > 0 });
        var before = (old?.Devices ?? []).DistinctBy(d =>
            d.Name ?? "").ToDictionary(d => d.Name ?? "", StringComparer.Ordinal);
        DeviceRules.EachOnce(
            spec.Devices, isCostly ? MaxCostlyDevices : MaxDevices, d => d.Name ?? "", Spec.Child("devices"), errors,
            (device, path) => SliceDeviceRules.Validate(
                device, before.GetValueOrDefault(device.Name ?? ""), spec.PerDeviceNodeSelection == true, path,
                errors));
        DeviceRules.EachOnce(
            spec.SharedCounters, MaxCounterSets, c => c.Name ?? "", Spec.Child("sharedCounters"), errors,
            (set, path) => ValidateCounters(set.Name, "name", set.Counters, path, errors));
    }

    /// <summary>A set of counters by name, as it is offered or as it is used.</summary>
    public static void ValidateCounters(
        string? name, string field, IDictionary<string, V1Counter>? counters, FieldPath path, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(name))
        {
            errors.Required(path.Child(field));
        }
        else
        {
            DeviceRules.ValidateLabelName(name, path.Child(field), errors);
        }

        var countersPath = path.Child("counters");
        if (counters is not { Count: > 0 })
        {
            errors.Required(countersPath);
        }
        else if (counters.Count > MaxCounters)
        {
            errors.TooMany(countersPath, counters.Count, MaxCounters);
        }
        else
        {
            foreach (var counter in counters.Keys)
            {
                DeviceRules.ValidateLabelName(counter, countersPath, errors);
            }
        }
    }

    private static void ValidatePool(V1ResourcePool pool, FieldPath path, FieldErrors errors)
    {
        DeviceRules.ValidatePool(pool.Name ?? "", path.Child("name"), errors);
        if (pool.ResourceSliceCount <= 0)
        {
            errors.Invalid(path.Child("resourceSliceCount"), pool.ResourceSliceCount, "must be greater than zero");
        }

        if (pool.Generation < 0)
        {
            errors.Invalid(path.Child("generation"), pool.Generation, "must be greater than or equal to zero");
        }
    }

    private static void ValidateNodes(V1ResourceSliceSpec spec, FieldErrors errors)
    {
        var given = new List<string>();
        if (spec.NodeName is { Length: > 0 } node)
        {
            given.Add("`nodeName`");
            errors.InvalidEach(Spec.Child("nodeName"), node, NameRules.DnsSubdomain(node));
        }
        else if (spec.NodeName is not null)
        {
            errors.Invalid(Spec.Child("nodeName"), "", "must be either unset or set to a non-empty string");
        }

        if (spec.NodeSelector is { } selector)
        {
            given.Add("`nodeSelector`");
            DeviceRules.ValidateNodeSelector(selector, Spec.Child("nodeSelector"), errors);
            if (selector.NodeSelectorTerms?.Count != 1)
            {
                errors.Invalid(
                    Spec.Child("nodeSelector", "nodeSelectorTerms"),
                    selector.NodeSelectorTerms?.Select(InternalForm.Shown),
                    "must have exactly one node selector term");
            }
        }

        AddTrue(spec.AllNodes, "allNodes", given, Spec, errors);
        AddTrue(spec.PerDeviceNodeSelection, "perDeviceNodeSelection", given, Spec, errors);
        if (given.Count == 0)
        {
            errors.Required(Spec, OneOf);
        }
        else if (given.Count > 1)
        {
            errors.Invalid(Spec, $"{{{string.Join(", ", given)}}}", $"{OneOf}, but multiple fields are set");
        }
    }

    /// <summary>A flag that is only ever set.</summary>
    public static void AddTrue(bool? flag, string field, List<string> given, FieldPath path, FieldErrors errors)
    {
        if (flag == true)
        {
            given.Add($"`{field}`");
        }
        else if (flag is not null)
        {
            errors.Invalid(path.Child(field), flag, "must be either unset or set to true");
        }
    }

    private static void Immutable(string? value, string? old, FieldPath path, FieldErrors errors)
    {
        if (value != old)
        {
            errors.Invalid(path, value, "field is immutable");
        }
    }
}
