using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Scheduling.PriorityClasses;

/// <summary>The rules of PriorityClasses: their priority never changes, and the system's own are fixed.</summary>
public sealed class PriorityClassStrategy : ResourceStrategy<V1PriorityClass>
{
    /// <summary>How pods without a policy are preempted for.</summary>
    public const string PreemptLowerPriority = "PreemptLowerPriority";

    private const string SystemPrefix = "system-";
    private const int MaxUserPriority = 1_000_000_000;

    private static readonly string[] Policies = [PreemptLowerPriority, "Never"];
    private static readonly FieldPath NamePath = FieldPath.Of("metadata", "name");
    private static readonly FieldPath ValuePath = FieldPath.Of("value");
    private static readonly FieldPath PolicyPath = FieldPath.Of("preemptionPolicy");

    /// <summary>The classes that the system has from its start, made anew for each who asks.</summary>
    public static IReadOnlyList<V1PriorityClass> SystemClasses =>
    [
        SystemClass(
            "system-node-critical",
            (2 * MaxUserPriority) + 1000,
            "Used for system critical pods that must not be moved from their current node."),
        SystemClass(
            "system-cluster-critical",
            2 * MaxUserPriority,
            "Used for system critical pods that must run in the cluster, but can be moved to another node if " +
            "necessary."),
    ];

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new("Value", "integer", "", PriorityClassTexts.Value),
        new("Global-Default", "boolean", "", PriorityClassTexts.GlobalDefault),
        TableColumns.Age,
        new("PreemptionPolicy", "string", "", PriorityClassTexts.PreemptionPolicy),
    ];

    public override IReadOnlyList<object?> Cells(V1PriorityClass item, DateTimeOffset now) =>
    [
        item.Metadata.Name,
        item.Value,
        item.GlobalDefault ?? false,
        TableColumns.AgeOf(item, now),
        item.PreemptionPolicy ?? PreemptLowerPriority,
    ];

    public override void SetDefaults(V1PriorityClass item)
    {
        ModelShape.Normalize(item);
        item.Value ??= 0;
        item.PreemptionPolicy ??= PreemptLowerPriority;
    }

    public override void PrepareForCreate(V1PriorityClass item) => item.Metadata.Generation = 1;

    public override void Validate(V1PriorityClass item, FieldErrors errors)
    {
        var name = item.Metadata.Name ?? "";
        if (name.StartsWith(SystemPrefix, StringComparison.Ordinal))
        {
            if (SystemComplaint(item) is { } complaint)
            {
                errors.Forbidden(
                    NamePath,
                    $"priority class names with '{SystemPrefix}' prefix are reserved for system use only. error: " +
                    $"{complaint}");
            }
        }
        else if (item.Value > MaxUserPriority)
        {
            errors.Forbidden(ValuePath, $"maximum allowed value of a user defined priority is {MaxUserPriority}");
        }

        if (item.PreemptionPolicy is { } policy && !Policies.Contains(policy))
        {
            errors.NotSupported(PolicyPath, policy, Policies);
        }
    }

    public override void ValidateUpdate(
        V1PriorityClass item, V1PriorityClass old, string subresource, FieldErrors errors)
    {
        if (item.Value != old.Value)
        {
            errors.Forbidden(ValuePath, "may not be changed in an update.");
        }

        errors.Immutable(PolicyPath, item.PreemptionPolicy, old.PreemptionPolicy);
    }

    /// <summary>Why a class cannot have its name of the system's; null when it is one of the system's own.</summary>
    private static string? SystemComplaint(V1PriorityClass item)
    {
        var name = item.Metadata.Name;
        var known = SystemClasses.FirstOrDefault(c => c.Metadata.Name == name);
        return known is null ? $"{name} is not a known system priority class"
            : item.Value != known.Value ? $"value of {name} PriorityClass must be {known.Value}"
            : item.GlobalDefault == true ? $"globalDefault of {name} PriorityClass must be false"
            : null;
    }

    private static V1PriorityClass SystemClass(string name, int value, string description) => new()
    {
        Metadata = new V1ObjectMeta { Name = name }, Value = value, Description = description,
        PreemptionPolicy = PreemptLowerPriority,
    };
}
