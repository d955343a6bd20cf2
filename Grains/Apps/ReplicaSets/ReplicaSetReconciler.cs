using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Apps.ReplicaSets;

/// <summary>
/// Brings the pods of one ReplicaSet to their number.
/// <para>
/// It cannot overshoot by a stale cache: every step begins with a linearizable read, after which the cache holds
/// everything that earlier steps were
/// told is committed. What they were not told (requests still under way, of this or of a lost activation) has the names
/// that this step gives
/// again, see <see cref="ChildSequence"/>, and AlreadyExists counts as done. No expectations are kept.
/// </para>
/// </summary>
public sealed class ReplicaSetReconciler : IObjectReconciler
{
    /// <summary>Pods created or deleted at once.</summary>
    public const int MaxFanOut = 64;

    private static readonly UserIdentity User = UserIdentity.Controller("replicaset-controller");

    private readonly ObjectKey _key;
    private readonly IResourceClient _client;
    private readonly EventRecorder _events;
    private readonly IChildCursors _cursors;
    private readonly TimeProvider _time;
    private ChildSequence? _sequence;
    private int _firstBatch = 1;
    private string _sequenceUid = "";

    public ReplicaSetReconciler(ObjectKey key, ReconcilingServices services)
    {
        _key = key;
        _client = services.Client.As(User);
        _events = services.Events.For("replicaset-controller");
        _cursors = services.Cursors;
        _time = services.Time;
    }

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(CancellationToken cancellationToken)
    {
        var read = await _client.GetAsync<V1ReplicaSet>(_key, ReadFreshness.Linearizable, cancellationToken);
        if (!read.Succeeded)
        {
            await ForgetAsync(cancellationToken);
            return ReconcileResult.Done;
        }

        var observed = await ObserveAsync(read.Value, cancellationToken);
        var plan = ReplicaSetPlanner.Compute(observed, _time.GetUtcNow());
        var outcome = Applied.Settled;
        if (!plan.IsSettled)
        {
            outcome = await ApplyAsync(plan, observed, cancellationToken);
            observed = await ObserveAsync(read.Value, cancellationToken);
        }

        await WriteStatusAsync(observed with { Failure = outcome.Failure }, cancellationToken);
        if (outcome.Failure is not null)
        {
            throw new ReconcileException($"replicaset {_key}: {outcome.Failure.Message}");
        }

        return outcome.IsMore ? ReconcileResult.Again(TimeSpan.Zero) : new ReconcileResult(plan.NextAvailable);
    }

    private async Task<Applied> ApplyAsync(ReplicaSetPlan plan, ReplicaSetObserved observed, CancellationToken cancellationToken)
    {
        var set = observed.Set;
        await ClaimAsync(set, plan, cancellationToken);
        if (plan.Delete.Count > 0)
        {
            var failure = await DeleteAsync(set, plan.Delete, cancellationToken);
            return new Applied(failure, IsMore: plan.Delete.Count == ReplicaSetPlanner.Burst);
        }

        return plan.Create > 0 ? await CreateAsync(set, plan.Create, observed.Pods, cancellationToken) : Applied.Settled;
    }

    private async Task<ReplicaSetObserved> ObserveAsync(V1ReplicaSet set, CancellationToken cancellationToken)
    {
        var query = ResourceOf<V1Pod>.Query(_key.Namespace);
        var owned = await _client.ListAsync(
            query with { OwnerUid = set.Metadata.Uid, Freshness = ReadFreshness.Linearizable }, cancellationToken);
        var selected = await _client.ListAsync(
            query with
            {
                LabelSelector = Resources.Kernel.LabelSelector.Of(set.Spec.Selector).ToString(), NotOwnedBy = set.Metadata.Uid,
            },
            cancellationToken);
        var pods = new List<PodFacts>(owned.Items.Count);
        pods.AddRange(owned.Items.Select(PodFacts.Of).Where(p => p.ControllerUid == set.Metadata.Uid));
        pods.AddRange(selected.Items.Where(i => i.Metadata.Controller is null).Select(PodFacts.Of));
        var surplus = pods.Count(p => p.IsActive) > (set.Spec.Replicas ?? 1);
        return new ReplicaSetObserved
        {
            Set = set,
            Pods = pods,
            RelatedPerNode = surplus ? await RelatedAsync(set, cancellationToken) : new Dictionary<string, int>(),
        };
    }

    private async Task<IReadOnlyDictionary<string, int>> RelatedAsync(V1ReplicaSet set, CancellationToken cancellationToken)
    {
        var owner = set.Metadata.OwnerReferences?.FirstOrDefault(o => o.Controller == true);
        List<string> uids = [set.Metadata.Uid];
        if (owner is not null)
        {
            var siblings = await _client.ListAsync(
                ResourceOf<V1ReplicaSet>.Query(_key.Namespace) with { OwnerUid = owner.Uid }, cancellationToken);
            uids = [.. siblings.Items.Select(s => s.Uid)];
        }

        var result = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var uid in uids)
        {
            var pods = await _client.ListAsync(ResourceOf<V1Pod>.Query(_key.Namespace) with { OwnerUid = uid }, cancellationToken);
            foreach (var pod in pods.Items.Select(PodFacts.Of).Where(p => p.IsActive && p.NodeName.Length > 0))
            {
                result[pod.NodeName] = result.GetValueOrDefault(pod.NodeName) + 1;
            }
        }

        return result;
    }

    private async Task ClaimAsync(V1ReplicaSet set, ReplicaSetPlan plan, CancellationToken cancellationToken)
    {
        foreach (var pod in plan.Adopt)
        {
            await Ownership.AdoptAsync(_client, ResourceOf<V1Pod>.Name, pod.Item, set.ControllerReference(), cancellationToken);
        }

        foreach (var pod in plan.Release)
        {
            await Ownership.ReleaseAsync(_client, ResourceOf<V1Pod>.Name, pod.Item, set.Metadata.Uid, cancellationToken);
        }
    }

    private async Task<Applied> CreateAsync(
        V1ReplicaSet set, int count, IReadOnlyList<PodFacts> pods, CancellationToken cancellationToken)
    {
        var names = new ChildNames(set.Metadata.Name, set.Metadata.Uid);
        var existing = Sequences(names, pods);
        var children = await SequenceAsync(set, cancellationToken);
        if (children.Observe(existing))
        {
            await _cursors.SaveAsync(set.Metadata.Uid, children.Cursor, cancellationToken);
        }

        var numbers = children.Next(existing).Take(count).ToArray();
        var body = new ChildBody<V1Pod>(NewPod(set, names));
        var answers = new Created[count];
        await SlowStart.RunAsync(count, _firstBatch, MaxFanOut, async i =>
        {
            answers[i] = await CreateOneAsync(set, names.Name(numbers[i]), body, cancellationToken);
            return answers[i].IsDone;
        });
        for (var i = 0; i < count; i++)
        {
            if (answers[i].IsDone)
            {
                children.Used(numbers[i]);
            }
        }

        // What went well a moment ago may begin at full width; what failed feels its way again.
        _firstBatch = Array.TrueForAll(answers, a => a.IsDone) ? MaxFanOut : 1;
        var failure = Array.Find(answers, a => a.Failure is not null).Failure;
        return new Applied(
            failure is null ? null : new ReplicaFailure("FailedCreate", failure),
            IsMore: count == ReplicaSetPlanner.Burst || Array.Exists(answers, a => a.WasTaken));
    }

    private static HashSet<int> Sequences(ChildNames names, IReadOnlyList<PodFacts> pods)
    {
        var result = new HashSet<int>(pods.Count);
        foreach (var pod in pods)
        {
            if (names.TrySequence(pod.Key.Name, out var sequence))
            {
                result.Add(sequence);
            }
        }

        return result;
    }

    private async Task<Created> CreateOneAsync(
        V1ReplicaSet set, string name, ChildBody<V1Pod> body, CancellationToken cancellationToken)
    {
        var created = await _client.CreateAsync(body.Request(_key.Namespace, name), cancellationToken);
        if (created.Succeeded)
        {
            _events.Record(EventNote.Normal(set, "SuccessfulCreate", $"Created pod: {name}"));
            return new Created(IsDone: true);
        }

        if (created.Error.Reason == StatusReasons.AlreadyExists)
        {
            // Ours, from an attempt whose answer was lost; or another's, and then the next step takes the next number.
            // It looks again.
            return new Created(IsDone: true, WasTaken: true);
        }

        if (created.Error.IsNamespaceTerminating())
        {
            return new Created(IsDone: false);
        }

        _events.Record(EventNote.Warning(set, "FailedCreate", $"Error creating: {created.Error.Message}"));
        return new Created(IsDone: false, Failure: created.Error.Message);
    }

    private async Task<ReplicaFailure?> DeleteAsync(
        V1ReplicaSet set, IReadOnlyList<PodFacts> pods, CancellationToken cancellationToken)
    {
        string? failure = null;
        await Parallel.ForEachAsync(
            pods,
            new ParallelOptions { MaxDegreeOfParallelism = MaxFanOut, CancellationToken = cancellationToken },
            async (pod, token) => failure = await DeleteOneAsync(set, pod, token) ?? failure);
        return failure is null ? null : new ReplicaFailure("FailedDelete", failure);
    }

    private async Task<string?> DeleteOneAsync(V1ReplicaSet set, PodFacts pod, CancellationToken cancellationToken)
    {
        var deleted = await _client.DeleteAsync(
            new DeleteRequest { Resource = ResourceOf<V1Pod>.Name, Key = pod.Key, Uid = pod.Uid }, cancellationToken);
        if (deleted.Succeeded)
        {
            _events.Record(EventNote.Normal(set, "SuccessfulDelete", $"Deleted pod: {pod.Key.Name}"));
            return null;
        }

        if (deleted.Error.Reason is StatusReasons.NotFound or StatusReasons.Conflict)
        {
            return null;
        }

        _events.Record(EventNote.Warning(set, "FailedDelete", $"Error deleting: {deleted.Error.Message}"));
        return deleted.Error.Message;
    }

    private async Task WriteStatusAsync(ReplicaSetObserved observed, CancellationToken cancellationToken)
    {
        if (ReplicaSetPlanner.ComputeStatus(observed, _time.GetUtcNow()) is not { } status)
        {
            return;
        }

        var written = await _client.UpdateStatusAsync(StatusOf(observed.Set, status), cancellationToken);
        if (!written.Succeeded && written.Error.Reason != StatusReasons.NotFound)
        {
            throw ReconcileException.Of($"status of replicaset {_key}", written.Error);
        }
    }

    private static V1ReplicaSet StatusOf(V1ReplicaSet set, V1ReplicaSetStatus status) =>
        new() { ApiVersion = set.ApiVersion, Kind = set.Kind, Metadata = set.Metadata, Spec = set.Spec, Status = status };

    private async ValueTask<ChildSequence> SequenceAsync(V1ReplicaSet set, CancellationToken cancellationToken)
    {
        if (_sequence is null || _sequenceUid != set.Metadata.Uid)
        {
            // A set that was never reconciled to the end has not lost a child either: its cursor is where it began.
            var isNew = set.Status?.ObservedGeneration is null or 0;
            _sequence = new ChildSequence(isNew ? 0 : await _cursors.LoadAsync(set.Metadata.Uid, cancellationToken));
            _sequenceUid = set.Metadata.Uid;
        }

        return _sequence;
    }

    private async Task ForgetAsync(CancellationToken cancellationToken)
    {
        if (_sequence is { Cursor: > 0 })
        {
            await _cursors.ForgetAsync(_sequenceUid, cancellationToken);
        }

        _sequence = null;
    }

    private V1Pod NewPod(V1ReplicaSet set, ChildNames names)
    {
        var template = set.Spec.Template;
        return new V1Pod
        {
            Metadata = new V1ObjectMeta
            {
                GenerateName = names.Prefix,
                NamespaceProperty = _key.Namespace,
                Labels = template.Metadata?.Labels,
                Annotations = template.Metadata?.Annotations,
                Finalizers = template.Metadata?.Finalizers,
                OwnerReferences = [set.ControllerReference()],
            },
            Spec = template.Spec,
        };
    }

    /// <summary>What became of a plan.</summary>
    private readonly record struct Applied(ReplicaFailure? Failure, bool IsMore)
    {
        public static Applied Settled => default;
    }

    /// <summary>What became of one create.</summary>
    private readonly record struct Created(bool IsDone, bool WasTaken = false, string? Failure = null);
}
