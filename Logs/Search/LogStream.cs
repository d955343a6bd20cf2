using OrleansOrchestrator.Logs.Lines;

namespace OrleansOrchestrator.Logs.Search;

/// <summary>The log of one instance of a container.</summary>
/// <param name="Namespace">The pod's.</param>
/// <param name="Pod">Its name.</param>
/// <param name="Uid">Its uid.</param>
/// <param name="Container">The container's name.</param>
/// <param name="Restart">How often it had been started before.</param>
public sealed record StreamName(string Namespace, string Pod, string Uid, string Container, int Restart)
{
    /// <summary>Stands for the container of a stream of Events; no container can have this name.</summary>
    public const string EventContainer = "Event";
}

/// <summary>A stream as the store has it.</summary>
public sealed record LogStream
{
    /// <summary>Its number; 0 before it is stored.</summary>
    public long Id { get; init; }

    public required StreamName Name { get; init; }

    /// <summary>The node that the pod ran on, and that alone may add lines.</summary>
    public required string Node { get; init; }

    /// <summary>The pod's, as they were when the container's first lines came.</summary>
    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    /// <summary>What the pod belonged to, such as <c>deployment</c>; empty for a pod of its own.</summary>
    public string WorkloadKind { get; init; } = "";

    /// <summary>Name of the workload.</summary>
    public string Workload { get; init; } = "";

    public LogPosition Position { get; init; }
}

/// <summary>Which streams are meant; what is empty restricts nothing.</summary>
public sealed record StreamFilter
{
    public string Namespace { get; init; } = "";

    public string Pod { get; init; } = "";

    public string Container { get; init; } = "";

    public string Node { get; init; } = "";

    public string WorkloadKind { get; init; } = "";

    public string Workload { get; init; } = "";

    /// <summary>One stream by its number; 0 for any.</summary>
    public long Stream { get; init; }

    /// <summary>Whether the pod's labels are meant; null for any.</summary>
    public Func<IReadOnlyDictionary<string, string>, bool>? Labels { get; init; }

    /// <summary>True when it means all streams of a namespace, or of all.</summary>
    public bool IsWhole => Stream == 0 && Labels is null
        && Pod.Length + Container.Length + Node.Length + WorkloadKind.Length + Workload.Length == 0;
}
