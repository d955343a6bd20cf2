using Grpc.Core;
using k8s.Autorest;
using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Plugins;

namespace OrleansOrchestrator.NodeAgent.Csi;

/// <summary>
/// Tells the cluster anew how many of a driver's volumes the node takes: as often as the driver's CSIDriver says, and
/// when one could not be attached because there were too many. A driver whose CSIDriver says nothing of that is asked
/// when it registers only. Each driver has a course of its own, so that one that does not answer keeps no other.
/// </summary>
public sealed partial class CsiLimits(
    CsiDrivers drivers, CsiNodeObject node, TimeProvider time, ILogger<CsiLimits> logger) : IHostedService, IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Course> _courses = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _ending = new();
    private bool _hasEnded;

    /// <summary>How often a driver is asked; null when it is not.</summary>
    public static TimeSpan? PeriodOf(V1CSIDriver? definition) =>
        definition?.Spec.NodeAllocatableUpdatePeriodSeconds is { } seconds and > 0
            ? Periods.ForTimer(Periods.Of(seconds)) : null;

    /// <summary>These are all that the cluster knows.</summary>
    public void Replace(IReadOnlyList<V1CSIDriver> definitions)
    {
        foreach (var gone in Followed().Except(definitions.Select(static d => d.Metadata.Name)))
        {
            Follow(gone, null);
        }

        foreach (var definition in definitions)
        {
            Observe(definition);
        }
    }

    /// <summary>The cluster says this of a driver now.</summary>
    public void Observe(V1CSIDriver definition) => Follow(definition.Metadata.Name, PeriodOf(definition));

    /// <summary>The cluster says nothing of the driver any more.</summary>
    public void Forget(string driver) => Follow(driver, null);

    /// <summary>Asks the driver, if it is here, and tells the cluster; what fails is for the node's log.</summary>
    public async Task TellAsync(string driver, CancellationToken cancellationToken)
    {
        if (drivers.Find(driver) is not { } known)
        {
            return;
        }

        try
        {
            await node.UpdateAsync(driver, await known.InfoAsync(cancellationToken), cancellationToken);
        }
        catch (Exception failure) when (
            failure is RpcException or PluginException or HttpRequestException or HttpOperationException
            && !cancellationToken.IsCancellationRequested)
        {
            LogFailed(driver, failure is RpcException refusal ? CriErrors.Text(refusal) : failure.Message);
        }
    }

    /// <summary>Courses begin when the cluster tells of drivers.</summary>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Ends all courses with the agent.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _hasEnded = true; // from here on nobody else touches the courses
        }

        await _ending.CancelAsync();
        foreach (var course in _courses.Values)
        {
            await course.Run;
            course.End.Dispose();
        }
    }

    public void Dispose() => _ending.Dispose();

    private List<string> Followed()
    {
        lock (_lock)
        {
            return [.. _courses.Keys];
        }
    }

    /// <summary>One that goes on as before is left alone: each change begins its period anew.</summary>
    private void Follow(string driver, TimeSpan? period)
    {
        lock (_lock)
        {
            var before = _courses.GetValueOrDefault(driver);
            if (_hasEnded || before?.Period == period)
            {
                return;
            }

            _courses.Remove(driver);
            before?.End.Cancel();
            before?.End.Dispose();
            if (period is { } often)
            {
                var end = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
                _courses[driver] = new Course(often, end, TellAgainAsync(driver, often, end.Token));
            }
        }
    }

    private async Task TellAgainAsync(string driver, TimeSpan period, CancellationToken gone)
    {
        using var timer = new PeriodicTimer(period, time);
        while (!gone.IsCancellationRequested)
        {
            try
            {
                await timer.WaitForNextTickAsync(gone);
                await TellAsync(driver, gone);
            }
            catch (OperationCanceledException) when (gone.IsCancellationRequested)
            {
                return;
            }
            catch (RpcException) when (gone.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                LogFailed(driver, failure.Message);
            }
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "How many volumes of {Driver} the node takes could not be told: {Problem}")]
    private partial void LogFailed(string driver, string problem);

    /// <summary>A driver that is asked again and again.</summary>
    private sealed record Course(TimeSpan Period, CancellationTokenSource End, Task Run);
}
