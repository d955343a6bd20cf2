using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.NodeAgent.Dra;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>
/// Has drivers take back what pods claimed that are not here any more: they went while the agent was away, or while a
/// driver was. It begins when all pods of the node are known, and looks each minute, as upstream does, and when a
/// driver comes.
/// </summary>
public sealed class ClaimSweeper(
    PodManager pods, DynamicResources resources, DraPlugins plugins, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    private readonly WakeSignal _wake = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        plugins.Changed += Note;
        await pods.AllKnown.WaitAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            await resources.KeepAsync(pods.IsActive, stoppingToken);
            await _wake.WaitAsync(Period, time, stoppingToken);
        }
    }

    private void Note(string driver)
    {
        if (plugins.IsUsable(driver))
        {
            _wake.Set();
        }
    }
}
