using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.ConfigMaps;

/// <summary>The rules of ConfigMaps.</summary>
public sealed class ConfigMapStrategy : ResourceStrategy<V1ConfigMap>
{
    /// <summary>All values of a ConfigMap or Secret together.</summary>
    public const int MaxBytes = 1024 * 1024;

    internal const string ImmutableMessage = "field is immutable when `immutable` is set";

    private static readonly FieldPath DataPath = FieldPath.Of("data");
    private static readonly FieldPath BinaryDataPath = FieldPath.Of("binaryData");
    private static readonly FieldPath ImmutablePath = FieldPath.Of("immutable");

    public override IReadOnlyList<TableColumn> Columns { get; } =
        [TableColumns.Name, new("Data", "string", "", ColumnTexts.ConfigMapsData), TableColumns.Age];

    public override IReadOnlyList<object?> Cells(V1ConfigMap item, DateTimeOffset now) =>
        [item.Metadata.Name, (item.Data?.Count ?? 0) + (item.BinaryData?.Count ?? 0), TableColumns.AgeOf(item, now)];

    public override void Validate(V1ConfigMap item, FieldErrors errors)
    {
        long size = 0;
        foreach (var (key, value) in Sorted(item.Data))
        {
            errors.InvalidEach(DataPath.Key(key), key, NameRules.ConfigMapKey(key));
            if (item.BinaryData?.ContainsKey(key) == true)
            {
                errors.Invalid(DataPath.Key(key), key, "duplicate of key present in binaryData");
            }

            size += NameRules.ByteCount(value ?? "");
        }

        foreach (var (key, value) in Sorted(item.BinaryData))
        {
            errors.InvalidEach(BinaryDataPath.Key(key), key, NameRules.ConfigMapKey(key));
            size += value?.Length ?? 0;
        }

        if (size > MaxBytes)
        {
            errors.TooLong(FieldPath.Of(""), MaxBytes);
        }
    }

    public override void ValidateUpdate(V1ConfigMap item, V1ConfigMap old, string subresource, FieldErrors errors)
    {
        if (old.Immutable == true)
        {
            if (item.Immutable != true)
            {
                errors.Forbidden(ImmutablePath, ImmutableMessage);
            }

            if (!Maps.Same(item.Data, old.Data))
            {
                errors.Forbidden(DataPath, ImmutableMessage);
            }

            if (!SameBytes(item.BinaryData, old.BinaryData))
            {
                errors.Forbidden(BinaryDataPath, ImmutableMessage);
            }
        }

        ObjectMetaRules.ValidateCreate(item.Metadata, namespaced: true, ValidateName, errors);
        Validate(item, errors);
    }

    internal static bool SameBytes(IDictionary<string, byte[]>? left, IDictionary<string, byte[]>? right) =>
        (left?.Count ?? 0) == (right?.Count ?? 0) &&
        (left is null || left.All(p => right!.TryGetValue(p.Key, out var other) && other.AsSpan().SequenceEqual(p.Value)));

    /// <summary>In the order of keys, so that findings come in one order.</summary>
    internal static IEnumerable<KeyValuePair<string, T>> Sorted<T>(IDictionary<string, T>? map) => map switch
    {
        null => [],
        { Count: 1 } => map,
        _ => map.OrderBy(p => p.Key, StringComparer.Ordinal),
    };
}
