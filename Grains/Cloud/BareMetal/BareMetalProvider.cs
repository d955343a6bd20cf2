namespace OrleansOrchestrator.Grains.Cloud.BareMetal;

/// <summary>
/// The cloud of those who have none: load balancers are addresses of pools that the nodes themselves answer.
/// </summary>
public sealed class BareMetalProvider(IGrainFactory grains) : ICloudProvider
{
    /// <inheritdoc/>
    public string Name => "bare-metal";

    /// <summary>None: nodes come and go by themselves, and tell their addresses.</summary>
    public ICloudInstances? Instances => null;

    /// <summary>None: nodes set the routes to each other's pods.</summary>
    public ICloudRoutes? Routes => null;

    /// <inheritdoc/>
    public ILoadBalancers LoadBalancers { get; } = new PoolLoadBalancers(grains);
}
