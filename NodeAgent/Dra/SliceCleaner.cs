using System.Collections.Concurrent;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Dra;

/// <summary>
/// Deletes the ResourceSlices of drivers that are not here, so that no pods come for their devices: those of all
/// drivers when the agent starts, since none has registered yet, and those of a driver that half a minute after it has
/// gone is not back, as upstream has it. Drivers publish anew what they miss.
/// </summary>
public sealed partial class SliceCleaner(
    NodeAgentOptions options, IClusterApi api, DraPlugins plugins, TimeProvider time, ILogger<SliceCleaner> logger)
    : BackgroundService
{
    private const string AllDrivers = "";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly WakeSignal _wake = new();
    private readonly ConcurrentDictionary<string, SteadyTime> _news = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Wipe> _wipes = new(StringComparer.Ordinal);

    /// <summary>Listens before drivers can register.</summary>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        plugins.Changed += Note;
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _wipes[AllDrivers] = new Wipe(time.GetSteadyTime(), null);
        while (!stoppingToken.IsCancellationRequested)
        {
            TakeNews();
            foreach (var (driver, wipe) in _wipes.Where(w => w.Value.At <= time.GetSteadyTime()).ToList())
            {
                await WipeAsync(driver, wipe, stoppingToken);
            }

            await _wake.WaitAsync(Pause(), time, stoppingToken);
        }
    }

    private void Note(string driver)
    {
        _news[driver] = time.GetSteadyTime();
        _wake.Set();
    }

    private void TakeNews()
    {
        foreach (var driver in _news.Keys)
        {
            _news.TryRemove(driver, out var at);
            if (plugins.IsUsable(driver))
            {
                _wipes.Remove(driver);
            }
            else
            {
                _wipes.TryAdd(driver, new Wipe(at + Patience, null)); // unless it has been gone for longer
            }
        }
    }

    private async Task WipeAsync(string driver, Wipe wipe, CancellationToken cancellationToken)
    {
        try
        {
            await api.DeleteResourceSlicesAsync(options.NodeName, driver, cancellationToken);
            _wipes.Remove(driver);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            var retry = RetryDelay.After(wipe.Failed, time.GetSteadyTime());
            _wipes[driver] = new Wipe(retry.Until, retry);
            LogFailed(driver, failure.Message);
        }
    }

    /// <summary>Null when there is nothing to do.</summary>
    private TimeSpan? Pause()
    {
        if (_wipes.Count == 0)
        {
            return null;
        }

        var left = _wipes.Values.Min(static w => w.At) - time.GetSteadyTime();
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    [LoggerMessage(1, LogLevel.Warning, "ResourceSlices of driver \"{Driver}\" could not be deleted: {Problem}")]
    private partial void LogFailed(string driver, string problem);

    /// <param name="At">When it is due.</param>
    /// <param name="Failed">How it was put off last; null when it has not failed.</param>
    private sealed record Wipe(SteadyTime At, RetryDelay? Failed);
}
