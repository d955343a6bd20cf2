using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Apps.Deployments;

/// <summary>
/// Brings the ReplicaSets of one Deployment step by step to what its template and number of replicas ask for.
/// </summary>
public sealed class DeploymentReconciler : IObjectReconciler
{
    private const string Controller = "deployment-controller";

    private readonly ObjectKey _key;
    private readonly IResourceClient _client;
    private readonly EventRecorder _events;
    private readonly TimeProvider _time;

    public DeploymentReconciler(ObjectKey key, ReconcilingServices services)
    {
        _key = key;
        _client = services.Client.As(UserIdentity.Controller(Controller));
        _events = services.Events.For(Controller);
        _time = services.Time;
    }

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(CancellationToken cancellationToken)
    {
        var read = await _client.GetAsync<V1Deployment>(_key, ReadFreshness.Linearizable, cancellationToken);
        if (read.OrNull($"deployment {_key}") is not { } deployment)
        {
            return ReconcileResult.Done;
        }

        if (LabelSelectors.IsEmpty(deployment.Spec.Selector))
        {
            _events.Record(EventNote.Warning(
                deployment, "SelectingAll", "This deployment is selecting all pods. A non-empty selector is required."));
            return ReconcileResult.Done;
        }

        var observed = await ObserveAsync(deployment, cancellationToken);
        if (deployment is { Metadata.DeletionTimestamp: null, Spec.Paused: not true }
            && DeploymentRollback.Asked(deployment) is { } revision)
        {
            var (next, note) = DeploymentRollback.Compute(deployment, observed.ReplicaSets, revision);
            Expect(await _client.UpdateAsync(next, cancellationToken), "rollback");
            _events.Record(note);
            return ReconcileResult.Again(TimeSpan.Zero);
        }

        var plan = DeploymentPlanner.Compute(observed, _time.GetUtcNow());
        if (plan.Create is { } set && !await CreateAsync(deployment, set, cancellationToken))
        {
            return ReconcileResult.Again(TimeSpan.Zero);
        }

        foreach (var change in plan.Changes)
        {
            await ChangeAsync(change, cancellationToken);
        }

        foreach (var old in plan.Delete)
        {
            Expect(await _client.DeleteAsync(old, cancellationToken), "old replica set");
        }

        _events.Record(plan.Events);
        if (plan.Status is not null || plan.Revision is not null)
        {
            var status = plan.Status ?? deployment.Status ?? new V1DeploymentStatus();
            await WriteStatusAsync(deployment, status, plan.Revision, cancellationToken);
        }

        return plan.IsSettled ? new ReconcileResult(plan.NextCheck) : ReconcileResult.Again(TimeSpan.Zero);
    }

    private async Task<DeploymentObserved> ObserveAsync(V1Deployment deployment, CancellationToken cancellationToken)
    {
        var query = ResourceOf<V1ReplicaSet>.Query(_key.Namespace);
        var owned = await _client.ListAsync(
            query with { OwnerUid = deployment.Metadata.Uid, Freshness = ReadFreshness.Linearizable }, cancellationToken);
        var selector = LabelSelector.Of(deployment.Spec.Selector);
        var sets = new List<V1ReplicaSet>();
        foreach (var item in owned.Items.Where(i => i.Metadata.Controller?.Uid == deployment.Metadata.Uid))
        {
            if (selector.Matches(item.Metadata.Labels))
            {
                sets.Add(item.As<V1ReplicaSet>());
            }
            else if (deployment.Metadata.DeletionTimestamp is null)
            {
                await Ownership.ReleaseAsync(_client, query.Resource, item, deployment.Metadata.Uid, cancellationToken);
            }
        }

        if (deployment.Metadata.DeletionTimestamp is null)
        {
            await AdoptAsync(deployment, selector, sets, cancellationToken);
        }

        return new DeploymentObserved
        {
            Deployment = deployment,
            ReplicaSets = sets,
            WithRunningPods = RolloutBounds.IsRolling(deployment)
                ? new HashSet<string>()
                : await RunningAsync(sets, cancellationToken),
        };
    }

    private async Task AdoptAsync(
        V1Deployment deployment, LabelSelector selector, List<V1ReplicaSet> sets, CancellationToken cancellationToken)
    {
        var selected = await _client.ListAsync(
            ResourceOf<V1ReplicaSet>.Query(_key.Namespace) with { LabelSelector = selector.ToString() }, cancellationToken);
        foreach (var item in selected.Items.Where(i => i.Metadata.Controller is null && i.Metadata.DeletionTimestamp is null))
        {
            await Ownership.AdoptAsync(
                _client, ResourceOf<V1ReplicaSet>.Name, item, deployment.ControllerReference(), cancellationToken);
            var adopted = await _client.GetAsync<V1ReplicaSet>(item.Key, ReadFreshness.Linearizable, cancellationToken);
            if (adopted.Succeeded)
            {
                sets.Add(adopted.Value);
            }
        }
    }

    private async Task<HashSet<string>> RunningAsync(List<V1ReplicaSet> sets, CancellationToken cancellationToken)
    {
        var result = new HashSet<string>(StringComparer.Ordinal);
        foreach (var set in sets)
        {
            var query = ResourceOf<V1Pod>.Query(_key.Namespace) with
            {
                OwnerUid = set.Metadata.Uid, Freshness = ReadFreshness.Linearizable,
            };
            var pods = await _client.ListAsync(query, cancellationToken);
            if (pods.Items.Any(p => !PodFacts.Of(p).IsFinished))
            {
                result.Add(set.Metadata.Uid);
            }
        }

        return result;
    }

    /// <summary>
    /// False when the name was taken by another template's set: the collision count now leads to another name.
    /// </summary>
    private async Task<bool> CreateAsync(V1Deployment deployment, V1ReplicaSet set, CancellationToken cancellationToken)
    {
        var created = await _client.CreateAsync(set, cancellationToken);
        if (created.Succeeded)
        {
            return true;
        }

        if (created.Error.IsNamespaceTerminating())
        {
            throw new ReconcileException(created.Error.Message);
        }

        var now = _time.GetUtcNow();
        if (created.Error.Reason == StatusReasons.AlreadyExists)
        {
            var existing =
                await _client.GetAsync<V1ReplicaSet>(set.Key(), ReadFreshness.Linearizable, cancellationToken);
            if (!existing.Succeeded || IsOurs(deployment, existing.Value))
            {
                return true;
            }

            await WriteStatusAsync(deployment, DeploymentPlanner.Collided(deployment, now), null, cancellationToken);
            return false;
        }

        var why = created.Error.Message;
        _events.Record(EventNote.Warning(
            deployment, "ReplicaSetCreateError", $"Failed to create new replica set \"{set.Metadata.Name}\": {why}"));
        var status = DeploymentPlanner.CreateFailed(deployment, set.Metadata.Name, why, now);
        await WriteStatusAsync(deployment, status, null, cancellationToken);
        throw new ReconcileException($"deployment {_key}: {why}");
    }

    private static bool IsOurs(V1Deployment deployment, V1ReplicaSet set) =>
        set.Metadata.OwnerReferences?.Any(o => o.Controller == true && o.Uid == deployment.Metadata.Uid) == true
        && PodTemplates.Canonical(set.Spec.Template).AsSpan().SequenceEqual(
            PodTemplates.Canonical(deployment.Spec.Template));

    private async Task ChangeAsync(ReplicaSetChange change, CancellationToken cancellationToken)
    {
        var metadata = new JsonObject
        {
            ["uid"] = change.Set.Metadata.Uid,
            ["resourceVersion"] = change.Set.Metadata.ResourceVersion,
        };
        if (change.Annotations.Count > 0)
        {
            metadata["annotations"] = new JsonObject(
                change.Annotations.Select(a => KeyValuePair.Create(a.Key, (JsonNode?)JsonValue.Create(a.Value))));
        }

        var spec = new JsonObject();
        if (change.Replicas is { } replicas)
        {
            spec["replicas"] = replicas;
        }

        if (change.MinReadySeconds is { } seconds)
        {
            spec["minReadySeconds"] = seconds;
        }

        var patch = new JsonObject { ["metadata"] = metadata };
        if (spec.Count > 0)
        {
            patch["spec"] = spec;
        }

        Expect(await _client.MergeAsync<V1ReplicaSet>(change.Set.Key(), patch, cancellationToken), "replica set");
    }

    private async Task WriteStatusAsync(
        V1Deployment deployment, V1DeploymentStatus status, string? revision, CancellationToken cancellationToken)
    {
        var metadata = deployment.Metadata;
        var annotations = metadata.Annotations;
        if (revision is not null)
        {
            annotations =
                new Dictionary<string, string>(annotations ?? new Dictionary<string, string>(), StringComparer.Ordinal)
            {
                [DeploymentAnnotations.Revision] = revision,
            };
        }

        // The revision goes with the status, since a write of the object with another annotation would count as a new
        // generation.
        var body = new V1Deployment
        {
            Metadata = new V1ObjectMeta
            {
                Name = metadata.Name,
                NamespaceProperty = metadata.NamespaceProperty,
                Uid = metadata.Uid,
                ResourceVersion = metadata.ResourceVersion,
                CreationTimestamp = metadata.CreationTimestamp,
                Labels = metadata.Labels,
                Annotations = annotations,
                Finalizers = metadata.Finalizers,
                OwnerReferences = metadata.OwnerReferences,
            },
            Spec = deployment.Spec,
            Status = status,
        };
        Expect(await _client.UpdateStatusAsync(body, cancellationToken), "status");
    }

    /// <summary>
    /// Gone is well; a conflict means that something changed meanwhile, and the next attempt reads it.
    /// </summary>
    private void Expect(Outcome<ResourceObject> outcome, string what) =>
        outcome.ThrowIfRefused($"{what} of deployment {_key}", StatusReasons.NotFound);
}
