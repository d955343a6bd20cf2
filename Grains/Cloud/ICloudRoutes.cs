using k8s.Models;

namespace OrleansOrchestrator.Grains.Cloud;

/// <summary>The routes of a cloud's network to pods. A failure is a <see cref="CloudException"/>.</summary>
public interface ICloudRoutes
{
    Task<IReadOnlyList<CloudRoute>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Makes a route; what it is called may follow from the hint.</summary>
    Task CreateAsync(string nameHint, CloudRoute route, CancellationToken cancellationToken);

    Task DeleteAsync(CloudRoute route, CancellationToken cancellationToken);
}

/// <summary>One route.</summary>
public sealed record CloudRoute
{
    /// <summary>The cloud's name for it.</summary>
    public string Name { get; init; } = "";

    /// <summary>The node that it leads to; empty when that is not known.</summary>
    public string TargetNode { get; init; } = "";

    /// <summary>The node's addresses when it was made.</summary>
    public IReadOnlyList<V1NodeAddress> TargetAddresses { get; init; } = [];

    /// <summary>Whether the cloud keeps those addresses: then a route to others is wrong.</summary>
    public bool FollowsAddresses { get; init; }

    /// <summary>The network of pods.</summary>
    public required string Destination { get; init; }

    /// <summary>True when it leads nowhere, since its machine is gone.</summary>
    public bool IsBlackhole { get; init; }
}
