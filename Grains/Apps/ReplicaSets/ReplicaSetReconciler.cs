using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Apps.ReplicaSets;

/// <summary>
/// Brings the pods of one ReplicaSet or ReplicationController to their number.
/// <para>
/// It cannot overshoot by a stale cache: every step begins with a linearizable read, after which the cache holds
/// everything that earlier steps were told is committed. What they were not told has the names that this step gives
/// again, see <see cref="PodFleet"/>. No expectations are kept.
/// </para>
/// </summary>
public sealed class ReplicaSetReconciler : IObjectReconciler
{
    private readonly ReplicaKind _kind;
    private readonly ObjectKey _key;
    private readonly IResourceClient _client;
    private readonly PodFleet _pods;
    private readonly TimeProvider _time;

    public ReplicaSetReconciler(ReplicaKind kind, ObjectKey key, ReconcilingServices services)
    {
        _kind = kind;
        _key = key;
        _client = services.Client.As(UserIdentity.Controller(kind.Controller));
        _pods = new PodFleet(_client, services.Events.For(kind.Controller), services.Cursors);
        _time = services.Time;
    }

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(CancellationToken cancellationToken)
    {
        var read = await _client.GetAsync(_kind.Resource, _key, ReadFreshness.Linearizable, cancellationToken);
        var item = read.OrNull($"{_kind.Kind} {_key}");
        await _pods.BelongToAsync(item?.Uid, cancellationToken);
        if (item is null)
        {
            return ReconcileResult.Done;
        }

        var set = _kind.Read(item);
        var observed = await ObserveAsync(set, cancellationToken);
        var plan = ReplicaSetPlanner.Compute(observed, _time.GetUtcNow());
        var outcome = Applied.Settled;
        if (!plan.IsSettled)
        {
            outcome = await ApplyAsync(plan, observed, cancellationToken);
            observed = await ObserveAsync(set, cancellationToken);
        }

        await WriteStatusAsync(observed with { Failure = outcome.Failure }, cancellationToken);
        if (outcome.Failure is not null)
        {
            throw new ReconcileException($"{_kind.Kind} {_key}: {outcome.Failure.Message}");
        }

        return outcome.IsMore ? ReconcileResult.Again(TimeSpan.Zero) : new ReconcileResult(plan.NextAvailable);
    }

    private async Task<Applied> ApplyAsync(
        ReplicaSetPlan plan, ReplicaSetObserved observed, CancellationToken cancellationToken)
    {
        var set = observed.Set;
        await plan.Claims.ApplyAsync(_client, _kind.Owner(set), cancellationToken);
        if (plan.Delete.Count > 0)
        {
            var deleted = await _pods.DeleteAsync(_kind.Reference(set), plan.Delete, cancellationToken);
            return Applied.Of("FailedDelete", deleted, plan.Delete.Count);
        }

        if (plan.Create == 0)
        {
            return Applied.Settled;
        }

        var body = new ChildBody<V1Pod>(NewPod(set));
        var created = await _pods.CreateAsync(
            _kind.Reference(set),
            observed.Pods,
            plan.Create,
            (_, name) => body.Request(_key.Namespace, name),
            cancellationToken);
        return Applied.Of("FailedCreate", created, plan.Create);
    }

    private async Task<ReplicaSetObserved> ObserveAsync(V1ReplicaSet set, CancellationToken cancellationToken)
    {
        var pods = await PodOwnership.ListAsync(
            _client, set.Metadata, LabelSelector.Of(set.Spec.Selector), cancellationToken);
        var surplus = pods.Count(p => p.IsActive) > (set.Spec.Replicas ?? 1);
        return new ReplicaSetObserved
        {
            Set = set,
            Pods = pods,
            CountsTerminating = _kind.CountsTerminating,
            RelatedPerNode = surplus ? await RelatedAsync(set, cancellationToken) : new Dictionary<string, int>(),
        };
    }

    /// <summary>For a set on its own nobody counts: upstream spreads what one controller has, a Deployment.</summary>
    private async Task<IReadOnlyDictionary<string, int>> RelatedAsync(
        V1ReplicaSet set, CancellationToken cancellationToken)
    {
        var result = new Dictionary<string, int>(StringComparer.Ordinal);
        if (set.Metadata.OwnerReferences?.FirstOrDefault(o => o.Controller == true) is not { } owner)
        {
            return result;
        }

        var siblings = await _client.ListAsync(
            new ListQuery { Resource = _kind.Resource, Namespace = _key.Namespace, OwnerUid = owner.Uid },
            cancellationToken);
        foreach (var sibling in siblings.Items.Where(s => s.Metadata.Controller?.Uid == owner.Uid))
        {
            var query = ResourceOf<V1Pod>.Query(_key.Namespace) with { OwnerUid = sibling.Uid };
            var pods = await _client.ListAsync(query, cancellationToken);
            foreach (var pod in pods.Items.Select(PodFacts.Of).Where(p => p.IsActive && p.NodeName.Length > 0))
            {
                result[pod.NodeName] = result.GetValueOrDefault(pod.NodeName) + 1;
            }
        }

        return result;
    }

    private async Task WriteStatusAsync(ReplicaSetObserved observed, CancellationToken cancellationToken)
    {
        if (ReplicaSetPlanner.ComputeStatus(observed, _time.GetUtcNow()) is not { } status)
        {
            return;
        }

        var written = await _kind.WriteStatusAsync(_client, observed.Set, status, cancellationToken);
        written.ThrowIfRefused($"status of {_kind.Kind} {_key}", StatusReasons.NotFound);
    }

    private V1Pod NewPod(V1ReplicaSet set)
    {
        var template = set.Spec.Template;
        return new V1Pod
        {
            Metadata = new V1ObjectMeta
            {
                GenerateName = new ChildNames(set.Metadata.Name, set.Metadata.Uid).Prefix,
                NamespaceProperty = _key.Namespace,
                Labels = template.Metadata?.Labels,
                Annotations = template.Metadata?.Annotations,
                Finalizers = template.Metadata?.Finalizers,
                OwnerReferences = [_kind.Owner(set)],
            },
            Spec = template.Spec,
        };
    }

    /// <summary>What became of a plan.</summary>
    private readonly record struct Applied(ReplicaFailure? Failure, bool IsMore)
    {
        public static Applied Settled => default;

        public static Applied Of(string reason, FleetResult result, int count) => new(
            result.Failure is null ? null : new ReplicaFailure(reason, result.Failure),
            IsMore: count == ReplicaSetPlanner.Burst || result.WasTaken);
    }
}
