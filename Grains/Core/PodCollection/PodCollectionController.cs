using System.Text.Json.Nodes;
using k8s.Models;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Core.Nodes;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.PodCollection;

/// <summary>Pod garbage collection: looks at all pods from time to time.</summary>
public sealed class PodCollectionController : IController
{
    public const string Name = "pod-garbage-collector";

    /// <summary>
    /// How long a node must be missing before its pods are taken for orphans: it may be registering again.
    /// </summary>
    public static readonly TimeSpan Quarantine = TimeSpan.FromSeconds(40);

    private const string OutOfServiceTaint = "node.kubernetes.io/out-of-service";
    private const string Failed = "Failed";
    private const int MaxFanOut = 32;

    private readonly IResourceClient _client;
    private readonly ControllersOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Dictionary<string, long> _missingSince = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _turn = new(1, 1);

    public PodCollectionController(ReconcilingServices services)
    {
        _client = services.Client.As(UserIdentity.Controller(Name));
        _options = services.Options;
        _time = services.Time;
        _logger = services.Logger<PodCollectionController>();
    }

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(_options.PodCollectionPeriod, _time);
        do
        {
            await Failures.TellAsync(ResyncAsync, _logger, Name, cancellationToken);
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    /// <inheritdoc/>
    public async Task ResyncAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await CollectAsync(cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task CollectAsync(CancellationToken cancellationToken)
    {
        var pods =
            (await _client.ListAsync(ResourceOf<V1Pod>.Query(), cancellationToken)).Items.Select(PodFacts.Of).ToList();
        var nodes = await _client.ListAsync(ResourceOf<V1Node>.Query(), cancellationToken);
        var names = nodes.Items.Select(n => n.Key.Name).ToHashSet(StringComparer.Ordinal);
        var plan = PodCollectionPlanner.Compute(new PodCollectionObserved
        {
            Pods = pods,
            Nodes = names,
            OutOfService = await OutOfServiceAsync(pods, nodes.Items, cancellationToken),
            LongGone = await LongGoneAsync(PodCollectionPlanner.Missing(pods, names), cancellationToken),
            TerminatedThreshold = _options.TerminatedPodThreshold,
        });
        var failures = new Failures();
        await Parallel.ForEachAsync(
            plan,
            new ParallelOptions { MaxDegreeOfParallelism = MaxFanOut, CancellationToken = cancellationToken },
            async (item, token) => await failures.TryAsync(() => CollectAsync(item.Pod, item.Reason, token)));
        failures.ThrowIfAny();
    }

    /// <summary>
    /// Only nodes with a terminating pod are worth a look; and a second one, at the source: a node may be back.
    /// </summary>
    private async Task<HashSet<string>> OutOfServiceAsync(
        List<PodFacts> pods, IReadOnlyList<ResourceObject> nodes, CancellationToken cancellationToken)
    {
        var suspects = pods.Where(p => p.IsTerminating).Select(p => p.NodeName).ToHashSet(StringComparer.Ordinal);
        var result = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in nodes.Where(n => suspects.Contains(n.Key.Name) && IsOutOfService(n.As<V1Node>())))
        {
            var read = await _client.GetAsync<V1Node>(node.Key, ReadFreshness.Linearizable, cancellationToken);
            if (read.Succeeded && IsOutOfService(read.Value))
            {
                result.Add(node.Key.Name);
            }
        }

        return result;
    }

    private static bool IsOutOfService(V1Node node) =>
        NodeHealthPlanner.IsDown(node) && node.Spec?.Taints?.Any(t => t.Key == OutOfServiceTaint) == true;

    private async Task<HashSet<string>> LongGoneAsync(IReadOnlySet<string> missing, CancellationToken cancellationToken)
    {
        foreach (var back in _missingSince.Keys.Where(n => !missing.Contains(n)).ToList())
        {
            _missingSince.Remove(back);
        }

        var result = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in missing)
        {
            if (!_missingSince.TryGetValue(name, out var since))
            {
                _missingSince[name] = _time.GetTimestamp();
            }
            else if (_time.GetElapsedTime(since) >= Quarantine)
            {
                var read = await _client.GetAsync(
                    WellKnown.Nodes, new ObjectKey("", name), ReadFreshness.Linearizable, cancellationToken);
                if (!read.Succeeded && read.Error.Reason == StatusReasons.NotFound)
                {
                    result.Add(name);
                }
            }
        }

        return result;
    }

    private async Task CollectAsync(PodFacts pod, PodCollectionReason reason, CancellationToken cancellationToken)
    {
        Outcome<ResourceObject> outcome;
        try
        {
            outcome = await DeleteAsync(pod, reason, cancellationToken);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            PodCollectionMeter.Collected(pod.Key.Namespace, reason, succeeded: false);
            throw;
        }

        PodCollectionMeter.Collected(pod.Key.Namespace, reason, outcome.Succeeded);
        outcome.ThrowIfRefused(
            $"collection of pod {pod.Key}", StatusReasons.NotFound, StatusReasons.Conflict, StatusReasons.Invalid);
    }

    /// <summary>As upstream, a pod whose end cannot be shown is not deleted; every refusal is an error.</summary>
    private async Task<Outcome<ResourceObject>> DeleteAsync(
        PodFacts pod, PodCollectionReason reason, CancellationToken cancellationToken)
    {
        if (reason != PodCollectionReason.Terminated && !pod.IsFinished)
        {
            // Only the loss of the node is no fault of the pod's own: the others were told to go.
            var patch = reason == PodCollectionReason.Orphaned
                ? PodDisruption.Patch(
                    pod.Item.As<V1Pod>(), "DeletionByPodGC", "PodGC: node no longer exists", Failed, _time.GetUtcNow())
                : new JsonObject
                {
                    ["metadata"] = new JsonObject { ["uid"] = pod.Uid },
                    ["status"] = new JsonObject { ["phase"] = Failed },
                };
            var shown = await _client.PatchStatusAsync<V1Pod>(pod.Key, patch, cancellationToken);
            if (!shown.Succeeded)
            {
                return shown;
            }
        }

        return await _client.DeleteAsync(
            new DeleteRequest { Resource = WellKnown.Pods, Key = pod.Key, Uid = pod.Uid, GracePeriodSeconds = 0 },
            cancellationToken);
    }
}
