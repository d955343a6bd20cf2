using OrleansOrchestrator.Grains.Scheduling.Extenders;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>Settings of the scheduler.</summary>
public sealed class SchedulerOptions
{
    /// <summary>False leaves pods unassigned.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Ways to schedule: pods choose by <c>spec.schedulerName</c>.</summary>
    public IReadOnlyList<SchedulerProfile> Profiles { get; set; } = [new()];

    /// <summary>Seed of the tie-breaking; null takes one from the clock. It is logged.</summary>
    public int? Seed { get; set; }

    /// <summary>Part of the nodes to look for a fitting one among; 0 chooses by cluster size.</summary>
    public int PercentageOfNodesToScore { get; set; }

    /// <summary>Servers that have a say in where pods go.</summary>
    public IReadOnlyList<ExtenderSettings> Extenders { get; set; } = [];

    /// <summary>How long pods wait after attempts that failed.</summary>
    public SchedulingBackoff Backoff { get; set; } = new();

    /// <summary>Bindings on their way at one time; they commit together in the pods journal.</summary>
    public int MaxBindingsInFlight { get; set; } = 256;

    /// <summary>How often each silo makes sure that schedulers and hollow nodes are active.</summary>
    public TimeSpan KeeperPeriod { get; set; } = TimeSpan.FromSeconds(5);
}
