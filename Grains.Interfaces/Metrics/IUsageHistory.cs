namespace OrleansOrchestrator.Interfaces.Metrics;

/// <summary>Which series of the history somebody wants.</summary>
public sealed record UsageQuery
{
    public required DateTimeOffset Start { get; init; }

    /// <summary>Not included.</summary>
    public required DateTimeOffset End { get; init; }

    /// <summary>The distance of points; the history gives one that it has, the next coarser one as a rule.</summary>
    public required TimeSpan Step { get; init; }

    /// <summary>Empty for nodes, null for pods of all namespaces.</summary>
    public string? Namespace { get; init; }

    /// <summary>A pod's or node's name; null for all.</summary>
    public string? Name { get; init; }

    /// <summary>Only pods on that node; null for all.</summary>
    public string? Node { get; init; }

    /// <summary>Only pods of that owner (<c>Deployment/web</c>); null for all.</summary>
    public string? Owner { get; init; }
}

/// <summary>What is measured.</summary>
public enum UsageMetric
{
    /// <summary>Tenths of a thousandth of a core.</summary>
    Cpu,

    /// <summary>The working set, in KiB.</summary>
    Memory,

    /// <summary>Bytes per second, as are the next three.</summary>
    NetworkReceived,

    NetworkSent,

    DiskRead,

    DiskWritten,

    /// <summary>How often the container began anew, in all.</summary>
    Restarts,
}

/// <summary>The figures of one container, pod or node over some time.</summary>
public sealed class UsageSeries
{
    /// <summary>How many kinds of figures there are.</summary>
    public const int Metrics = 7;

    public required string Namespace { get; init; }

    public required string Name { get; init; }

    /// <summary>Empty for pods and nodes as a whole.</summary>
    public required string Container { get; init; }

    /// <summary>Where it last ran.</summary>
    public string Node { get; set; } = "";

    public string Owner { get; set; } = "";

    /// <summary>By <see cref="UsageMetric"/>, then by point; null where nothing is known.</summary>
    public required long?[][] Values { get; init; }

    public long?[] this[UsageMetric metric] => Values[(int)metric];

    /// <summary>A series of so many points, none of them known.</summary>
    public static UsageSeries Empty(string @namespace, string name, string container, int points) => new()
    {
        Namespace = @namespace,
        Name = name,
        Container = container,
        Values = [.. Enumerable.Range(0, Metrics).Select(_ => new long?[points])],
    };
}

/// <summary>An answer of the history.</summary>
/// <param name="Start">The time of the first point.</param>
/// <param name="Step">From point to point.</param>
/// <param name="Points">How many.</param>
/// <param name="Series">In the order of namespace, name and container.</param>
/// <param name="IsCut">There are more, for which there was no room.</param>
public sealed record UsageHistoryPage(
    DateTimeOffset Start, TimeSpan Step, int Points, IReadOnlyList<UsageSeries> Series, bool IsCut);

/// <summary>What was used in the past. Any silo may ask.</summary>
public interface IUsageHistory
{
    /// <summary>
    /// Reads series. Throws <see cref="Kernel.StoreUnavailableException"/> while there is no database.
    /// </summary>
    Task<UsageHistoryPage> ReadAsync(UsageQuery query, CancellationToken cancellationToken);
}
