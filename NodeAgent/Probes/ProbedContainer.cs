using System.Security.Cryptography;
using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Probes;

/// <summary>The probes of one running container, and what they say now.</summary>
internal sealed class ProbedContainer
{
    private static readonly TimeSpan DefaultPeriod = TimeSpan.FromSeconds(10);

    /// <summary>A program needs a moment to listen: liveness is not asked in its very first second.</summary>
    private static readonly TimeSpan LivenessBreath = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Right after the start, readiness and startup are tried at these ages already, without counting a failure: most
    /// programs are up in milliseconds, and should not have to wait a whole period because the first look was too
    /// early.
    /// </summary>
    private static readonly TimeSpan[] EarlyLooks =
        [.. new[] { 50, 150, 300, 600, 1000, 2000 }.Select(ms => TimeSpan.FromMilliseconds(ms))];
    private const int DefaultFailureThreshold = 3;
    private const int MaxTries = 3;

    private readonly V1Pod _pod;
    private readonly HandlerTarget _target;
    private readonly ContainerRecord _record;
    private readonly CancellationTokenSource _all = new();
    private readonly CancellationTokenSource _restarting;
    private readonly TaskCompletionSource _startup = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly bool _adopted;
    private SteadyTime _startedAt;
    private volatile bool _ready;
    private volatile ProbeVerdict _verdict;

    public ProbedContainer(V1Pod pod, HandlerTarget target, ContainerRecord record, V1ContainerStatus? before)
    {
        _pod = pod;
        _target = target;
        _record = record;
        _restarting = CancellationTokenSource.CreateLinkedTokenSource(_all.Token);
        _adopted = before is not null;
        _ready = before?.Ready == true;
        if (target.Container.StartupProbe is null || before?.Started == true)
        {
            _startup.TrySetResult();
        }
    }

    public required HandlerRunner Handlers { get; init; }

    public required EventRecorder Events { get; init; }

    public required ProbeMetrics Metrics { get; init; }

    public required TimeProvider Time { get; init; }

    public required Action Changed { get; init; }

    public string Id => _record.Id;

    public string PodUid => _pod.Metadata.Uid;

    public bool Started => _startup.Task.IsCompleted;

    public bool Ready => _ready;

    public ProbeVerdict Verdict => _verdict;

    public void Start()
    {
        _startedAt = Time.ToSteadyTime(_record.StartedAt ?? _record.CreatedAt);
        var container = _target.Container;
        if (container.StartupProbe is { } startup && !Started)
        {
            _ = RunAsync("Startup", startup, OnStartup, _restarting.Token);
        }

        if (container.LivenessProbe is { } liveness)
        {
            _ = RunAfterStartupAsync("Liveness", liveness, OnLiveness, _restarting.Token);
        }

        if (container.ReadinessProbe is { } readiness)
        {
            _ = RunAfterStartupAsync("Readiness", readiness, OnReadiness, _all.Token);
        }
    }

    public void Stop() => _all.Cancel();

    public void StopRestarting() => _restarting.Cancel();

    /// <summary>Each returns false when the probe has nothing more to say.</summary>
    private bool OnStartup(bool succeeded)
    {
        if (succeeded)
        {
            _startup.TrySetResult();
        }
        else
        {
            _verdict = ProbeVerdict.StartupFailed;
        }

        Changed();
        return false;
    }

    private bool OnLiveness(bool succeeded)
    {
        if (succeeded)
        {
            return true;
        }

        _verdict = ProbeVerdict.LivenessFailed;
        Changed();
        return false;
    }

    private bool OnReadiness(bool succeeded)
    {
        if (_ready != succeeded)
        {
            _ready = succeeded;
            Changed();
        }

        return true;
    }

    private async Task RunAfterStartupAsync(
        string kind, V1Probe probe, Func<bool, bool> onResult, CancellationToken cancellationToken)
    {
        await _startup.Task.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await RunAsync(kind, probe, onResult, cancellationToken);
    }

    private async Task RunAsync(
        string kind, V1Probe probe, Func<bool, bool> onResult, CancellationToken cancellationToken)
    {
        try
        {
            var period = Seconds(Math.Max(1, probe.PeriodSeconds ?? (int)DefaultPeriod.TotalSeconds));
            if (kind != "Liveness" && await SucceedsEarlyAsync(probe, period, cancellationToken) && !onResult(true))
            {
                return;
            }

            await Task.Delay(FirstDelay(kind, probe, period), Time, cancellationToken);
            using var timer = new PeriodicTimer(period, Time);
            var (last, run) = (false, 0);
            do
            {
                if (await CheckAsync(kind, probe, cancellationToken) is not { } succeeded)
                {
                    continue;
                }

                run = succeeded == last ? run + 1 : 1;
                last = succeeded;
                var threshold =
                    succeeded ? probe.SuccessThreshold ?? 1 : probe.FailureThreshold ?? DefaultFailureThreshold;
                if (run >= threshold && !onResult(succeeded))
                {
                    return;
                }
            }
            while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // the container ended, or the pod is being ended
        }
    }

    private async Task<bool> SucceedsEarlyAsync(V1Probe probe, TimeSpan period, CancellationToken cancellationToken)
    {
        if (_adopted || probe.InitialDelaySeconds is > 0 || probe.SuccessThreshold is > 1)
        {
            return false;
        }

        foreach (var look in EarlyLooks.Where(look => look < period && look > Age))
        {
            await Task.Delay(look - Age > TimeSpan.Zero ? look - Age : TimeSpan.Zero, Time, cancellationToken);
            if ((await AskAsync(probe, cancellationToken)).Succeeded)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>How long the container runs; its start is translated to the steady clock once, when the probes
    /// start.</summary>
    private TimeSpan Age => Time.GetSteadyTime() - _startedAt;

    /// <summary>The initial delay counts from the container's start; after our restart probes are spread out.</summary>
    private TimeSpan FirstDelay(string kind, V1Probe probe, TimeSpan period)
    {
        var initial = Seconds(probe.InitialDelaySeconds ?? 0);
        initial = kind == "Liveness" && initial < LivenessBreath ? LivenessBreath : initial;
        var remaining = initial - Age;
        var spread = _adopted
            ? TimeSpan.FromMilliseconds(
                RandomNumberGenerator.GetInt32(1 + (int)Math.Min(period.TotalMilliseconds, int.MaxValue / 2)))
            : TimeSpan.Zero;
        return remaining > spread ? remaining : spread;
    }

    /// <summary>Null when the check could not be carried out: such a result is thrown away.</summary>
    private async Task<bool?> CheckAsync(string kind, V1Probe probe, CancellationToken cancellationToken)
    {
        var started = Time.GetTimestamp();
        var result = await AskPatientlyAsync(probe, cancellationToken);
        if (!result.IsError)
        {
            Metrics.Record(_pod, _target.Container.Name, kind, result.Succeeded, Time.GetElapsedTime(started));
        }

        if (result.Remark(kind) is var (reason, message) && !cancellationToken.IsCancellationRequested)
        {
            Events.Pod(_pod, _target.Container, EventRecorder.Warning, reason, message);
        }

        return result.IsError ? null : result.Succeeded;
    }

    /// <summary>A check that breaks is tried again at once, a few times.</summary>
    private async Task<HandlerResult> AskPatientlyAsync(V1Probe probe, CancellationToken cancellationToken)
    {
        var result = await AskAsync(probe, cancellationToken);
        for (var tries = 1; tries < MaxTries && result.IsError; tries++)
        {
            result = await AskAsync(probe, cancellationToken);
        }

        return result;
    }

    /// <summary>What a handler did not reckon with is said in an event; it must not end the probe for good.</summary>
    private async Task<HandlerResult> AskAsync(V1Probe probe, CancellationToken cancellationToken)
    {
        try
        {
            return await CarryOutAsync(probe, cancellationToken);
        }
        catch (Exception failure) when (failure is ArgumentException or IOException or InvalidOperationException
            or NotSupportedException or FormatException)
        {
            return HandlerResult.Unknown(failure.Message);
        }
    }

    private static TimeSpan Seconds(int seconds) => Periods.ForTimer(Periods.Of(seconds));

    private Task<HandlerResult> CarryOutAsync(V1Probe probe, CancellationToken cancellationToken)
    {
        var timeout = Seconds(Math.Max(1, probe.TimeoutSeconds ?? 1));
        return probe switch
        {
            { Exec: { } exec } => Handlers.ExecAsync(_target, exec.Command ?? [], timeout, cancellationToken),
            { HttpGet: { } http } => Handlers.ProbeHttpAsync(_target, http, timeout, cancellationToken),
            { TcpSocket: { } tcp } => Handlers.ConnectAsync(_target, tcp, timeout, cancellationToken),
            { Grpc: { } grpc } => Handlers.GrpcAsync(_target, grpc, timeout, cancellationToken),
            _ => Task.FromResult(HandlerResult.Success()),
        };
    }
}
