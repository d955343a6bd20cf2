using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.StateMetrics;

/// <summary>Adds to a family what it says of one object.</summary>
internal delegate void StateReading(StateField item, StateSeries series);

/// <summary>Series of one name.</summary>
/// <param name="Name">As kube-state-metrics has it.</param>
/// <param name="Type"><c>gauge</c>, <c>counter</c> or <c>info</c>.</param>
/// <param name="Help">What it means.</param>
/// <param name="Write">Reads an object.</param>
internal sealed record StateFamily(string Name, string Type, string Help, StateReading Write)
{
    public static StateFamily Gauge(string name, string help, StateReading write) => new(name, "gauge", help, write);

    public static StateFamily Counter(string name, string help, StateReading write) =>
        new(name, "counter", help, write);

    /// <summary>One number of each object, where it has it.</summary>
    public static StateFamily Value(string name, string help, Func<StateField, double?> value) =>
        Gauge(name, help, (item, to) => to.Add(value(item)));

    /// <summary>When objects of a kind were made.</summary>
    public static StateFamily Created(string prefix) => Value(
        $"{prefix}_created", "[STABLE] Unix creation timestamp",
        static o => o["metadata"]["creationTimestamp"].Time);

    /// <summary>When deletion of objects was asked for.</summary>
    public static StateFamily Deleted(string prefix) => Value(
        $"{prefix}_deletion_timestamp", "Unix deletion timestamp", static o => o["metadata"]["deletionTimestamp"].Time);

    public static StateFamily Generation(string prefix) => Value(
        $"{prefix}_metadata_generation",
        "[STABLE] Sequence number representing a specific generation of the desired state.",
        static o => o["metadata"]["generation"].Number);

    public static StateFamily Version(string prefix) => Value(
        $"{prefix}_metadata_resource_version", "Resource version representing a specific version of the object.",
        static o => double.TryParse(
            o["metadata"]["resourceVersion"].Text, System.Globalization.CultureInfo.InvariantCulture, out var version)
                ? version
                : null);

    /// <summary>Who owns objects of a kind: one series each, one with empty labels where nobody does.</summary>
    public static StateFamily Owner(string prefix, string what) => Gauge(
        $"{prefix}_owner", $"[STABLE] Information about the {what}'s owner.", static (item, to) =>
        {
            var owners = item["metadata"]["ownerReferences"];
            if (owners.Count == 0)
            {
                to.Add(1, ("owner_kind", ""), ("owner_name", ""), ("owner_is_controller", ""));
            }

            foreach (var owner in owners.Items)
            {
                to.Add(
                    1, ("owner_kind", owner["kind"]), ("owner_name", owner["name"]),
                    ("owner_is_controller", owner["controller"].IsTrue ? "true" : "false"));
            }
        });

    /// <summary>Amounts by resource, with the units that boards expect.</summary>
    public static void AddAmounts(
        StateSeries to, StateField amounts, params ReadOnlySpan<(string Name, LabelValue Value)> more)
    {
        foreach (var (name, amount) in amounts.Members)
        {
            to.Add(amount.Amount, [.. more, ("resource", Sanitize(name)), ("unit", UnitOf(name))]);
        }
    }

    /// <summary>A name that a label may have.</summary>
    public static string Sanitize(string name) => string.Create(name.Length, name, static (span, source) =>
    {
        for (var i = 0; i < source.Length; i++)
        {
            span[i] = char.IsAsciiLetterOrDigit(source[i]) ? source[i] : '_';
        }
    });

    private static string UnitOf(string resource) => resource switch
    {
        "cpu" => "core",
        "memory" or "ephemeral-storage" or "storage" => "byte",
        _ when resource.StartsWith("hugepages-", StringComparison.Ordinal)
            || resource.StartsWith("attachable-volumes-", StringComparison.Ordinal) => "byte",
        _ => "integer",
    };
}

/// <summary>What is told of a kind.</summary>
/// <param name="Resource">The kind.</param>
/// <param name="Label">The label that has an object's name; a namespace of its own comes before it.</param>
/// <param name="HasUid">Whether the uid is a label, too.</param>
/// <param name="Families">The series.</param>
internal sealed record StateTable(
    ResourceName Resource, string Label, bool HasUid, IReadOnlyList<StateFamily> Families);
