using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using k8s.Models;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Grains.Scheduling.Extenders;
using OrleansOrchestrator.Grains.Scheduling.Plugins;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>How a binding ended.</summary>
public enum BindingOutcome
{
    /// <summary>The pod is assigned (by this binding, or by somebody else).</summary>
    Assigned,

    /// <summary>It is not, and may be tried again.</summary>
    Failed,

    /// <summary>There is no such pod any more.</summary>
    Vanished,
}

/// <summary>A finished binding.</summary>
/// <param name="Pod">The pod.</param>
/// <param name="NodeName">Where it was to go.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="Error">Why it failed.</param>
/// <param name="IsOurs">True when it was this binding that assigned the pod.</param>
public sealed record BindingResult(PodInfo Pod, string NodeName, BindingOutcome Outcome, string? Error, bool IsOurs)
{
    /// <summary>True when no binding was sent, only looked up.</summary>
    public bool IsVerification { get; init; }

    /// <summary>True when the pod had to wait for its volumes or devices first.</summary>
    public bool HasWaited { get; init; }

    /// <summary>ResourceClaims of the pod that were written first, as they are now.</summary>
    public IReadOnlyList<ResourceObject> Claims { get; init; } = [];

    /// <summary>True when it is not known what was written.</summary>
    public bool IsUnclear { get; init; }

    /// <summary>What failed, in front of the error; null when the error says it all.</summary>
    public string? Step { get; init; } = "running Bind plugin \"DefaultBinder\"";
}

/// <summary>
/// Sends bindings, many at a time: each waits for its commit, and all that wait commit together in the pods journal. An
/// outcome that is not clear
/// (a timeout, a conflict) is never guessed but looked up.
/// </summary>
internal sealed partial class PodBinder
{
    /// <summary>What a step says that was called off.</summary>
    private const string Cancelled = "context canceled";

    private readonly IResourceClient _client;
    private readonly ILogger _logger;
    private readonly int _maxInFlight;
    private readonly Channel<SchedulingDecision> _decisions;

    /// <summary>Apart from the others, which must not wait until somebody has made a volume.</summary>
    private readonly Channel<SchedulingDecision> _waiting;

    /// <summary>By UID of the pod.</summary>
    private readonly ConcurrentDictionary<string, BindingPreparation> _preparations = new(StringComparer.Ordinal);
    private readonly VolumeBinder _volumes;
    private readonly DeviceBinder _devices;
    private readonly SchedulerMetrics _metrics;
    private readonly ExtenderSet? _extenders;
    private readonly TimeProvider _time;

    public PodBinder(
        IResourceClient client, int maxInFlight, ChangeSignals signals, SchedulerMetrics metrics,
        ExtenderSet? extenders, TimeProvider time, ILogger logger)
    {
        _extenders = extenders;
        (_metrics, _time) = (metrics, time);
        _volumes = new VolumeBinder(client, signals, time);
        _devices = new DeviceBinder(client, signals, time);
        _client = client;
        _logger = logger;
        _maxInFlight = maxInFlight;
        _decisions = Channel.CreateBounded<SchedulingDecision>(maxInFlight);
        _waiting = Channel.CreateBounded<SchedulingDecision>(maxInFlight);
    }

    /// <summary>
    /// The caller has at most the given number of bindings in flight, that wait and that do not, so there is room.
    /// </summary>
    public void Start(SchedulingDecision decision) => Invariant.Check(
        (decision.Waits ? _waiting : _decisions).Writer.TryWrite(decision),
        "bindings in flight are bounded",
        decision.Pod.Key);

    public Task RunAsync(
        Func<BindingResult, CancellationToken, ValueTask> finished, CancellationToken cancellationToken) =>
        Task.WhenAll(Enumerable.Range(0, 2 * _maxInFlight).Select(async i =>
        {
            var decisions = i < _maxInFlight ? _decisions : _waiting;
            await foreach (var decision in decisions.Reader.ReadAllAsync(cancellationToken))
            {
                var result = await BindAsync(decision, cancellationToken);
                await finished(
                    result with { HasWaited = decision.Waits }, cancellationToken);
            }
        }));

    /// <summary>
    /// Calls off what is done for a pod before it is bound, so that it makes room; false when nothing is: then only
    /// removing the pod makes any.
    /// </summary>
    public bool TryCancel(PodInfo pod) =>
        _preparations.TryGetValue(pod.Uid, out var preparation) && preparation.TryCancel();

    /// <summary>Takes the devices of a claim that keep a pod from every node. Null, or why not.</summary>
    public Task<Status?> DeallocateAsync(PodInfo pod, DeviceChoice claim, CancellationToken cancellationToken) =>
        _devices.DeallocateAsync(pod, claim, cancellationToken);

    /// <summary>Looks the pod up to see whether it is assigned.</summary>
    public async Task<BindingResult> VerifyAsync(
        PodInfo pod, string nodeName, string? error, CancellationToken cancellationToken)
    {
        try
        {
            var read = await _client.GetAsync(WellKnown.Pods, pod.Key, ReadFreshness.Linearizable, cancellationToken);
            if (!read.Succeeded)
            {
                var isGone = read.Error.Reason == StatusReasons.NotFound;
                return new BindingResult(
                    pod, nodeName, isGone ? BindingOutcome.Vanished : BindingOutcome.Failed, error ?? read.Error.Message, false);
            }

            if (read.Value.Uid != pod.Uid)
            {
                return new BindingResult(pod, nodeName, BindingOutcome.Vanished, null, false);
            }

            var actual = AssignedTo(read.Value);
            return actual.Length > 0
                ? new BindingResult(pod, actual, BindingOutcome.Assigned, null, false)
                : new BindingResult(pod, nodeName, BindingOutcome.Failed, error, false);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            LogFailed(pod.Key, nodeName, failure.Message);
            return new BindingResult(pod, nodeName, BindingOutcome.Failed, error ?? failure.Message, false);
        }
    }

    private async Task<BindingResult> BindAsync(SchedulingDecision decision, CancellationToken cancellationToken)
    {
        var claims = new List<ResourceObject>();
        var result = await BindAsync(decision, claims, cancellationToken);
        if (result.Outcome == BindingOutcome.Failed && claims.Count > 0)
        {
            await UnreserveAsync(decision, cancellationToken);
        }

        return result with { Claims = claims };
    }

    private async Task<BindingResult> BindAsync(
        SchedulingDecision decision, List<ResourceObject> claims, CancellationToken cancellationToken)
    {
        var (pod, nodeName) = (decision.Pod, decision.NodeName!);
        try
        {
            var started = _time.GetTimestamp();
            var prepared = await PrepareAsync(decision, claims, cancellationToken);
            started = Ended(ExtensionPoints.PreBind, prepared is null, pod, started);
            if (prepared is not null)
            {
                LogFailed(pod.Key, nodeName, prepared.Failure);
                var failed = await VerifyAsync(pod, nodeName, prepared.Failure, cancellationToken);
                return failed with { Step = prepared.Step, IsUnclear = prepared.IsUnclear };
            }

            var (isTheirs, refusal) = _extenders is null
                ? (false, null)
                : await _extenders.BindAsync(pod, nodeName, cancellationToken);
            if (!isTheirs)
            {
                refusal = await SendAsync(pod, nodeName, cancellationToken);
                Ended(ExtensionPoints.Bind, refusal is null, pod, started);
            }

            if (refusal is null)
            {
                return new BindingResult(pod, nodeName, BindingOutcome.Assigned, null, true);
            }

            LogFailed(pod.Key, nodeName, refusal);
            var result = await VerifyAsync(pod, nodeName, refusal, cancellationToken);
            return isTheirs ? result with { Step = null } : result;
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            LogFailed(pod.Key, nodeName, error.Message);
            return await VerifyAsync(pod, nodeName, error.Message, cancellationToken) with { IsUnclear = true };
        }
    }

    private long Ended(string point, bool succeeded, PodInfo pod, long started)
    {
        _metrics.PointEnded(
            point, succeeded ? PluginStatus.Success : PluginStatus.Error, pod.SchedulerName,
            _time.GetElapsedTime(started));
        return _time.GetTimestamp();
    }

    /// <summary>Binds the pod; null, or why not.</summary>
    private async Task<string?> SendAsync(PodInfo pod, string nodeName, CancellationToken cancellationToken)
    {
        var bound = await _client.CreateAsync(
            new CreateRequest
            {
                Resource = WellKnown.Pods,
                Namespace = pod.Key.Namespace,
                Name = pod.Key.Name,
                Subresource = "binding",
                Json = SchedulingJson.Binding(pod, nodeName),
            },
            cancellationToken);
        return bound.Succeeded ? null : bound.Error.Message ?? "";
    }

    /// <summary>Does what must be done before the binding; null, or what went wrong.</summary>
    private async Task<Unprepared?> PrepareAsync(
        SchedulingDecision decision, List<ResourceObject> claims, CancellationToken cancellationToken)
    {
        if (decision.Volumes.Count == 0 && decision.Devices.Count == 0)
        {
            return null;
        }

        using var preparation = new BindingPreparation(cancellationToken);
        _preparations[decision.Pod.Uid] = preparation;
        try
        {
            var failed = await PrepareAsync(decision, claims, preparation);
            return failed is null ? null : failed with
            {
                IsUnclear = preparation.IsCancelled && claims.Count < decision.Devices.Count,
            };
        }
        finally
        {
            _preparations.TryRemove(decision.Pod.Uid, out _);
        }
    }

    private async Task<Unprepared?> PrepareAsync(
        SchedulingDecision decision, List<ResourceObject> claims, BindingPreparation preparation)
    {
        var noVolume = await OrCancelledAsync(
            preparation, token => BindVolumesAsync(decision, token), VolumeBinder.Waiting + Cancelled);
        if (noVolume is not null)
        {
            return new Unprepared("running PreBind plugin \"VolumeBinding\"", noVolume);
        }

        var noDevice = await OrCancelledAsync(
                preparation, token => _devices.BindAsync(decision, claims, token), Cancelled)
            ?? (preparation.TryEnd() ? null : Cancelled);
        return noDevice is null
            ? null
            : new Unprepared($"running PreBind plugin \"{DynamicResourcesPlugin.PluginName}\"", noDevice);
    }

    private async Task<string?> BindVolumesAsync(SchedulingDecision decision, CancellationToken cancellationToken)
    {
        await NominateAsync(decision, cancellationToken);
        return decision.Volumes.Count == 0 ? null : await _volumes.BindAsync(decision, cancellationToken);
    }

    private static async Task<string?> OrCancelledAsync(
        BindingPreparation preparation, Func<CancellationToken, Task<string?>> prepare, string cancelled)
    {
        try
        {
            return await prepare(preparation.Token);
        }
        catch (OperationCanceledException) when (preparation.IsCancelled)
        {
            return cancelled;
        }
    }

    /// <summary>
    /// Shows where the pod will be. A refusal keeps no pod from its node; that the pod is gone, who prepares notices.
    /// </summary>
    private async Task NominateAsync(SchedulingDecision decision, CancellationToken cancellationToken)
    {
        if (decision.Pod.NominatedNodeName == decision.NodeName)
        {
            return;
        }

        var shown = await _client.PatchStatusAsync<V1Pod>(
            decision.Pod.Key,
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["uid"] = decision.Pod.Uid },
                ["status"] = new JsonObject { ["nominatedNodeName"] = decision.NodeName },
            },
            cancellationToken);
        if (!shown.Succeeded)
        {
            LogNotNominated(decision.Pod.Key, decision.NodeName!, shown.Error.Message ?? "");
        }
    }

    private async Task UnreserveAsync(SchedulingDecision decision, CancellationToken cancellationToken)
    {
        try
        {
            if (await _devices.UnreserveAsync(decision, cancellationToken) is { } refusal)
            {
                // Its next attempt finds it reserved.
                LogFailed(decision.Pod.Key, decision.NodeName!, refusal.Message ?? "");
            }
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            LogFailed(decision.Pod.Key, decision.NodeName!, error.Message); // its next attempt finds it reserved
        }
    }

    private static string AssignedTo(ResourceObject pod)
    {
        using var document = JsonDocument.Parse(pod.Json);
        return PodShapeParser.Text(PodShapeParser.Property(document.RootElement, "spec"), "nodeName");
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "pod {Pod} does not show that it goes to {Node}: {Error}")]
    private partial void LogNotNominated(ObjectKey pod, string node, string error);

    [LoggerMessage(Level = LogLevel.Information, Message = "binding pod {Pod} to {Node} did not succeed: {Error}")]
    private partial void LogFailed(ObjectKey pod, string node, string error);

    /// <summary>Why a pod is not bound that should be.</summary>
    /// <param name="Step">What failed.</param>
    /// <param name="Failure">Why.</param>
    /// <param name="IsUnclear">True when it is not known what was written.</param>
    private sealed record Unprepared(string Step, string Failure, bool IsUnclear = false);
}
