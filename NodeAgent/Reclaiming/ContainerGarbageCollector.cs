using Grpc.Core;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Pods;

namespace OrleansOrchestrator.NodeAgent.Reclaiming;

/// <summary>
/// Removes from the runtime what is left of pods that have ended but still exist in the API: their containers' written
/// layers may be what fills the disk. Their status stays as it was; their logs stay until the object goes. (Dead
/// instances of pods that still run are removed by those pods' own workers.)
/// </summary>
public sealed partial class ContainerGarbageCollector(
    PodManager pods, PodRuntimeCache runtime, SandboxOperations sandboxes, ILogger<ContainerGarbageCollector> logger)
{
    /// <summary>Returns how many containers went.</summary>
    public async Task<int> RemoveUnusedAsync(CancellationToken cancellationToken)
    {
        var removed = 0;
        foreach (var worker in pods.Workers.Where(w => w.Ended))
        {
            try
            {
                var state = await runtime.RefreshAsync(worker.Uid, cancellationToken);
                if (!state.AnyRunning && !state.IsEmpty)
                {
                    await sandboxes.RemoveFromRuntimeAsync(state, cancellationToken);
                    await runtime.RefreshAsync(worker.Uid, cancellationToken);
                    removed += state.Containers.Count;
                }
            }
            catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
            {
                LogFailed(worker.Pod.Display(), exception.Status.Detail);
            }
        }

        return removed;
    }

    [LoggerMessage(1, LogLevel.Warning, "Ended containers of {Pod} could not be removed: {Problem}")]
    private partial void LogFailed(string pod, string problem);
}
