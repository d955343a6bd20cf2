namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>What a silo does beside Kubernetes, for people who look at the cluster. All silos of a cluster have the
/// same.</summary>
public sealed record AddOnSettings
{
    /// <summary>Lines of containers, Events and the cluster's own parts are kept and searched.</summary>
    public bool Logs { get; init; } = true;

    /// <summary>Nodes are asked what is used, which <c>metrics.k8s.io</c> serves, and its history is kept.</summary>
    public bool Metrics { get; init; } = true;

    /// <summary>The web page is served.</summary>
    public bool Dashboard { get; init; } = true;
}
