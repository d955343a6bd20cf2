using Grpc.Core;
using k8s.Autorest;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Csi;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>
/// What volumes of drivers need while nobody waits for it: those that no pod uses are taken down; those whose driver
/// wants it are published again each minute; those that have become larger are expanded; and how full they are is asked
/// each minute. Each is looked at by itself: what a driver does not answer soon is left to the round that asked, and
/// the next ones pass that volume by.
/// </summary>
public sealed partial class CsiUpkeep(
    CsiDrivers drivers, CsiDevices devices, CsiVolumes volumes, CsiExpansion expansion, CsiUsage usage,
    EventRecorder events, TimeProvider time, ILogger<CsiUpkeep> logger) : BackgroundService
{
    private static readonly TimeSpan RoundPatience = TimeSpan.FromSeconds(1);

    private readonly WakeSignal _wake = new();

    /// <summary>Does what is due now; returns when something is to be tried again, null when nothing is.</summary>
    public async Task<SteadyTime?> RoundAsync(CancellationToken cancellationToken)
    {
        var sweep = devices.SweepAsync(cancellationToken);
        var looks = volumes.Published.Select(p => LookAfterAsync(p, cancellationToken));
        var retries = await Task.WhenAll(looks.Append(sweep));
        return retries.Min();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        drivers.Registered += Wake;
        devices.Released += Wake;
        volumes.Changed += Wake;
        var pause = CsiPublished.Period;
        _wake.Set(); // what is published already is looked at now
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await _wake.WaitAsync(pause, time, stoppingToken);
                pause = await PauseAfterRoundAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                LogFailed(failure.Message);
                pause = CsiPublished.Period;
            }
        }
    }

    private async Task<TimeSpan> PauseAfterRoundAsync(CancellationToken stopping)
    {
        var round = RoundAsync(stopping);
        try
        {
            return PauseUntil(await round.WaitAsync(RoundPatience, time, stopping));
        }
        catch (TimeoutException) when (!round.IsFaulted)
        {
            _ = EndAsync(round, stopping);
            return RetryDelay.First; // the next one tells what else is to be tried, and when
        }
    }

    /// <summary>What a late round leaves to be tried again, another one tells.</summary>
    private async Task EndAsync(Task round, CancellationToken stopping)
    {
        try
        {
            await round;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return;
        }
        catch (Exception failure)
        {
            LogFailed(failure.Message);
        }

        Wake();
    }

    private TimeSpan PauseUntil(SteadyTime? retry)
    {
        var left = (retry - time.GetSteadyTime()) ?? CsiPublished.Period;
        return left < RetryDelay.First ? RetryDelay.First : left < CsiPublished.Period ? left : CsiPublished.Period;
    }

    private void Wake() => _wake.Set();

    /// <summary>Returns when expanding the volume is to be tried again; null when it is not.</summary>
    private async Task<SteadyTime?> LookAfterAsync(CsiPublished published, CancellationToken cancellationToken)
    {
        try
        {
            await LookAtSizeAsync(published, cancellationToken);
            await volumes.RepublishAsync(published, cancellationToken);
        }
        catch (VolumeException problem)
        {
            var mount = published.Mount;
            events.Pod(
                mount.Pod, EventRecorder.Warning, problem.Reason,
                $"{problem.Stage} failed for volume \"{mount.Name}\" : {problem.Message}");
        }
        catch (RpcException refusal) when (!cancellationToken.IsCancellationRequested)
        {
            LogFailed(CriErrors.Text(refusal));
        }
        catch (Exception failure) when (failure is HttpRequestException or HttpOperationException)
        {
            LogFailed(failure.Message);
        }

        return published.RetryAt;
    }

    private async Task LookAtSizeAsync(CsiPublished published, CancellationToken cancellationToken)
    {
        var now = time.GetSteadyTime();
        var isDue = !(now - published.LookedAt < CsiPublished.Period);
        if ((!isDue && !(published.RetryAt <= now))
            || !await published.Gate.WaitAsync(TimeSpan.Zero, cancellationToken))
        {
            return;
        }

        try
        {
            await LookAtSizeAsync(published, isDue ? now : null, cancellationToken);
        }
        finally
        {
            published.Gate.Release();
        }
    }

    private async Task LookAtSizeAsync(
        CsiPublished published, SteadyTime? lookedAt, CancellationToken cancellationToken)
    {
        published.LookedAt = lookedAt ?? published.LookedAt;
        if (published.IsGone)
        {
            return;
        }

        await expansion.ExpandAsync(published, cancellationToken);
        if (lookedAt is not null)
        {
            await usage.MeasureAsync(published, cancellationToken);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Looking after volumes of CSI drivers failed: {Problem}")]
    private partial void LogFailed(string problem);
}
