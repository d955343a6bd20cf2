using OrleansOrchestrator.Grains.Logs;
using OrleansOrchestrator.Grains.Metrics;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>What a silo does beside Kubernetes, for people who look at the cluster. All silos of a cluster have the
/// same.</summary>
public sealed record AddOnSettings
{
    /// <summary>Lines of containers, Events and the cluster's own parts are kept and searched.</summary>
    public bool Logs { get; init; } = true;

    /// <summary>How long lines are kept, and how much of them.</summary>
    public LogStoreOptions LogRetention { get; init; } = new();

    /// <summary>How long what was used is kept, and how much of it.</summary>
    public UsageRetention UsageRetention { get; init; } = new();

    /// <summary>Nodes are asked what is used, which <c>metrics.k8s.io</c> serves, and its history is kept.</summary>
    public bool Metrics { get; init; } = true;

    /// <summary>The web page is served.</summary>
    public bool Dashboard { get; init; } = true;

    /// <summary>Orleans' dashboard is served to operators.</summary>
    public bool OrleansDashboard { get; init; }
}
