using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.Probes;

namespace OrleansOrchestrator.NodeAgent.Stats;

/// <summary>
/// The node's figures on its port: <c>/stats/summary</c>, the metrics that upstream's kubelet has, and those of the
/// machine.
/// </summary>
public sealed class StatsEndpoints(
    StatsReader reader, SummaryBuilder summaries, ProbeMetrics probes, AgentMetrics agent, Cgroups cgroups,
    TimeProvider time)
{
    /// <summary>Adds the endpoints.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Map("/stats/summary", SummaryAsync);
        routes.Map("/metrics", context => WriteAsync(context, agent.Write()));
        routes.Map("/metrics/probes", context => WriteAsync(context, probes.Write()));
        routes.Map("/metrics/resource", async context => await WriteAsync(context, ResourceMetrics.Write(
            await reader.ReadAsync(context.RequestAborted), context.Request.Query["traffic"] == "true")));
        routes.Map("/metrics/cadvisor", async context =>
            await WriteAsync(context, CadvisorMetrics.Write(
                await reader.ReadAsync(context.RequestAborted), cgroups.PodPath,
                static d => BlockDevices.NameOf(d))));
        routes.Map(MachineMetrics.Path, context => WriteAsync(context, MachineMetrics.Write(time.GetUtcNow())));
    }

    private async Task SummaryAsync(HttpContext context)
    {
        var onlyCpuAndMemory = context.Request.Query["only_cpu_and_memory"].ToString() is "true" or "1";
        var snapshot = await reader.ReadAsync(context.RequestAborted);
        var summary = await summaries.BuildAsync(snapshot, onlyCpuAndMemory, context.RequestAborted);
        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(summary.ToJson(), context.RequestAborted);
    }

    private static Task WriteAsync(HttpContext context, string metrics)
    {
        context.Response.ContentType = MetricsText.ContentType;
        return context.Response.WriteAsync(metrics, context.RequestAborted);
    }
}

/// <summary>Registration of the node's figures.</summary>
public static class StatsServices
{
    public static IServiceCollection AddNodeStats(this IServiceCollection services)
    {
        services.AddPart<CpuRates>();
        services.AddSingleton<StatsReader>();
        services.AddSingleton<VolumeUsage>();
        services.AddSingleton<SummaryBuilder>();
        services.AddSingleton<KubeletMeters>();
        services.AddSingleton<VolumeMeters>();
        services.AddSingleton<AgentMetrics>();
        return services.AddSingleton<StatsEndpoints>();
    }
}
