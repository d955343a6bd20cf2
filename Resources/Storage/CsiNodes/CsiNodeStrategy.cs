using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Storage.CsiNodes;

/// <summary>The rules of CSINodes. A driver that is there keeps its identity; its limit may change.</summary>
public sealed class CsiNodeStrategy : ResourceStrategy<V1CSINode>
{
    private const int MaxNodeIdBytes = 256;

    private static readonly FieldPath DriversPath = FieldPath.Of("spec", "drivers");

    public override bool AllowUnconditionalUpdate => false;

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new("Drivers", "integer", "", "Drivers indicates the number of CSI drivers registered on the node"),
        TableColumns.Age,
    ];

    public override IReadOnlyList<object?> Cells(V1CSINode item, DateTimeOffset now) =>
        [item.Metadata.Name, item.Spec.Drivers?.Count ?? 0, TableColumns.AgeOf(item, now)];

    public override void SetDefaults(V1CSINode item)
    {
        item.Spec ??= new V1CSINodeSpec();
        ModelShape.Normalize(item);
    }

    public override void Validate(V1CSINode item, FieldErrors errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < (item.Spec.Drivers?.Count ?? 0); i++)
        {
            ValidateDriver(item.Spec.Drivers![i], names, DriversPath.Index(i), errors);
        }
    }

    public override void ValidateUpdate(V1CSINode item, V1CSINode old, string subresource, FieldErrors errors)
    {
        // Upstream looks at the whole node twice.
        for (var round = 0; round < 2; round++)
        {
            ObjectMetaRules.ValidateCreate(item.Metadata, namespaced: false, ValidateName, errors);
            Validate(item, errors);
        }

        // A second driver of a name has been refused above.
        var drivers = (item.Spec.Drivers ?? []).DistinctBy(static d => d.Name ?? "", StringComparer.Ordinal)
            .ToDictionary(static d => d.Name ?? "", StringComparer.Ordinal);
        foreach (var before in old.Spec?.Drivers ?? [])
        {
            if (drivers.TryGetValue(before.Name ?? "", out var driver)
                && (driver.NodeID != before.NodeID
                    || !(driver.TopologyKeys ?? []).SequenceEqual(before.TopologyKeys ?? [])))
            {
                errors.Invalid(DriversPath, Shown(driver), FieldErrors.IsImmutable);
            }
        }
    }

    private static void ValidateDriver(
        V1CSINodeDriver driver, HashSet<string> names, FieldPath path, FieldErrors errors)
    {
        PodSpecValidator.CsiDriverName(driver.Name, path.Child("name"), errors);
        if (string.IsNullOrEmpty(driver.NodeID))
        {
            errors.Required(path.Child("nodeID"));
        }
        else if (NameRules.ByteCount(driver.NodeID) > MaxNodeIdBytes)
        {
            errors.Invalid(path.Child("nodeID"), driver.NodeID, $"must be {MaxNodeIdBytes} characters or less");
        }

        errors.NonNegative(path.Child("allocatable", "count"), driver.Allocatable?.Count);
        if (!names.Add(driver.Name ?? ""))
        {
            errors.Duplicate(path.Child("name"), driver.Name ?? "");
        }

        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach (var key in driver.TopologyKeys ?? [])
        {
            if (key.Length == 0)
            {
                errors.Required(path);
            }

            if (!keys.Add(key))
            {
                errors.Duplicate(path, key);
            }

            errors.InvalidEach(path, key, NameRules.QualifiedName(key));
        }
    }

    /// <summary>As the comparison sees it: without the limit.</summary>
    private static RawJson Shown(V1CSINodeDriver driver) => new(
        $"{{\"Name\":{GoText.Json(driver.Name ?? "")},\"NodeID\":{GoText.Json(driver.NodeID ?? "")}," +
        $"\"TopologyKeys\":{GoText.Json(driver.TopologyKeys)},\"Allocatable\":null}}");
}
