namespace OrleansOrchestrator.Grains.Cloud;

/// <summary>
/// The machines, networks and load balancers that a cluster runs on, as its controllers see them: upstream's
/// cloud-provider interface. What a cloud does not have is null, and the controller for it rests.
/// </summary>
public interface ICloudProvider
{
    /// <summary>For example <c>bare-metal</c>.</summary>
    string Name { get; }

    /// <summary>Until it is known what the cloud has; before that it has nothing.</summary>
    ValueTask ReadyAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    ILoadBalancers? LoadBalancers { get; }

    ICloudInstances? Instances { get; }

    ICloudRoutes? Routes { get; }
}
