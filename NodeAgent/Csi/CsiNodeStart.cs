using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Node;

namespace OrleansOrchestrator.NodeAgent.Csi;

/// <summary>Makes the node's CSINode once the node is registered, whether it has drivers or not.</summary>
public sealed partial class CsiNodeStart(
    NodeObject node, CsiNodeObject own, TimeProvider time, ILogger<CsiNodeStart> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await RegisteredAsync(stoppingToken);
        RetryDelay? failed = null;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await own.EnsureAsync(stoppingToken);
                return;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                LogFailed(failure.Message);
            }

            failed = RetryDelay.After(failed, time.GetSteadyTime());
            await Task.Delay(failed.Value.Delay, time, stoppingToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RegisteredAsync(CancellationToken cancellationToken)
    {
        var registered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Note(k8s.Models.V1Node _) => registered.TrySetResult();
        node.Changed += Note;
        if (node.Current is not null)
        {
            registered.TrySetResult();
        }

        await registered.Task.WaitAsync(cancellationToken);
        node.Changed -= Note;
    }

    [LoggerMessage(1, LogLevel.Warning, "The node's CSINode could not be made: {Problem}")]
    private partial void LogFailed(string problem);
}
