using System.Text.Json.Serialization;

namespace OrleansOrchestrator.NodeAgent.Dra;

/// <summary>A device that a driver has prepared for a claim.</summary>
public sealed record PreparedDevice
{
    public required string Pool { get; init; }

    public required string Name { get; init; }

    /// <summary>Which share of the device it is; null for all of it.</summary>
    public string? ShareId { get; init; }

    /// <summary>The claim's requests that it is for; none for all.</summary>
    public IReadOnlyList<string> Requests { get; init; } = [];

    /// <summary>By what names the runtime knows it.</summary>
    public IReadOnlyList<string> CdiIds { get; init; } = [];

    /// <summary>Whether it is for that request; an empty one is any.</summary>
    public bool IsFor(string request) => request.Length == 0 || Requests.Count == 0 || Requests.Contains(request);
}

/// <summary>
/// A claim that pods of the node use, or are about to: what has to be taken back when the last one ends.
/// </summary>
public sealed record ClaimRecord
{
    public required string Namespace { get; init; }

    public required string Name { get; init; }

    public required string Uid { get; init; }

    /// <summary>Uids of the pods.</summary>
    public IReadOnlyList<string> Pods { get; init; } = [];

    /// <summary>What each driver of the claim has prepared, those among them that have nothing to give.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<PreparedDevice>> Drivers { get; init; } =
        new Dictionary<string, IReadOnlyList<PreparedDevice>>();

    /// <summary>
    /// All drivers have prepared it since the agent started: what was before, drivers are asked again when another pod
    /// comes, as upstream does.
    /// </summary>
    [JsonIgnore]
    public bool IsPrepared { get; init; }

    /// <summary>What only one claim has at a time.</summary>
    [JsonIgnore]
    public string Key => KeyOf(Namespace, Name);

    public static string KeyOf(string claimNamespace, string name) => $"{claimNamespace}/{name}";
}
