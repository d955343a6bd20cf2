using OrleansOrchestrator.Resources.ApiRegistration.ApiServices;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>What the discovery of this server says of the group versions that others serve behind it.</summary>
public interface IRemoteVersions
{
    /// <summary>All of them; the very same list as long as nothing changed.</summary>
    IReadOnlyList<RemoteVersion> Current { get; }
}

/// <summary>A group version that another server serves.</summary>
/// <param name="Group">The group.</param>
/// <param name="Version">The version.</param>
/// <param name="Priority">Its place.</param>
public sealed record RemoteVersion(string Group, string Version, ApiPriority Priority)
{
    /// <summary>The server cannot be asked now: its resources are the last ones that were known, if any.</summary>
    public bool IsStale { get; init; }

    /// <summary>The resources as the aggregated form has them: a JSON array.</summary>
    public required ReadOnlyMemory<byte> Resources { get; init; }

    /// <summary>Where its OpenAPI document is; null when the server has none.</summary>
    public string? OpenApiUrl { get; init; }

    /// <summary>The OpenAPI v2 document of all that its server has: a JSON object; empty when it has none.</summary>
    public ReadOnlyMemory<byte> OpenApiV2 { get; init; }
}
