using k8s.Models;
using OrleansOrchestrator.Grains.Apps.ControllerRevisions;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Apps.StatefulSets;

/// <summary>
/// Brings the pods of one StatefulSet step by step to their ordinals and revision. Names of pods and claims are fixed,
/// so a repeated step doubles nothing.
/// </summary>
public sealed class StatefulSetReconciler : IObjectReconciler
{
    private const string Controller = "statefulset-controller";
    private const string HashLabel = "controller.kubernetes.io/hash";

    /// <summary>Two templates of one set with one hash are rare enough already.</summary>
    private const int MaxCollisions = 100;

    private readonly ObjectKey _key;
    private readonly IResourceClient _client;
    private readonly EventRecorder _events;
    private readonly TimeProvider _time;

    public StatefulSetReconciler(ObjectKey key, ReconcilingServices services)
    {
        _key = key;
        _client = services.Client.As(UserIdentity.Controller(Controller));
        _events = services.Events.For(Controller);
        _time = services.Time;
    }

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(CancellationToken cancellationToken)
    {
        var read = await _client.GetAsync<V1StatefulSet>(_key, ReadFreshness.Linearizable, cancellationToken);
        if (read.OrNull($"statefulset {_key}") is not { } set)
        {
            return ReconcileResult.Done;
        }

        var history = await RevisionHistory.ClaimAsync(
            _client, set.Metadata, set.ControllerReference(), LabelSelector.Of(set.Spec.Selector), cancellationToken);
        var revisions = set.Metadata.DeletionTimestamp is null
            ? await ReviseAsync(set, history, cancellationToken)
            : Revisions.LeftBehind(set);
        var observed = await ObserveAsync(set, revisions, cancellationToken);
        var plan = StatefulSetPlanner.Compute(observed, _time.GetUtcNow());
        var failure = await ApplyAsync(plan, observed, revisions, cancellationToken);
        if (plan.Phases.Count > 0)
        {
            observed = await ObserveAsync(set, revisions, cancellationToken);
        }

        await WriteStatusAsync(observed, cancellationToken);
        await TruncateAsync(observed, history, cancellationToken);
        return failure is null
            ? new ReconcileResult(plan.NextCheck)
            : throw new ReconcileException($"statefulset {_key}: {failure}");
    }

    private async Task<Revisions> ReviseAsync(
        V1StatefulSet set, List<V1ControllerRevision> history, CancellationToken cancellationToken)
    {
        var patch = RevisionHistory.Patch(set.Spec.Template);
        var step = RevisionHistory.Next(history, patch);
        var collisions = set.Status?.CollisionCount ?? 0;
        var update = step.Existing;
        if (step.IsReturn)
        {
            update = await RevisionHistory.RenumberAsync(_client, update!, step.Number, cancellationToken);
        }

        for (var limit = collisions + MaxCollisions; update is null; collisions++)
        {
            Invariant.Check(collisions < limit, "revisions of one set do not all collide", _key);
            var hash = RevisionHistory.Hash(patch, collisions);
            update = await RevisionHistory.CreateAsync(_client, NewRevision(set, hash, step.Number), cancellationToken);
            if (update is not null)
            {
                break;
            }
        }

        var current = history.Find(r => r.Metadata.Name == set.Status?.CurrentRevision) ?? update;
        return new Revisions(current.Metadata.Name, update.Metadata.Name, collisions, isCurrent =>
            isCurrent && current.Metadata.Name != update.Metadata.Name
                ? RevisionHistory.Template(current)
                : set.Spec.Template);

        V1ControllerRevision NewRevision(V1StatefulSet owner, string hash, long number) => new()
        {
            Metadata = new V1ObjectMeta
            {
                Name = RevisionHistory.Name(owner.Metadata.Name, hash),
                NamespaceProperty = _key.Namespace,
                Labels = new Dictionary<string, string>(
                    owner.Spec.Template.Metadata?.Labels ?? new Dictionary<string, string>(), StringComparer.Ordinal)
                {
                    [HashLabel] = hash,
                },
                Annotations = owner.Metadata.Annotations,
                OwnerReferences = [owner.ControllerReference()],
            },
            Data = patch,
            Revision = number,
        };
    }

    private async Task<StatefulSetObserved> ObserveAsync(
        V1StatefulSet set, Revisions revisions, CancellationToken cancellationToken)
    {
        var selector = LabelSelector.Of(set.Spec.Selector);
        var pods = await PodOwnership.ListAsync(_client, set.Metadata, selector, cancellationToken);
        var claims = PodOwnership.Of(
            set.Metadata, pods, p => selector.Matches(p.Labels) && StatefulPods.Ordinal(set, p.Key.Name) >= 0);
        await claims.ApplyAsync(_client, set.ControllerReference(), cancellationToken);
        return new StatefulSetObserved
        {
            Set = set,
            Pods = [.. claims.All],
            Claims = set.Spec.VolumeClaimTemplates is { Count: > 0 }
                ? await ClaimsAsync(cancellationToken)
                : new Dictionary<string, V1PersistentVolumeClaim>(),
            CurrentRevision = revisions.Current,
            UpdateRevision = revisions.Update,
            CollisionCount = revisions.Collisions,
        };
    }

    private async Task<Dictionary<string, V1PersistentVolumeClaim>> ClaimsAsync(CancellationToken cancellationToken)
    {
        var query = ResourceOf<V1PersistentVolumeClaim>.Query(_key.Namespace);
        var claims = await _client.ListAsync<V1PersistentVolumeClaim>(
            query with { Freshness = ReadFreshness.Linearizable }, cancellationToken);
        return claims.ToDictionary(c => c.Metadata.Name, StringComparer.Ordinal);
    }

    private async Task<string?> ApplyAsync(
        StatefulSetPlan plan, StatefulSetObserved observed, Revisions revisions, CancellationToken cancellationToken)
    {
        var control = new StatefulPodControl(_client, _events, observed, revisions.Template);
        foreach (var phase in plan.Phases)
        {
            string? failure = null;
            await SlowStart.RunAsync(phase.Count, 1, PodFleet.MaxFanOut, async i =>
            {
                var answer = await control.RunAsync(phase[i], cancellationToken);
                failure ??= answer;
                return answer is null;
            });
            if (failure is not null)
            {
                return failure;
            }
        }

        return null;
    }

    private async Task WriteStatusAsync(StatefulSetObserved observed, CancellationToken cancellationToken)
    {
        if (StatefulSetPlanner.ComputeStatus(observed, _time.GetUtcNow()) is not { } status)
        {
            return;
        }

        var set = observed.Set;
        var written = await _client.UpdateStatusAsync(set with { Status = status }, cancellationToken);
        written.ThrowIfRefused($"status of statefulset {_key}", StatusReasons.NotFound);
    }

    private Task TruncateAsync(
        StatefulSetObserved observed, List<V1ControllerRevision> history, CancellationToken cancellationToken)
    {
        var live = observed.Pods.Select(StatefulSetPlanner.Revision).ToHashSet(StringComparer.Ordinal);
        live.Add(observed.CurrentRevision);
        live.Add(observed.UpdateRevision);
        var limit = observed.Set.Spec.RevisionHistoryLimit ?? 10;
        var surplus = RevisionHistory.Surplus(history, r => live.Contains(r.Metadata.Name), limit);
        return RevisionHistory.DeleteAsync(_client, surplus, cancellationToken);
    }

    /// <summary>The two revisions that matter, and their templates.</summary>
    private sealed record Revisions(
        string Current, string Update, int Collisions, Func<bool, V1PodTemplateSpec> Template)
    {
        /// <summary>A set that is being deleted makes neither revisions nor pods.</summary>
        public static Revisions LeftBehind(V1StatefulSet set) => new(
            set.Status?.CurrentRevision ?? "",
            set.Status?.UpdateRevision ?? "",
            set.Status?.CollisionCount ?? 0,
            _ => set.Spec.Template);
    }
}
