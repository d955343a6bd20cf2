using System.Runtime.InteropServices;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.Pods;
using Tmds.DBus.Protocol;

namespace OrleansOrchestrator.NodeAgent.Shutdown;

/// <summary>
/// Lets pods end before the machine does, where time for that is configured. That the machine is to go down, logind
/// says, and waits for the node's lock; where there is no logind, the signal SIGPWR says it. From then on the node is
/// not ready and takes no pods, and those it has end by their priorities. When logind calls it off, the node is ready
/// again; a machine without logind stays so until the agent starts anew.
/// </summary>
public sealed partial class NodeShutdown(
    NodeAgentOptions options, PodManager pods, StatusManager statuses, ShutdownState state, ShutdownRecord record,
    EventRecorder events, TimeProvider time, ILogger<NodeShutdown> logger) : BackgroundService
{
    private const string Reason = "NodeShutdown";
    private const string Terminated = "Pod was terminated in response to imminent node shutdown.";

    /// <summary>The kernel's number of the signal by which a power supply says that it ends.</summary>
    private const PosixSignal PowerFails = (PosixSignal)30;

    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxRetry = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _turn = new(1);
    private readonly IReadOnlyList<ShutdownPeriod> _periods = options.Shutdown.Periods;
    private string _problem = "";

    public override void Dispose()
    {
        _turn.Dispose();
        base.Dispose();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => _periods.Count == 0
        ? Task.CompletedTask
        : Task.WhenAll(FollowSignalAsync(stoppingToken), FollowLogindAsync(stoppingToken));

    private async Task FollowSignalAsync(CancellationToken stoppingToken)
    {
        var wake = new WakeSignal();
        using var registration = PosixSignalRegistration.Create(PowerFails, context =>
        {
            context.Cancel = true; // the agent goes on: it has to end pods
            wake.Set();
        });
        try
        {
            while (true)
            {
                await wake.WaitAsync(stoppingToken);
                await ChangeAsync(isShuttingDown: true, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // the agent ends
        }
    }

    /// <summary>A machine may have no logind, or get it later: that is told once, and tried again.</summary>
    private async Task FollowLogindAsync(CancellationToken stoppingToken)
    {
        var retry = Retry;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                using var logind = await Logind.OpenAsync(
                    options.Shutdown.BusSocket, options.Shutdown.LogindConfiguration, time, stoppingToken);
                await logind.RequireDelayAsync(ShutdownPeriod.Total(_periods), stoppingToken);
                retry = Retry;
                await FollowAsync(logind, stoppingToken);
                Tell("the connection to the bus has ended");
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (
                exception is DBusExceptionBase or TimeoutException or IOException or UnauthorizedAccessException)
            {
                Tell(exception.Message);
            }

            await Task.Delay(retry, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            retry = retry * 2 < MaxRetry ? retry * 2 : MaxRetry;
        }
    }

    /// <summary>The lock is held while the machine is up: it goes when the pods have, and is taken again when the
    /// machine stays.</summary>
    private async Task FollowAsync(Logind logind, CancellationToken stoppingToken)
    {
        await logind.SubscribeAsync(stoppingToken);
        var held = await logind.InhibitAsync(stoppingToken);
        LogHeld();
        _problem = "";
        try
        {
            await foreach (var isShuttingDown in logind.ShutdownsAsync(stoppingToken))
            {
                await ChangeAsync(isShuttingDown, stoppingToken);
                held.Dispose();
                if (!isShuttingDown)
                {
                    held = await logind.InhibitAsync(stoppingToken);
                }
            }
        }
        finally
        {
            held.Dispose();
        }
    }

    private async Task ChangeAsync(bool isShuttingDown, CancellationToken stoppingToken)
    {
        await _turn.WaitAsync(stoppingToken);
        try
        {
            events.Node(
                EventRecorder.Normal, Reason,
                $"Shutdown manager detected shutdown {(isShuttingDown ? "event" : "cancellation")}");
            state.Set(isShuttingDown);
            if (isShuttingDown)
            {
                await EndPodsAsync(stoppingToken);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task EndPodsAsync(CancellationToken stoppingToken)
    {
        LogShuttingDown();
        Note(() => record.Begin(time.GetUtcNow()));
        var verdict = new PodVerdict("Terminated", Terminated) { Disruption = Terminated };
        var ending = pods.Workers.Where(static w => !w.Ended)
            .Select(w => new EndingPod(
                w.Pod,
                // Without any, a pod has its own: it is not waited for.
                grace => w.End(verdict, grace > TimeSpan.Zero ? grace : null),
                WhenGoneAsync(w)));
        await new ShutdownSequence(_periods, time).RunAsync(ending, stoppingToken);
        Note(() => record.End(time.GetUtcNow()));
        LogEnded();
    }

    /// <summary>The cluster knows, too: once the machine is down nobody tells it.</summary>
    private async Task WhenGoneAsync(PodWorker worker)
    {
        await worker.WhenUnmounted;
        await statuses.WhenTold(worker.Uid);
    }

    /// <summary>Pods end also where that cannot be written.</summary>
    private void Note(Action write)
    {
        try
        {
            write();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogNotWritten(exception.Message);
        }
    }

    private void Tell(string problem)
    {
        if (problem != _problem)
        {
            _problem = problem;
            LogNoLogind(problem);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Pods get time to end when the machine goes down")]
    private partial void LogHeld();

    [LoggerMessage(2, LogLevel.Warning, "The machine is going down: all pods end")]
    private partial void LogShuttingDown();

    [LoggerMessage(3, LogLevel.Information, "All pods have ended, or have had their time")]
    private partial void LogEnded();

    [LoggerMessage(4, LogLevel.Warning, "logind does not tell when the machine goes down, only SIGPWR does: {Problem}")]
    private partial void LogNoLogind(string problem);

    [LoggerMessage(5, LogLevel.Warning, "When the machine went down could not be written: {Problem}")]
    private partial void LogNotWritten(string problem);
}
