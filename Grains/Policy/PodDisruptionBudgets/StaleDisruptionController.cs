using k8s.Models;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Policy.PodDisruptionBudgets;

/// <summary>
/// Takes back the word that a pod is about to go (its condition <c>DisruptionTarget</c>) when it does not go. What it
/// keeps in memory are only hints of when to look; the pod is read again before it is written.
/// </summary>
public sealed class StaleDisruptionController : IController
{
    public const string Name = "stale-disruption-controller";

    /// <summary>How long a pod may take to begin to go.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan CheckPeriod = TimeSpan.FromSeconds(5);

    private readonly IResourceClient _client;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly Dictionary<ObjectKey, DateTimeOffset> _announced = [];

    public StaleDisruptionController(ReconcilingServices services)
    {
        _client = services.Client.As(UserIdentity.Controller(PodDisruptionBudgetReconciler.Controller));
        _time = services.Time;
        _logger = services.Logger<StaleDisruptionController>();
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) =>
        Loops.RunAsync([FollowAsync, CheckAsync], cancellationToken);

    /// <inheritdoc/>
    public async Task ResyncAsync(CancellationToken cancellationToken)
    {
        foreach (var pod in (await _client.ListAsync(ResourceOf<V1Pod>.Query(), cancellationToken)).Items)
        {
            Note(pod, isGone: false);
        }

        await TakeBackAsync(cancellationToken);
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _client.HearAsync(WellKnown.Pods, cancellationToken))
        {
            Note(change.Object, change.Kind == ChangeKind.Deleted);
        }
    }

    private void Note(ResourceObject pod, bool isGone)
    {
        var since = isGone ? null : AnnouncedSince(PodFacts.Of(pod));
        lock (_lock)
        {
            if (since is { } time)
            {
                _announced[pod.Key] = time;
            }
            else
            {
                _announced.Remove(pod.Key);
            }
        }
    }

    /// <summary>A finished pod needs no correction, and a node that ends a pod may take its time.</summary>
    private static DateTimeOffset? AnnouncedSince(PodFacts pod) => pod.IsActive ? pod.DisruptedSince : null;

    private async Task CheckAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(CheckPeriod, _time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            await Failures.TellAsync(TakeBackAsync, _logger, Name, cancellationToken);
        }
    }

    private async Task TakeBackAsync(CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        List<ObjectKey> overdue;
        lock (_lock)
        {
            overdue = [.. _announced.Where(a => a.Value + Timeout <= now).Select(a => a.Key)];
        }

        var failures = new Failures();
        foreach (var key in overdue)
        {
            await failures.TryAsync(() => TakeBackAsync(key, now, cancellationToken));
        }

        failures.ThrowIfAny();
    }

    private async Task TakeBackAsync(ObjectKey key, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var read = await _client.GetAsync(WellKnown.Pods, key, ReadFreshness.Linearizable, cancellationToken);
        if (!read.Succeeded)
        {
            return;
        }

        if (AnnouncedSince(PodFacts.Of(read.Value)) is not { } since || since + Timeout > now)
        {
            return;
        }

        var pod = read.Value.Clone<V1Pod>();
        var condition = pod.Status.Conditions.First(c => c.Type == PodDisruption.Condition);
        (condition.Status, condition.Reason, condition.Message) = ("False", null, null);
        (condition.ObservedGeneration, condition.LastTransitionTime) = (pod.Metadata.Generation, now.UtcDateTime);
        var written = await _client.UpdateStatusAsync(pod, cancellationToken);
        written.ThrowIfRefused(
            $"disruption of pod {key}", StatusReasons.NotFound, StatusReasons.Conflict, StatusReasons.Invalid);
    }
}
