using System.Text.Json.Serialization;

namespace OrleansOrchestrator.Grains.Scheduling.Extenders;

/// <summary>Upstream's <c>ExtenderFilterResult</c>. As in Go, the case of names does not matter.</summary>
internal sealed record FilterAnswer
{
    public NodeListAnswer? Nodes { get; init; }

    public IReadOnlyList<string?>? NodeNames { get; init; }

    /// <summary>Why nodes will not do, by name.</summary>
    public IReadOnlyDictionary<string, string?>? FailedNodes { get; init; }

    /// <summary>The same of nodes where removing pods would not help.</summary>
    public IReadOnlyDictionary<string, string?>? FailedAndUnresolvableNodes { get; init; }

    public string? Error { get; init; }
}

/// <summary>A <c>v1.NodeList</c>, of which only names matter.</summary>
internal sealed record NodeListAnswer
{
    public IReadOnlyList<NodeAnswer?>? Items { get; init; }
}

/// <summary>A node in it.</summary>
internal sealed record NodeAnswer
{
    public NodeMetadataAnswer? Metadata { get; init; }
}

/// <summary>What matters of its metadata.</summary>
internal sealed record NodeMetadataAnswer
{
    public string? Name { get; init; }
}

/// <summary>Upstream's <c>HostPriority</c>.</summary>
internal sealed record HostPriority
{
    public string? Host { get; init; }

    public long Score { get; init; }
}

/// <summary>Upstream's <c>ExtenderPreemptionResult</c>.</summary>
internal sealed record PreemptionAnswer
{
    public IReadOnlyDictionary<string, VictimsAnswer?>? NodeNameToMetaVictims { get; init; }
}

/// <summary>Upstream's <c>MetaVictims</c>.</summary>
internal sealed record VictimsAnswer
{
    public IReadOnlyList<VictimAnswer?>? Pods { get; init; }

    [JsonPropertyName("NumPDBViolations")]
    public long Violations { get; init; }
}

/// <summary>Upstream's <c>MetaPod</c>.</summary>
internal sealed record VictimAnswer
{
    public string? Uid { get; init; }
}

/// <summary>Upstream's <c>ExtenderBindingResult</c>.</summary>
internal sealed record BindingAnswer
{
    public string? Error { get; init; }
}

[JsonSourceGenerationOptions(PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(FilterAnswer))]
[JsonSerializable(typeof(IReadOnlyList<HostPriority?>))]
[JsonSerializable(typeof(PreemptionAnswer))]
[JsonSerializable(typeof(BindingAnswer))]
internal sealed partial class ExtenderJson : JsonSerializerContext;
