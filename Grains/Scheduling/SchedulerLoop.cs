using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Scheduling.Extenders;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// Runs a <see cref="SchedulerCore"/> against the API. One loop owns the core: followers and binders only put what they
/// learn into its inbox. A turn of the loop takes in everything that has arrived, decides on a bounded number of pods,
/// and hands the bindings over.
/// </summary>
public sealed partial class SchedulerLoop : IDisposable
{
    /// <summary>
    /// What may wait for the loop; followers then wait, and with them the caches' buffers fill, which know what to do.
    /// </summary>
    public const int MaxInbox = 8_192;

    /// <summary>So that a flood of changes cannot keep the loop from deciding.</summary>
    private const int MaxInputsPerTurn = 2_048;

    /// <summary>So that a flood of pods cannot keep the loop from seeing changes.</summary>
    private const int MaxDecisionsPerTurn = 128;

    private static readonly TimeSpan FollowRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxIdle = TimeSpan.FromSeconds(10);

    private readonly Channel<Input> _inbox =
        Channel.CreateBounded<Input>(new BoundedChannelOptions(MaxInbox) { SingleReader = true });

    private readonly IResourceClient _client;
    private readonly SchedulerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SchedulerCore _core;
    private readonly PodBinder _binder;
    private readonly ChangeSignals _signals = new();
    private readonly SchedulingReporter _reporter;
    private readonly VictimRemover _remover;
    private readonly SchedulerMetrics _metrics;
    private readonly ExtenderSet? _extenders;
    private int _streamsToSync;
    private int _bindingsInFlight;
    private int _preemptionsInFlight;
    private int _waiting;
    private volatile bool _isBusy;
    private Task _deallocation = Task.CompletedTask;

    public SchedulerLoop(
        IResourceClient client, SchedulerOptions options, TimeProvider time, ILogger logger)
    {
        _client = client.As(new UserIdentity { Name = "system:kube-scheduler", Groups = ["system:authenticated"] });
        _options = options;
        _time = time;
        _logger = logger;
        var seed = options.Seed ?? unchecked((int)time.GetTimestamp());
        LogStarted(string.Join(", ", options.Profiles.Select(static p => p.Name)), seed);
        _metrics = new SchedulerMetrics();
        _extenders = options.Extenders.Count == 0 ? null : new ExtenderSet(options.Extenders, time, logger);
        _core = new SchedulerCore(
            options.Profiles, time, new Random(seed), options.PercentageOfNodesToScore, _metrics)
        {
            Extenders = _extenders, Backoff = options.Backoff,
        };
        _binder = new PodBinder(_client, options.MaxBindingsInFlight, _signals, _metrics, _extenders, time, logger);
        _reporter = new SchedulingReporter(_client, time, () => _isBusy, logger);
        _remover = new VictimRemover(
            _client, _reporter, _binder.TryCancel, options.MaxBindingsInFlight, time, logger);
        _streamsToSync = _core.Resources.Count;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _metrics.Dispose();
        _extenders?.Dispose();
    }

    /// <summary>
    /// Schedules until cancelled, or until its silo stops; fails only on a bug, after which a fresh loop must take
    /// over.
    /// </summary>
    public Task RunAsync(CancellationToken cancellationToken)
    {
        Func<CancellationToken, Task>[] parts =
        [
            .. _core.Resources.Select(r => (Func<CancellationToken, Task>)(token => FollowAsync(r, token))),
            token => _remover.RunAsync(RemovedAsync, token),
            token => _binder.RunAsync(FinishedAsync, token),
            _reporter.RunAsync,
            TurnAsync,
        ];
        return Loops.RunAsync(
            parts.Select(static part => (Func<CancellationToken, Task>)(token => OnThreadPoolAsync(part, token))),
            cancellationToken);
    }

    /// <summary>Off the thread of the grain that starts it, which has other calls to answer.</summary>
    private static async Task OnThreadPoolAsync(Func<CancellationToken, Task> part, CancellationToken cancellationToken)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        await part(cancellationToken);
    }

    private async Task TurnAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            TakeInputs();
            _core.Tick();
            foreach (var doubtful in _core.TakeDoubtful())
            {
                _ = VerifyAsync(doubtful, cancellationToken);
            }

            var mayBeMore = await DecideAsync(cancellationToken);
            _metrics.Pending(_core.Queue, _bindingsInFlight);
            if (!mayBeMore)
            {
                _isBusy = _bindingsInFlight > 0;
                await WaitAsync(cancellationToken);
            }
        }
    }

    private void TakeInputs()
    {
        for (var i = 0; i < MaxInputsPerTurn && _inbox.Reader.TryRead(out var input); i++)
        {
            try
            {
                Apply(input);
            }
            catch (Exception error) when (error is JsonException or FormatException or InvalidOperationException)
            {
                // Stored objects are valid; but one that is not after all must not keep every other pod from being
                // scheduled.
                LogUnreadable(input.Resource, input.Change?.Object.Key, error);
            }
        }
    }

    private void Apply(Input input)
    {
        if (input.Result is { } result)
        {
            Finish(result);
        }
        else if (input.Removal is var (pod, succeeded))
        {
            _preemptionsInFlight--;
            _core.PreemptionEnded(pod, succeeded);
        }
        else if (input.Present is { } present)
        {
            _core.KeepOnly(input.Resource, present);
        }
        else if (input.Change is not { } change)
        {
            _streamsToSync--;
        }
        else
        {
            _core.Apply(input.Resource, change.Kind, change.Object);
        }
    }

    /// <summary>True when there may be more to decide at once.</summary>
    private async ValueTask<bool> DecideAsync(CancellationToken cancellationToken)
    {
        if (_streamsToSync > 0)
        {
            return false;
        }

        // Extenders take their time: what happened meanwhile is taken in before the next decision.
        for (var (i, hasWaited) = (0, false); i < MaxDecisionsPerTurn && !hasWaited; i++)
        {
            var started = _time.GetTimestamp();
            if (_bindingsInFlight >= _options.MaxBindingsInFlight)
            {
                return false;
            }

            var next = _extenders is null ? new(_core.DecideNext()) : _core.DecideNextAsync(cancellationToken);
            hasWaited = !next.IsCompleted;
            if (await next is not { } decision)
            {
                return false;
            }

            decision.Pod.AttemptedAt = started;
            _metrics.Decided(_time.GetElapsedTime(started));
            _isBusy = true;
            CarryOut(decision);
        }

        return true;
    }

    private void CarryOut(SchedulingDecision decision)
    {
        if (decision.IsError)
        {
            ReportError(decision.Pod, decision.Message!);
        }
        else if (decision.NodeName is null)
        {
            ReportUnschedulable(decision);
            Deallocate(decision);
        }
        else
        {
            Start(decision);
        }
    }

    private void Start(SchedulingDecision decision)
    {
        if (!decision.Waits)
        {
            _bindingsInFlight++;
        }
        else if (++_waiting > _options.MaxBindingsInFlight)
        {
            _waiting--;
            _core.DevicesEnded(decision.Pod, [], isUnclear: false);
            _core.BindingPutOff(decision);
            return;
        }

        if (decision.AwaitsDevices)
        {
            ReportAwaiting(decision);
        }

        _binder.Start(decision);
    }

    private void Finish(BindingResult result)
    {
        if (result.HasWaited)
        {
            _waiting--;
        }
        else if (!result.IsVerification)
        {
            _bindingsInFlight--;
        }

        if (!result.IsVerification)
        {
            _core.DevicesEnded(result.Pod, result.Claims, result.IsUnclear);
            _core.VolumesEnded(result.Pod, areWritten: result.IsOurs);
        }

        switch (result.Outcome)
        {
            case BindingOutcome.Assigned:
                _core.BindingSucceeded(result.Pod);
                if (result.IsOurs)
                {
                    _metrics.Attempted(result.Pod, "scheduled", _time.GetElapsedTime(result.Pod.AttemptedAt));
                    _metrics.Scheduled(result.Pod, _time.GetElapsedTime(result.Pod.Attempts.FirstAt));
                    ReportScheduled(result);
                }

                break;
            case BindingOutcome.Vanished:
                _core.PodVanished(result.Pod);
                break;
            default:
                var pod = _core.BindingFailed(result.Pod);
                pod.AttemptedAt = result.Pod.AttemptedAt;
                ReportError(pod, result.Step is { } step ? $"{step}: {result.Error}" : result.Error ?? "");
                break;
        }
    }

    private void ReportAwaiting(SchedulingDecision decision) => _reporter.Succeeded(new SchedulingNote
    {
        Pod = decision.Pod,
        Scheduler = decision.Pod.SchedulerName,
        Reason = "BindingConditionsPending",
        Action = "Scheduling",
        Message = $"waiting for binding conditions for device on node {decision.NodeName}",
    });

    private void ReportScheduled(BindingResult result) => _reporter.Succeeded(new SchedulingNote
    {
        Pod = result.Pod,
        Scheduler = result.Pod.SchedulerName,
        Reason = "Scheduled",
        Action = "Binding",
        Message = $"Successfully assigned {result.Pod.Key.Namespace}/{result.Pod.Key.Name} to {result.NodeName}",
    });

    private void ReportUnschedulable(SchedulingDecision decision)
    {
        _metrics.Attempted(decision.Pod, "unschedulable", _time.GetElapsedTime(decision.Pod.AttemptedAt));
        _metrics.PreemptionTried(decision.Preemption?.Victims.Count);
        var note = Failure(decision.Pod, "Unschedulable", decision.Message!) with { Nomination = decision.Nomination };
        if (decision.Preemption is not { } plan)
        {
            _reporter.Failed(note);
        }
        else if (_preemptionsInFlight == _options.MaxBindingsInFlight)
        {
            _reporter.Failed(note);
            _core.PreemptionPutOff(decision.Pod);
        }
        else
        {
            _preemptionsInFlight++;
            _remover.Start(new Removal(decision.Pod, plan, note));
        }
    }

    private void ReportError(PodInfo pod, string message)
    {
        _metrics.Attempted(pod, "error", _time.GetElapsedTime(pod.AttemptedAt));
        _reporter.Failed(Failure(pod, "SchedulerError", message) with { Nomination = "" });
    }

    /// <summary>At most one claim of the cluster's at a time: a pod whose turn it is not is tried again.</summary>
    private void Deallocate(SchedulingDecision decision)
    {
        if (decision.Deallocation is { } claim && _deallocation.IsCompleted)
        {
            _deallocation = DeallocateAsync(decision.Pod, claim);
        }
    }

    private async Task DeallocateAsync(PodInfo pod, DeviceChoice claim)
    {
        try
        {
            if (await _binder.DeallocateAsync(pod, claim, CancellationToken.None) is { } refusal)
            {
                LogNotDeallocated(claim.Claim, new StatusException(refusal));
            }
        }
        catch (Exception error)
        {
            LogNotDeallocated(claim.Claim, error);
        }
    }

    private static SchedulingNote Failure(PodInfo pod, string conditionReason, string message) => new()
    {
        Pod = pod,
        Scheduler = pod.SchedulerName,
        Reason = "FailedScheduling",
        Action = "Scheduling",
        Message = message,
        IsWarning = true,
        ConditionReason = conditionReason,
    };

    private async Task VerifyAsync(PodInfo pod, CancellationToken cancellationToken)
    {
        var result = await _binder.VerifyAsync(pod, "", "the assignment was never seen", cancellationToken);
        await FinishedAsync(result with { IsVerification = true }, cancellationToken);
    }

    private ValueTask FinishedAsync(BindingResult result, CancellationToken cancellationToken) =>
        _inbox.Writer.WriteAsync(new Input { Result = result }, cancellationToken);

    private ValueTask RemovedAsync(PodInfo pod, bool succeeded, CancellationToken cancellationToken) =>
        _inbox.Writer.WriteAsync(new Input { Removal = (pod, succeeded) }, cancellationToken);

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var until = _core.Queue.NextTick - _time.GetUtcNow();
        var delay = until < TimeSpan.Zero ? TimeSpan.Zero : until > MaxIdle ? MaxIdle : until;
        await Task.WhenAny(_inbox.Reader.WaitToReadAsync(done.Token).AsTask(), Task.Delay(delay, _time, done.Token));
        await done.CancelAsync();
    }

    private async Task FollowAsync(ResourceName resource, CancellationToken cancellationToken)
    {
        var wasSynced = false;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await foreach (var change in _client.FollowAsync(resource, cancellationToken))
                {
                    if (!ReferenceEquals(change, ResourceChange.Synced))
                    {
                        await _inbox.Writer.WriteAsync(
                            new Input { Resource = resource, Change = change }, cancellationToken);
                        _signals.Tell(resource, change.Object.Key);
                        continue;
                    }

                    await SyncedAsync(resource, isAgain: wasSynced, cancellationToken);
                    _signals.TellAll();
                    wasSynced = true;
                }

                return; // the silo stops, and this with it
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
            {
                LogFollowEnded(resource, error);
            }

            await Task.Delay(FollowRetry, _time, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>
    /// After a gap, deletions may have been missed. The list is at least as new as the stream is here, so what it lacks
    /// is gone, and what is newer comes later in the stream.
    /// </summary>
    private async Task SyncedAsync(ResourceName resource, bool isAgain, CancellationToken cancellationToken)
    {
        if (!isAgain)
        {
            await _inbox.Writer.WriteAsync(new Input { Resource = resource }, cancellationToken);
            return;
        }

        var list = await _client.ListAsync(
            new ListQuery { Resource = resource, Freshness = ReadFreshness.Linearizable }, cancellationToken);
        var present = list.Items.Select(item => item.Key).ToHashSet();
        await _inbox.Writer.WriteAsync(new Input { Resource = resource, Present = present }, cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "scheduling of {Profiles} starts with seed {Seed}")]
    private partial void LogStarted(string profiles, int seed);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Resource} {Key} cannot be read, and is left out of scheduling")]
    private partial void LogUnreadable(ResourceName resource, ObjectKey? key, Exception error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "the devices of claim {Claim} could not be taken back")]
    private partial void LogNotDeallocated(ObjectKey claim, Exception error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "following {Resource} ended; it begins again")]
    private partial void LogFollowEnded(ResourceName resource, Exception error);

    /// <summary>
    /// One of: a change, a finished binding or removal of victims, the keys that exist, or (nothing set) the end of the
    /// initial objects.
    /// </summary>
    private readonly record struct Input
    {
        public ResourceName Resource { get; init; }

        public ResourceChange? Change { get; init; }

        public BindingResult? Result { get; init; }

        public (PodInfo Pod, bool Succeeded)? Removal { get; init; }

        public IReadOnlySet<ObjectKey>? Present { get; init; }
    }
}
