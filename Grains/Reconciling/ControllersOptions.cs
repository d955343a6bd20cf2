using System.Net;

namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>Settings of all controllers.</summary>
public sealed class ControllersOptions
{
    /// <summary>False switches every controller off: objects are stored and served, and nothing acts on them.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>
    /// Drops every wake-up that a change would cause, so that reminders alone drive: for the tests which prove that
    /// signals may be lost.
    /// </summary>
    public bool DropWakeUps { get; set; }

    /// <summary>Period of the reminder that re-drives every object; Orleans allows no less than a minute.</summary>
    public TimeSpan ResyncPeriod { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Period at which each silo makes sure that the controller grains are active.</summary>
    public TimeSpan KeeperPeriod { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Least time between two wake-ups of one object: many changes of its children cause one reconciliation.
    /// </summary>
    public TimeSpan WakeInterval { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Networks that nodes get the ranges of their pods' addresses from: one, or one for each family.
    /// </summary>
    public IReadOnlyList<PodNetwork> PodNetworks { get; set; } = [PodNetwork.Of(IPNetwork.Parse("10.244.0.0/16"))];

    /// <summary>Silence of a node's Lease after which the node is Unknown.</summary>
    public TimeSpan NodeMonitorGracePeriod { get; set; } = TimeSpan.FromSeconds(50);

    /// <summary>As above, for a node that never reported.</summary>
    public TimeSpan NodeStartupGracePeriod { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Period of the check of all nodes.</summary>
    public TimeSpan NodeMonitorPeriod { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Finished pods beyond this number are deleted, oldest first.</summary>
    public int TerminatedPodThreshold { get; set; } = 12_500;

    /// <summary>How long Events stay after their last write; zero for ever.</summary>
    public TimeSpan EventLife { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Period of pod garbage collection.</summary>
    public TimeSpan PodCollectionPeriod { get; set; } = TimeSpan.FromSeconds(20);
}
