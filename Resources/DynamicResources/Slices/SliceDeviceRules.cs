using System.Text.RegularExpressions;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.DynamicResources.Slices;

/// <summary>Validation of one device of a slice.</summary>
internal static partial class SliceDeviceRules
{
    private const int MaxAttributesAndCapacities = 32;
    private const int MaxTaints = 16;
    private const int MaxConsumptions = 2;
    private const int MaxValueLength = 64;

    private const string OneOf =
        "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when " +
        "`perDeviceNodeSelection` is set to true in " +
        "the ResourceSlice spec";

    /// <summary>A domain of 63 characters, a slash and an identifier of 32.</summary>
    private const int MaxKeyLength = 96;

    public static void Validate(
        V1Device device, V1Device? old, bool perDevice, FieldPath path, FieldErrors errors)
    {
        DeviceRules.ValidateLabelName(device.Name ?? "", path.Child("name"), errors);
        var count = (device.Attributes?.Count ?? 0) + (device.Capacity?.Count ?? 0);
        if (count > MaxAttributesAndCapacities)
        {
            errors.Invalid(
                path, count,
                $"the total number of attributes and capacities must not exceed {MaxAttributesAndCapacities}");
        }

        EachNamed(device.Attributes, path.Child("attributes"), errors, (value, at) =>
            ValidateAttribute(value, at, errors));
        EachNamed(
            device.Capacity, path.Child("capacity"), errors,
            (value, at) => CapacityRules.Validate(value, device.AllowMultipleAllocations == true, at, errors));
        if (old is null || !SameTaints(device, old))
        {
            DeviceRules.Each(
                device.Taints, MaxTaints, path.Child("taints"), errors,
                (taint, at) => DeviceRules.ValidateTaint(taint, at, errors));
        }

        DeviceRules.EachOnce(
            device.ConsumesCounters, MaxConsumptions, c => c.CounterSet ?? "", path.Child("consumesCounters"), errors,
            (use, at) => SliceRules.ValidateCounters(use.CounterSet, "counterSet", use.Counters, at, errors));
        ValidateNodes(device, perDevice, path, errors);
        DeviceRules.ValidateBinding(
            device.BindingConditions ?? [], device.BindingFailureConditions ?? [], path, errors);
    }

    private static bool SameTaints(V1Device device, V1Device old) => ModelShape.SemanticEquals(
        new V1Device { Taints = device.Taints }, new V1Device { Taints = old.Taints });

    private static void EachNamed<T>(
        IDictionary<string, T>? map, FieldPath path, FieldErrors errors, Action<T, FieldPath> validate)
    {
        foreach (var (name, value) in map ?? new Dictionary<string, T>())
        {
            DeviceRules.ValidateQualifiedName(name, path, errors);
            validate(value, path.Key(Shortened(name)));
        }
    }

    /// <summary>A long name in a path loses its middle.</summary>
    private static string Shortened(string name)
    {
        const string Gap = "...";
        const int Kept = MaxKeyLength - 3;
        return name.Length <= MaxKeyLength ? name : name[..((Kept + 1) / 2)] + Gap + name[^(Kept / 2)..];
    }

    private static void ValidateAttribute(V1DeviceAttribute attribute, FieldPath path, FieldErrors errors)
    {
        if (NameRules.ByteCount(attribute.StringValue ?? "") > MaxValueLength)
        {
            errors.TooLong(path.Child("string"), MaxValueLength);
        }

        if (attribute.Version is { } version)
        {
            ValidateVersion(version, path.Child("version"), errors);
        }

        var given = (attribute.BoolValue is null ? 0 : 1) + (attribute.IntValue is null ? 0 : 1)
            + (attribute.StringValue is null ? 0 : 1) + (attribute.Version is null ? 0 : 1);
        if (given != 1)
        {
            errors.Invalid(
                path, given == 0 ? "" : InternalForm.Shown(attribute), "exactly one value must be specified");
        }
    }

    private static void ValidateVersion(string version, FieldPath path, FieldErrors errors)
    {
        if (!SemanticVersion().IsMatch(version))
        {
            errors.Invalid(path, version, "must be a string compatible with semver.org spec 2.0.0");
        }

        if (version.Length > MaxValueLength)
        {
            errors.TooLong(path, MaxValueLength);
        }
    }

    private static void ValidateNodes(V1Device device, bool perDevice, FieldPath path, FieldErrors errors)
    {
        if (!perDevice)
        {
            if (device.NodeName is not null || device.NodeSelector is not null || device.AllNodes is not null)
            {
                errors.Invalid(
                    path,
                    null,
                    "`nodeName`, `nodeSelector` and `allNodes` can only be set if " +
                    "`perDeviceNodeSelection` is set to true in " +
                    "the ResourceSlice spec");
            }

            return;
        }

        var given = new List<string>();
        if (device.NodeName is { Length: > 0 } node)
        {
            given.Add("`nodeName`");
            errors.InvalidEach(path.Child("nodeName"), node, NameRules.DnsSubdomain(node));
        }
        else if (device.NodeName is not null)
        {
            errors.Invalid(path.Child("nodeName"), "", "must not be empty");
        }

        if (device.NodeSelector is { } selector)
        {
            given.Add("`nodeSelector`");
            DeviceRules.ValidateNodeSelector(selector, path.Child("nodeSelector"), errors);
        }

        SliceRules.AddTrue(device.AllNodes, "allNodes", given, path, errors);
        if (given.Count == 0)
        {
            errors.Required(path, OneOf);
        }
        else if (given.Count > 1)
        {
            errors.Invalid(path, $"{{{string.Join(", ", given)}}}", OneOf);
        }
    }

    [GeneratedRegex(
        @"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)" +
        @"(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?" +
        @"(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?\z")]
    private static partial Regex SemanticVersion();
}
