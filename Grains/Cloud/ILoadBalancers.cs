using k8s.Models;

namespace OrleansOrchestrator.Grains.Cloud;

/// <summary>
/// Load balancers of Services. Every call may be repeated; a failure is a <see cref="CloudException"/>.
/// </summary>
public interface ILoadBalancers
{
    /// <summary>The status of a Service's load balancer; null when there is none.</summary>
    Task<V1LoadBalancerStatus?> GetAsync(V1Service service, CancellationToken cancellationToken);

    /// <summary>
    /// Makes the load balancer, or brings it to what the Service asks for. Null when somebody else sees to that.
    /// </summary>
    Task<V1LoadBalancerStatus?> EnsureAsync(
        V1Service service, IReadOnlyList<V1Node> nodes, CancellationToken cancellationToken);

    /// <summary>Sends the load balancer's traffic to other nodes. False when somebody else sees to that.</summary>
    Task<bool> UpdateAsync(V1Service service, IReadOnlyList<V1Node> nodes, CancellationToken cancellationToken);

    /// <summary>Removes the load balancer; succeeds when there is none.</summary>
    Task EnsureDeletedAsync(V1Service service, CancellationToken cancellationToken);
}
