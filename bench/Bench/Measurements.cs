using OrleansOrchestrator.Bench.Access;
using OrleansOrchestrator.Bench.Network;
using OrleansOrchestrator.Bench.Node;

namespace OrleansOrchestrator.Bench;

/// <summary>Everything that one run found out.</summary>
public sealed record Measurements
{
    public required Machine Machine { get; init; }

    /// <summary>The load generator's phases with controllers and scheduler running: what users have.</summary>
    public List<PhaseResult> Phases { get; init; } = [];

    /// <summary>The same against the API alone, which is what the reference figures are about.</summary>
    public List<PhaseResult> ApiOnlyPhases { get; set; } = [];

    public Startup? Startup { get; set; }

    public Idle? Idle { get; set; }

    public Rollout? Rollout { get; set; }

    /// <summary>10,000 pods on 1,000 nodes.</summary>
    public Rollout? LargeRollout { get; set; }

    /// <summary>A cluster with a real node.</summary>
    public NodeFigures? Node { get; set; }

    /// <summary>Services and DNS of a node.</summary>
    public NetworkFigures? Network { get; set; }

    /// <summary>What deciding about requests costs.</summary>
    public AccessFigures? Access { get; set; }

    /// <summary>What a flood of lists does to others.</summary>
    public FloodFigures? Flood { get; set; }

    /// <summary>The costs of the API alone decide; without them, those with controllers.</summary>
    public PhaseResult? Phase(string name) =>
        ApiOnlyPhases.Find(p => p.Phase == name) ?? Phases.Find(p => p.Phase == name);
}

/// <summary>How long starting took.</summary>
public sealed record Startup(TimeSpan Postgres, TimeSpan Silo)
{
    public TimeSpan Total => Postgres + Silo;
}

/// <summary>What a cluster costs that nobody uses.</summary>
public sealed record Idle(
    double SiloCpuPercent, double PostgresCpuPercent, double SiloMegabytes, double PostgresMegabytes);

/// <summary>A Deployment from the request to create it until its pods are where they should be.</summary>
/// <param name="Nodes">Simulated nodes.</param>
/// <param name="Pods">Replicas.</param>
/// <param name="Bound">Until the last pod was bound.</param>
/// <param name="Running">Until the last pod was Running.</param>
/// <param name="CpuMillisecondsPerPod">Silo and PostgreSQL.</param>
public sealed record Rollout(int Nodes, int Pods, TimeSpan Bound, TimeSpan Running, double CpuMillisecondsPerPod)
{
    public double BoundPerSecond => Pods / Bound.TotalSeconds;

    /// <summary>Commits of the pods journal a pod: one to create, one to bind, one to run at best.</summary>
    public double PodWrites { get; init; }

    /// <summary>Commits of the events journal a pod.</summary>
    public double EventWrites { get; init; }

    /// <summary>The silo's part of the CPU.</summary>
    public double SiloCpuMillisecondsPerPod { get; init; }

    /// <summary>Of the silo, with all pods running.</summary>
    public double PrivateMegabytes { get; init; }
}
