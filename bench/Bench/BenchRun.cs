using OrleansOrchestrator.Bench.Network;
using OrleansOrchestrator.Bench.Node;

namespace OrleansOrchestrator.Bench;

/// <summary>All measurements, each on a fresh cluster so that none inherits the one before.</summary>
public sealed class BenchRun(BenchOptions options)
{
    /// <summary>Services that a node is measured with.</summary>
    public const int Services = 5000;

    private const int RolloutNodes = 50;
    private const int RolloutPods = 500;
    private const int LargeNodes = 1000;
    private const int LargePods = 10_000;

    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var machine = await Machine.DescribeAsync(options.Repository, TimeProvider.System, cancellationToken);
        Report.Line($"{machine.Processor}, {machine.Cores} cores, {machine.Runtime}, {machine.Postgres}, {machine.Commit}, load {machine.LoadBefore}");
        var found = new Measurements { Machine = machine };
        if (!options.RolloutsOnly)
        {
            await MeasureApiAsync(found, cancellationToken);
        }

        if (!options.ApiOnly && !options.RolloutsOnly)
        {
            await MeasureWholeAsync(found, cancellationToken);
        }

        if (!options.ApiOnly)
        {
            found.Rollout = await RolloutAsync(RolloutNodes, RolloutPods, cancellationToken);
        }

        if (!options.ApiOnly && !options.RolloutsOnly)
        {
            found.Node = await NodeBench.RunAsync(options, cancellationToken);
        }

        if (options.Full)
        {
            found.LargeRollout = await RolloutAsync(LargeNodes, LargePods, cancellationToken);
        }

        if (options.Full && !options.RolloutsOnly)
        {
            found.Network = await NetworkBench.RunAsync(Services, cancellationToken);
        }

        Report.Compare(found);
        await Report.WriteAsync(found, options.OutputFile, cancellationToken);
        return 0;
    }

    private async Task MeasureApiAsync(Measurements found, CancellationToken cancellationToken)
    {
        Report.Title("The API alone (no controllers, no scheduler)");
        await using var cluster =
            await BenchCluster.StartAsync(options, hollowNodes: 0, controllers: false, cancellationToken);
        found.ApiOnlyPhases = await Referee.RunAsync(options, cluster, Referee.AllPhases, cancellationToken);
    }

    private async Task MeasureWholeAsync(Measurements found, CancellationToken cancellationToken)
    {
        Report.Title("The whole control plane, one hollow node");
        await using var cluster =
            await BenchCluster.StartAsync(options, hollowNodes: 1, controllers: true, cancellationToken);
        found.Startup = new Startup(cluster.PostgresStart, cluster.SiloStart);
        Report.Line($"  start: PostgreSQL {cluster.PostgresStart.TotalSeconds:F2} s, silo {cluster.SiloStart.TotalSeconds:F2} s");
        var idle = found.Idle = await Scenarios.IdleAsync(cluster, cancellationToken);
        Report.Line($"  idle: silo {idle.SiloCpuPercent:F2} % of a core, {idle.SiloMegabytes:F0} MB; PostgreSQL {idle.PostgresCpuPercent:F2} %, {idle.PostgresMegabytes:F0} MB");
        found.Phases.AddRange(await Referee.RunAsync(options, cluster, Referee.AllPhases, cancellationToken));
    }

    private async Task<Rollout> RolloutAsync(int nodes, int pods, CancellationToken cancellationToken)
    {
        Report.Title("A Deployment on hollow nodes");
        await using var cluster = await BenchCluster.StartAsync(options, nodes, controllers: true, cancellationToken);
        var rollout = await Scenarios.RolloutAsync(cluster, nodes, pods, cancellationToken);
        Report.Print(rollout);
        return rollout;
    }
}
