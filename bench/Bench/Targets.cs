namespace OrleansOrchestrator.Bench;

/// <summary>What a phase may cost at most: CPU of silo and PostgreSQL per operation, or another figure.</summary>
/// <param name="Name">As the table calls it.</param>
/// <param name="Limit">At most this.</param>
/// <param name="Unit">Of limit and figure.</param>
/// <param name="Figure">Finds the figure; null when it was not measured.</param>
public sealed record Target(string Name, double Limit, string Unit, Func<Measurements, double?> Figure)
{
    private const double MicrosecondsPerMillisecond = 1000;

    public static IReadOnlyList<Target> All { get; } =
    [
        Cpu("create", "create", 400),
        Cpu("status patch", "patch", 500),
        Cpu("delete", "delete", 500),
        Cpu("get", "get", 100),
        Cpu("list of all pods", "list", 60 * MicrosecondsPerMillisecond),
        Cpu("page of 500", "listpage", 5 * MicrosecondsPerMillisecond),
        Cpu("list by label, 1 %", "listsel", 1 * MicrosecondsPerMillisecond),
        Cpu("watch delivery", "watch", 10),
        Cpu("apply of an unchanged Deployment", "apply", 500),
        Cpu("Lease renewal", "leases-renew", 250),
        new("create, one at a time, p50", 2, "ms", m => m.Phase("create1")?.P50),
        new("private memory after the run", 350, "MB", m => m.Phases.LastOrDefault()?.PrivateMegabytes),
        new("500 pods of a Deployment Running", 3, "s", m => m.Rollout?.Running.TotalSeconds),
        new("10,000 pods bound on 1,000 nodes, each", 500, "µs", m => 1_000_000 / m.LargeRollout?.BoundPerSecond),
        new("idle CPU of the silo", 2, "% of a core", m => m.Idle?.SiloCpuPercent),
        new("idle memory of the silo", 350, "MB", m => m.Idle?.SiloMegabytes),
        new("idle memory of PostgreSQL", 150, "MB", m => m.Idle?.PostgresMegabytes),
        new("orc up to node Ready", 8, "s", m => m.Node?.Up.TotalSeconds),
        new("pod start, p50", 1000, "ms", m => m.Node?.PodStart.Median),
        new("idle CPU of silo and node agent", 2, "% of a core", m => m.Node?.Ours.CpuPercent),
        new("idle memory of silo and node agent", 350, "MB", m => m.Node?.Ours.Megabytes),
        new("start of PostgreSQL and silo", 8, "s", m => m.Startup?.Total.TotalSeconds),
        new("authorization a write, 50 bindings", 10, "µs", m => m.Access?.Authorization),
        new("quota a write", 10, "µs", m => m.Access?.Quota),
        new("audit a write", 10, "µs", m => m.Access?.Audit),
        new("get with 50 bindings", 35, "µs", m => m.Access?.Get),
        new("Lease renewal in a flood of lists", 2, "times", m => m.Flood?.Lease),
        new("node status in a flood of lists", 2, "times", m => m.Flood?.NodeStatus),
        new("rollout in a flood of lists", 2, "times", m => m.Flood?.Controllers),
        new("one endpoint of 5,000 Services, p50", 50, "ms", m => m.Network?.Replacement.Median),
    ];

    private static Target Cpu(string name, string phase, double limit) =>
        new(name, limit, "µs", m => m.Phase(phase)?.CpuMicroseconds);
}
