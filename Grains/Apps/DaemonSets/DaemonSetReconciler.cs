using k8s.Models;
using OrleansOrchestrator.Grains.Apps.ControllerRevisions;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Apps.DaemonSets;

/// <summary>
/// Sees to one pod of a DaemonSet on every node that is fit for it. Names of pods are the numbered ones of
/// <see cref="PodFleet"/>; should a lost request arrive late and put a second pod on a node, the younger one goes.
/// </summary>
public sealed class DaemonSetReconciler : IObjectReconciler
{
    private const string Controller = "daemon-set-controller";
    private const string Component = "daemonset-controller";

    private readonly ObjectKey _key;
    private readonly IResourceClient _client;
    private readonly EventRecorder _events;
    private readonly PodFleet _pods;
    private readonly DaemonSetRevisions _revisions;
    private readonly FailedPodBackOff _backOff = new();
    private readonly TimeProvider _time;

    public DaemonSetReconciler(ObjectKey key, ReconcilingServices services)
    {
        _key = key;
        _client = services.Client.As(UserIdentity.Controller(Controller));
        _events = services.Events.For(Component, Controller);
        _pods = new PodFleet(_client, _events, services.Cursors);
        _revisions = new DaemonSetRevisions(_client);
        _time = services.Time;
    }

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(CancellationToken cancellationToken)
    {
        var read = await _client.GetAsync<V1DaemonSet>(_key, ReadFreshness.Linearizable, cancellationToken);
        var set = read.OrNull($"daemonset {_key}");
        await _pods.BelongToAsync(set?.Metadata.Uid, cancellationToken);
        if (set is null)
        {
            return ReconcileResult.Done;
        }

        if (LabelSelectors.IsEmpty(set.Spec.Selector))
        {
            _events.Record(EventNote.Warning(
                set, "SelectingAll", "This daemon set is selecting all pods. A non-empty selector is required."));
            return ReconcileResult.Done;
        }

        // The status of a set that is being deleted cannot be told: its revisions may be gone before its pods.
        return set.Metadata.DeletionTimestamp is null
            ? await StepAsync(set, cancellationToken)
            : ReconcileResult.Done;
    }

    private async Task<ReconcileResult> StepAsync(V1DaemonSet set, CancellationToken cancellationToken)
    {
        var selector = LabelSelector.Of(set.Spec.Selector);
        var history = await RevisionHistory.ClaimAsync(
            _client, set.Metadata, set.ControllerReference(), selector, cancellationToken);
        if (await _revisions.CurrentAsync(set, selector, history, cancellationToken) is not { } current)
        {
            await WriteStatusAsync(set, Collided(set.Status ?? new V1DaemonSetStatus()), cancellationToken);
            return ReconcileResult.Again(TimeSpan.Zero);
        }

        _backOff.Begin(set.Status?.ObservedGeneration ?? 0);
        var now = _time.GetUtcNow();
        var observed = await ObserveAsync(set, selector, current, cancellationToken);
        var plan = DaemonSetPlanner.Compute(observed, now);
        var outcome = await ApplyAsync(plan, observed, now, cancellationToken);
        if (outcome.Failure is null)
        {
            await TruncateAsync(observed, current, history, cancellationToken);
        }

        var status = plan.Status;
        if (!plan.IsSettled && !plan.IsCut)
        {
            // The next step of a plan that is cut looks at once, at thousands of nodes, and tells what this one did.
            observed = await ObserveAsync(set, selector, current, cancellationToken);
            status = DaemonSetPlanner.Compute(observed, _time.GetUtcNow()).Status;
        }

        if (status is not null)
        {
            await WriteStatusAsync(set, status, cancellationToken);
        }

        if (outcome.Failure is not null)
        {
            throw new ReconcileException($"daemonset {_key}: {outcome.Failure}");
        }

        return plan.IsSettled ? new ReconcileResult(plan.NextCheck) : ReconcileResult.Again(TimeSpan.Zero);
    }

    private static V1DaemonSetStatus Collided(V1DaemonSetStatus status) => new()
    {
        CollisionCount = (status.CollisionCount ?? 0) + 1,
        Conditions = status.Conditions,
        CurrentNumberScheduled = status.CurrentNumberScheduled,
        DesiredNumberScheduled = status.DesiredNumberScheduled,
        NumberAvailable = status.NumberAvailable,
        NumberMisscheduled = status.NumberMisscheduled,
        NumberReady = status.NumberReady,
        NumberUnavailable = status.NumberUnavailable,
        ObservedGeneration = status.ObservedGeneration,
        UpdatedNumberScheduled = status.UpdatedNumberScheduled,
    };

    private async Task<DaemonSetObserved> ObserveAsync(
        V1DaemonSet set, LabelSelector selector, V1ControllerRevision current, CancellationToken cancellationToken)
    {
        var nodes = await _client.ListAsync(ResourceOf<V1Node>.Query(), cancellationToken);
        var pods = await PodOwnership.ListAsync(_client, set.Metadata, selector, cancellationToken);
        var claims = PodOwnership.Of(set.Metadata, pods, p => selector.Matches(p.Labels));
        await claims.ApplyAsync(_client, set.ControllerReference(), cancellationToken);
        var now = _time.GetUtcNow();
        return new DaemonSetObserved
        {
            Set = set,
            Nodes = [.. nodes.Items.Select(DaemonPods.Node)],
            Pods = [.. claims.All],
            Hash = DaemonSetRevisions.HashOf(current),
            BackOff = node => _backOff.Left(node, now),
        };
    }

    private async Task<FleetResult> ApplyAsync(
        DaemonSetPlan plan, DaemonSetObserved observed, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var set = observed.Set;
        var reference = EventNote.Refer(set);
        _events.Record(plan.Events);
        foreach (var node in plan.Failed)
        {
            _backOff.Deleted(node, now);
        }

        var created = plan.Create.Count == 0
            ? default
            : await CreateAsync(plan.Create, observed, reference, cancellationToken);
        var deleted = plan.Delete.Count == 0
            ? default
            : await _pods.DeleteAsync(reference, plan.Delete, cancellationToken);
        return created with { Failure = created.Failure ?? deleted.Failure };
    }

    /// <summary>A pod for each of the nodes: one body, in which the node and the pod's name stand.</summary>
    private Task<FleetResult> CreateAsync(
        IReadOnlyList<string> nodes, DaemonSetObserved observed, V1ObjectReference reference,
        CancellationToken cancellationToken)
    {
        const string anyNode = "node-of-the-child-goes-here";
        var body = new ChildBody<V1Pod>(
            DaemonPods.For(DaemonPods.New(observed.Set, observed.Hash), anyNode), anyNode);
        return _pods.CreateAsync(
            reference,
            observed.Pods,
            nodes.Count,
            (i, name) => body.Request(_key.Namespace, name, nodes[i]),
            cancellationToken);
    }

    private Task TruncateAsync(
        DaemonSetObserved observed,
        V1ControllerRevision current,
        List<V1ControllerRevision> history,
        CancellationToken cancellationToken)
    {
        var old = history.Where(r => r.Metadata.Name != current.Metadata.Name).ToList();
        var surplus = old.Count - (observed.Set.Spec.RevisionHistoryLimit ?? 10);
        if (surplus <= 0)
        {
            return Task.CompletedTask; // nearly always, and then its pods need not be asked
        }

        var live = observed.Pods.Select(p => p.Labels.GetValueOrDefault(DaemonPods.HashLabel, ""))
            .ToHashSet(StringComparer.Ordinal);
        return RevisionHistory.DeleteAsync(
            _client, old.Where(r => !live.Contains(DaemonSetRevisions.HashOf(r))).Take(surplus), cancellationToken);
    }

    private async Task WriteStatusAsync(V1DaemonSet set, V1DaemonSetStatus status, CancellationToken cancellationToken)
    {
        var written = await _client.UpdateStatusAsync(set with { Status = status }, cancellationToken);
        written.ThrowIfRefused($"status of daemonset {_key}", StatusReasons.NotFound);
    }
}
