using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansOrchestrator.Interfaces.Reconciling;

namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>
/// Keeps the controller grains of the cluster active: every silo pings each of them, so those of a lost silo come to
/// life elsewhere within a period, without waiting for their reminder.
/// </summary>
public sealed partial class ControllerKeeper : BackgroundService
{
    private readonly IGrainFactory _grains;
    private readonly IReadOnlyList<string> _names;
    private readonly ControllersOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<ControllerKeeper> _logger;

    public ControllerKeeper(
        IGrainFactory grains,
        IEnumerable<ControllerRegistration> registrations,
        IOptions<ControllersOptions> options,
        TimeProvider time,
        ILogger<ControllerKeeper> logger)
    {
        _grains = grains;
        _names = [.. registrations.Select(r => r.Name)];
        _options = options.Value;
        _time = time;
        _logger = logger;
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!_options.Enabled)
        {
            return;
        }

        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.WhenAll(_names.Select(PingAsync));
            await Task.Delay(_options.KeeperPeriod, _time, stoppingToken).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task PingAsync(string name)
    {
        try
        {
            await _grains.GetGrain<IControllerGrain>(name).EnsureRunningAsync();
        }
        catch (Exception error)
        {
            LogUnreachable(name, error.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "controller {Name} cannot be reached now: {Error}")]
    private partial void LogUnreachable(string name, string error);
}
