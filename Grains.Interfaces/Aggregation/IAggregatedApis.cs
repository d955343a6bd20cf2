using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Interfaces.Aggregation;

/// <summary>The APIs that other servers serve behind this one, for controllers.</summary>
public interface IAggregatedApis
{
    /// <summary>What their discovery said when they were last asked, which is about once a minute.</summary>
    ValueTask<AggregatedDiscovery> DiscoverAsync(CancellationToken cancellationToken);

    /// <summary>Whether the server of an APIService answers for its group version; null when it does, else why not.
    /// </summary>
    ValueTask<string?> CheckAsync(AggregatedApi api, CancellationToken cancellationToken);

    /// <summary>
    /// The body of a server's good answer, as JSON. A refusal is the server's own, or what upstream's client makes of
    /// a bare code.
    /// </summary>
    ValueTask<Outcome<ReadOnlyMemory<byte>>> SendAsync(AggregatedRequest request, CancellationToken cancellationToken);
}

/// <summary>A group version, and the Service behind which it is served.</summary>
public sealed record AggregatedApi(string Group, string Version, ObjectKey Service, int Port);

/// <summary>A request to the server of a group version.</summary>
/// <param name="Group">The group.</param>
/// <param name="Version">The version.</param>
/// <param name="Path">What follows them, with its query: begins with a slash.</param>
/// <param name="User">For whom it is.</param>
public sealed record AggregatedRequest(string Group, string Version, string Path, UserIdentity User)
{
    public string Method { get; init; } = "GET";

    /// <summary>The form of the answer.</summary>
    public string Accept { get; init; } = "application/json";

    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>The form of the body.</summary>
    public string ContentType { get; init; } = "application/json";

    /// <summary>What is asked for, as refusals name it.</summary>
    public string Subject { get; init; } = "";
}

/// <summary>A resource of another server.</summary>
public sealed record AggregatedResource(ResourceName Name, string Version, string Kind, bool IsNamespaced)
{
    public IReadOnlyList<string> Verbs { get; init; } = [];
}

/// <summary>What is known of all other servers.</summary>
/// <param name="Versions">All group versions that they are registered for; of a group the preferred one first.</param>
/// <param name="Resources">Their resources, each in the preferred version.</param>
/// <param name="Stale">The group versions whose servers cannot be asked.</param>
public sealed record AggregatedDiscovery(
    IReadOnlyList<string> Versions, IReadOnlyList<AggregatedResource> Resources, IReadOnlyList<string> Stale)
{
    public static readonly AggregatedDiscovery Nothing = new([], [], []);

    /// <summary>What upstream's client says of group versions that it cannot discover; null when there are none.
    /// </summary>
    public string? Failure => Stale.Count == 0 ? null
        : "unable to retrieve the complete list of server APIs: "
            + string.Join(", ", Stale.Select(static v => $"{v}: stale GroupVersion discovery: {v}"));
}
