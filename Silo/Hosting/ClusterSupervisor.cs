using System.Diagnostics;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>A part of a cluster that is to be kept running.</summary>
/// <param name="Name">For people.</param>
/// <param name="Find">Its process; null when it is not running.</param>
/// <param name="Ask">A question that it answers while it works.</param>
/// <param name="Kill">Ends it when it does not answer.</param>
/// <param name="Start">Starts it, and returns when it is ready.</param>
public sealed record ClusterPart(
    string Name,
    Func<Process?> Find,
    Func<CancellationToken, Task> Ask,
    Func<Task> Kill,
    Func<CancellationToken, Task> Start);

/// <summary>
/// Starts again what of a cluster ends or hangs, and puts back what others have removed of its network.
/// </summary>
/// <param name="cluster">What to look after.</param>
/// <param name="root">Its data directory.</param>
/// <param name="time">The clock.</param>
/// <param name="report">Is told what happens, a line each.</param>
public sealed class ClusterSupervisor(LocalCluster cluster, string root, TimeProvider time, Action<string> report)
{
    private static readonly TimeSpan RestartDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LookPeriod = TimeSpan.FromSeconds(5);

    // Less than two segments of PostgreSQL's log: it may have to stop at any moment.
    private const long LeastFreeBytes = 32 * BytesPerMebibyte;
    private const long BytesPerMebibyte = 1024 * 1024;

    private readonly Lookout _lookout = new(LookPeriod, time, report);
    private bool _wasFull;

    /// <summary>Until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(
    [
        .. cluster.Parts().Select(part => KeepAsync(part, cancellationToken)),
        _lookout.RunAsync($"The disk of {root}", WatchDiskAsync, cancellationToken),
        _lookout.RunAsync($"The link {cluster.Share.NodeLink}", KeepLinkAsync, cancellationToken),
    ]);

    private async Task KeepAsync(ClusterPart part, CancellationToken cancellationToken)
    {
        string? trouble = null;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                using var process = part.Find();
                if (process is not null)
                {
                    await UntilItIsOfNoUseAsync(part, process, cancellationToken);
                    trouble = null;
                }

                // What goes on failing in the same way (a disk that stays full) is said once.
                if (trouble is null)
                {
                    report($"The {part.Name} has ended; starting it again.");
                }

                await part.Start(cancellationToken);
                report($"The {part.Name} runs again.");
                trouble = null;
            }
            catch (Exception failure) when (
                failure is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                // A wait that timed out is a cancellation, too, but no reason to look after the part no more.
                if (failure.Message != trouble)
                {
                    report($"The {part.Name} did not start: {failure.Message}");
                }

                trouble = failure.Message;
            }

            await Task.Delay(RestartDelay, time, cancellationToken);
        }
    }

    /// <summary>Returns when the process has ended, by itself or because it hung.</summary>
    private async Task UntilItIsOfNoUseAsync(ClusterPart part, Process process, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var end = process.WaitForExitAsync(stop.Token);
        var hang = new Liveness(part.Ask, time).UntilItHangsAsync(stop.Token);
        var first = await Task.WhenAny(end, hang);
        await stop.CancelAsync();
        await Task.WhenAll(end, hang).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
        if (first == hang)
        {
            await hang; // whoever could not even ask knows nothing, and ends nobody
            report($"The {part.Name} does not answer; ending it.");
            await part.Kill();
        }
    }

    private async Task KeepLinkAsync(CancellationToken cancellationToken)
    {
        if (await cluster.EnsureLinkAsync(cancellationToken))
        {
            report($"Somebody has removed the link {cluster.Share.NodeLink}; it is back.");
        }
    }

    /// <summary>
    /// Says when the disk of the data directory fills up and when there is room again: what writes there cannot even
    /// log it then.
    /// </summary>
    private Task WatchDiskAsync(CancellationToken cancellationToken)
    {
        var free = new DriveInfo(root).AvailableFreeSpace;
        var isFull = free < LeastFreeBytes;
        if (isFull != _wasFull)
        {
            report(isFull
                ? $"The disk of {root} is full ({free / BytesPerMebibyte} MiB left): "
                    + "writes are refused until there is room."
                : $"The disk of {root} has room again ({free / BytesPerMebibyte} MiB).");
            _wasFull = isFull;
        }

        return Task.CompletedTask;
    }
}
