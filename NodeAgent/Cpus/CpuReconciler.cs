using Grpc.Core;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Cpus;

/// <summary>
/// Sees to it that running containers are on their CPUs: those that share CPUs have others to share each time when
/// some container has got, or given back, its own. Upstream sees to it every ten seconds; here that is the safety net.
/// </summary>
public sealed partial class CpuReconciler(
    NodeAgentOptions options, CpuManager cpus, PodRuntimeCache runtime, CriClient cri, TimeProvider time,
    ILogger<CpuReconciler> logger) : BackgroundService
{
    private readonly Lock _waking = new();
    private readonly SemaphoreSlim _changed = new(0, 1);
    private readonly Dictionary<string, string> _told = new(StringComparer.Ordinal);

    /// <summary>Tells the runtime of all running containers that are not where they should be.</summary>
    public async Task ReconcileAsync(CancellationToken cancellationToken)
    {
        var running = runtime.All
            .SelectMany(static p => p.Containers.Where(static c => c.IsRunning), static (p, c) => (p.Uid, c)).ToList();
        foreach (var gone in _told.Keys.Except(running.Select(static r => r.c.Id)).ToList())
        {
            _told.Remove(gone);
        }

        foreach (var (uid, container) in running)
        {
            var wanted = cpus.AffinityOf(uid, container.Name).ToString();
            if (wanted.Length > 0 && _told.GetValueOrDefault(container.Id) != wanted)
            {
                await MoveAsync(container, wanted, cancellationToken);
            }
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        _changed.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!cpus.IsOn)
        {
            return;
        }

        cpus.Changed += Wake;
        await runtime.FirstListAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            await ReconcileAsync(stoppingToken);
            using var period = new CancellationTokenSource(options.Resources.CpuReconcilePeriod, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(period.Token, stoppingToken);
            await _changed.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>One that cannot be moved is tried again.</summary>
    private async Task MoveAsync(ContainerRecord container, string wanted, CancellationToken cancellationToken)
    {
        try
        {
            await cri.Runtime.UpdateContainerResourcesAsync(
                new UpdateContainerResourcesRequest
                {
                    ContainerId = container.Id, Linux = new LinuxContainerResources { CpusetCpus = wanted },
                },
                cancellationToken: cancellationToken);
            _told[container.Id] = wanted;
        }
        catch (RpcException refusal) when (!cancellationToken.IsCancellationRequested)
        {
            LogNotMoved(container.Name, container.Id, wanted, CriErrors.Text(refusal));
        }
    }

    private void Wake()
    {
        lock (_waking)
        {
            if (_changed.CurrentCount == 0)
            {
                _changed.Release();
            }
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Container {Container} ({Id}) does not run on CPUs {Cpus}: {Problem}")]
    private partial void LogNotMoved(string container, string id, string cpus, string problem);
}
