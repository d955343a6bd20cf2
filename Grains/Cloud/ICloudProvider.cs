namespace OrleansOrchestrator.Grains.Cloud;

/// <summary>
/// The machines, networks and load balancers that a cluster runs on, as its controllers see them: upstream's
/// cloud-provider interface. What a cloud does not have is null, and the controller for it rests.
/// </summary>
public interface ICloudProvider
{
    /// <summary>For example <c>bare-metal</c>.</summary>
    string Name { get; }

    ILoadBalancers? LoadBalancers { get; }

    ICloudInstances? Instances { get; }

    ICloudRoutes? Routes { get; }
}
