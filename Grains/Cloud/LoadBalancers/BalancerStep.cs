namespace OrleansOrchestrator.Grains.Cloud.LoadBalancers;

/// <summary>What to do about the load balancer of a Service.</summary>
public enum BalancerStep
{
    /// <summary>All is as it is wanted, or it is none of ours.</summary>
    None,

    /// <summary>Make it, or bring it to what the Service asks for.</summary>
    Ensure,

    /// <summary>Send its traffic to the nodes that there are now.</summary>
    UpdateNodes,

    /// <summary>Remove it, and what keeps the Service for its sake.</summary>
    Delete,
}
