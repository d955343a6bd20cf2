using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Reconciling;

namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>
/// Hosts one <see cref="IController"/>. Its loop runs on the thread pool, not in grain turns: it only reads caches,
/// sends signals and writes through the API, and shares no state with the grain.
/// </summary>
[GrainType("controller")]
public sealed partial class ControllerGrain : Grain, IControllerGrain, IRemindable
{
    private const string ResyncReminder = "resync";
    private static readonly TimeSpan MaxBackOff = TimeSpan.FromSeconds(30);

    private readonly IServiceProvider _services;
    private readonly ControllersOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<ControllerGrain> _logger;
    private readonly BackgroundWork _loop;
    private readonly BackgroundWork _resync;
    private IController? _controller;
    private bool _reminded;

    public ControllerGrain(
        IServiceProvider services, IOptions<ControllersOptions> options, TimeProvider time, ILogger<ControllerGrain> logger)
    {
        _services = services;
        _options = options.Value;
        _time = time;
        _logger = logger;
        (_loop, _resync) = (new BackgroundWork(time), new BackgroundWork(time));
    }

    private string Name => this.GetPrimaryKeyString();

    /// <inheritdoc/>
    public async Task EnsureRunningAsync()
    {
        if (!_options.Enabled)
        {
            return;
        }

        _controller ??= Create();
        _loop.TryStart(RunAsync);
        if (!_reminded)
        {
            await this.RegisterOrUpdateReminder(ResyncReminder, _options.ResyncPeriod, _options.ResyncPeriod);
            _reminded = true;
        }
    }

    /// <inheritdoc/>
    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        await EnsureRunningAsync();
        if (_controller is not null)
        {
            _resync.TryStart(ResyncAsync);
        }
    }

    /// <inheritdoc/>
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) =>
        Task.WhenAll(
            _loop.StopAsync(Timeout.InfiniteTimeSpan, cancellationToken),
            _resync.StopAsync(Timeout.InfiniteTimeSpan, cancellationToken));

    private IController Create()
    {
        var registration = _services.GetServices<ControllerRegistration>().FirstOrDefault(r => r.Name == Name)
            ?? throw new InvalidOperationException($"no controller is registered under the name \"{Name}\"");
        return registration.Create(_services);
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        var backOff = TimeSpan.FromMilliseconds(200);
        while (!cancellationToken.IsCancellationRequested)
        {
            var started = _time.GetTimestamp();
            try
            {
                LogStarted(Name);
                await _controller!.RunAsync(cancellationToken);
                return; // the silo stops; where it is pinged next, it begins anew
            }
            catch (OperationCanceledException end) when (
                end.InnerException is not TimeoutException || cancellationToken.IsCancellationRequested)
            {
                // Told to end, or what it reads from was: a silo that is gone before it ran tells nobody. Where it is
                // pinged next, it begins anew.
                return;
            }
            catch (Exception error)
            {
                LogEnded(Name, error);
            }

            backOff = _time.GetElapsedTime(started) > MaxBackOff
                ? TimeSpan.FromMilliseconds(200)
                : Min(backOff * 2, MaxBackOff);
            await Task.Delay(backOff, _time, cancellationToken)
                .ConfigureAwait(
                    ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    private async Task ResyncAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _controller!.ResyncAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The controller is ending; its successor begins with a resync of its own.
        }
        catch (Exception error)
        {
            LogResyncFailed(Name, error);
        }
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    [LoggerMessage(Level = LogLevel.Information, Message = "controller {Name} runs here")]
    private partial void LogStarted(string name);

    [LoggerMessage(Level = LogLevel.Warning, Message = "controller {Name} ended and is started again")]
    private partial void LogEnded(string name, Exception error);

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "resync of controller {Name} failed; the next reminder tries again")]
    private partial void LogResyncFailed(string name, Exception error);
}
