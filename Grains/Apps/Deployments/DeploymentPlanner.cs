using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Apps.Deployments;

/// <summary>
/// The decisions of a Deployment, in upstream's order: pause, scale, then roll out, one careful step at a time. A step
/// is computed from the ReplicaSets' specs and reported availability alone, so it can be repeated, and every step keeps
/// <c>Σ replicas ≤ replicas + maxSurge</c> when it scales up and <c>available ≥ replicas - maxUnavailable</c> when it
/// scales down.
/// </summary>
public sealed class DeploymentPlanner
{
    private const int MaxRevisionHistoryLength = 2_000;

    private readonly V1Deployment _deployment;
    private readonly RolloutBounds _bounds;
    private readonly DeploymentObserved _observed;
    private readonly DateTimeOffset _now;
    private readonly byte[] _template;
    private readonly List<SetView> _old;
    private readonly List<EventNote> _events = [];
    private readonly List<V1ReplicaSet> _delete = [];
    private readonly DeploymentStatusRules _status;
    private SetView? _new;

    private DeploymentPlanner(DeploymentObserved observed, DateTimeOffset now)
    {
        _observed = observed;
        _now = now;
        _deployment = observed.Deployment;
        _bounds = RolloutBounds.Of(_deployment);
        _status = new DeploymentStatusRules(_deployment, _bounds, now);
        _template = PodTemplates.Canonical(_deployment.Spec.Template);
        _old = [.. observed.ReplicaSets.Select(s => new SetView(s)).OrderBy(s => s.Created).ThenBy(s => s.Name, StringComparer.Ordinal)];
        _new = _old.Find(s => _template.AsSpan().SequenceEqual(PodTemplates.Canonical(s.Set.Spec.Template)));
        if (_new is not null)
        {
            _old.Remove(_new);
        }
    }

    private IEnumerable<SetView> All => _new is null ? _old : _old.Append(_new);

    private int Wanted => _bounds.Replicas;

    /// <summary>The next step.</summary>
    public static DeploymentPlan Compute(DeploymentObserved observed, DateTimeOffset now) =>
        new DeploymentPlanner(observed, now).Compute();

    /// <summary>The status after a ReplicaSet could not be created.</summary>
    public static V1DeploymentStatus CreateFailed(
        V1Deployment deployment, string name, string why, DateTimeOffset now) =>
        new DeploymentStatusRules(deployment, RolloutBounds.Of(deployment), now).CreateFailed(name, why);

    /// <summary>
    /// The status after the name of the new ReplicaSet was found to be taken by one with another template.
    /// </summary>
    public static V1DeploymentStatus Collided(V1Deployment deployment, DateTimeOffset now) =>
        new DeploymentStatusRules(deployment, RolloutBounds.Of(deployment), now).Collided();

    private DeploymentPlan Compute()
    {
        var isRollout = false;
        if (_deployment.Metadata.DeletionTimestamp is null)
        {
            _status.SetPaused();
            SyncNew();
            if (_deployment.Spec.Paused == true || IsScaling())
            {
                Scale();
            }
            else
            {
                isRollout = true;
                RollOut();
            }
        }

        var changes = All.Select(s => s.ToChange()).OfType<ReplicaSetChange>().ToList();
        return new DeploymentPlan
        {
            Create = _new is { IsCreated: true } created ? created.Set : null,
            Changes = changes,
            Delete = _delete,
            Revision = RevisionToSet(),
            Status = _status.Finish([.. All], _new, isRollout),
            Events = _events,
            NextCheck = isRollout ? _status.NextCheck : null,
        };
    }

    private string? RevisionToSet()
    {
        var revision = _new?.Annotation(DeploymentAnnotations.Revision);
        string? current = null;
        _deployment.Metadata.Annotations?.TryGetValue(DeploymentAnnotations.Revision, out current);
        return revision is null || revision == current || _deployment.Metadata.DeletionTimestamp is not null
            ? null
            : revision;
    }

    /// <summary>Keeps the books of the ReplicaSet of the current template: its revision is the highest.</summary>
    private void SyncNew()
    {
        if (_new is null)
        {
            return;
        }

        CopyAnnotations(_new);
        SetRevision(_new);
        _new.MinReadySeconds = _deployment.Spec.MinReadySeconds ?? 0;
        _status.SetFound(_new.Name);
    }

    private void CopyAnnotations(SetView set)
    {
        foreach (var (key, value) in _deployment.Metadata.Annotations ?? new Dictionary<string, string>())
        {
            if (!DeploymentAnnotations.IsOwn(key))
            {
                set.Annotate(key, value);
            }
        }
    }

    private void SetRevision(SetView set)
    {
        var next = _old.Select(s => s.Revision).DefaultIfEmpty(0).Max() + 1;
        var current = set.Annotation(DeploymentAnnotations.Revision);
        if (set.Revision >= next || set.IsRevisionMalformed)
        {
            return;
        }

        set.Annotate(DeploymentAnnotations.Revision, next);
        if (current is not null)
        {
            var history = set.Annotation(DeploymentAnnotations.RevisionHistory);
            set.Annotate(DeploymentAnnotations.RevisionHistory, AppendRevision(history, current));
        }
    }

    /// <summary>The oldest entries go when the list gets too long.</summary>
    private static string AppendRevision(string? history, string revision)
    {
        var all = string.IsNullOrEmpty(history) ? revision : $"{history},{revision}";
        while (all.Length > MaxRevisionHistoryLength && all.IndexOf(',', StringComparison.Ordinal) is var comma and > 0)
        {
            all = all[(comma + 1)..];
        }

        return all;
    }

    private bool IsScaling() => All.Any(MeansAnotherSize);

    private bool MeansAnotherSize(SetView set) => set.Replicas > 0
        && set.Count(DeploymentAnnotations.DesiredReplicas) is { } desired && desired != Wanted;

    private void Scale()
    {
        if (ActiveOrLatest() is { } single)
        {
            // Also when it has the size already, by a rollout that was on its way: what it says of the wanted size
            // would go on meaning that there is something to scale, and no rollout would begin any more.
            if (MeansAnotherSize(single))
            {
                AnnotateSize(single);
            }

            Resize(single, Wanted);
        }
        else if (IsSaturated())
        {
            foreach (var set in _old.Where(s => s.Replicas > 0))
            {
                Resize(set, 0);
            }
        }
        else if (RolloutBounds.IsRolling(_deployment))
        {
            ScaleProportionally();
        }

        if (_deployment.Spec.Paused == true && DeploymentRollback.Asked(_deployment) is null)
        {
            CleanUp();
        }
    }

    /// <summary>The only ReplicaSet with replicas; the newest when none has any; null when several have.</summary>
    private SetView? ActiveOrLatest()
    {
        var active = All.Where(s => s.Replicas > 0).ToList();
        return active.Count switch
        {
            0 => _new ?? _old.LastOrDefault(),
            1 => active[0],
            _ => null,
        };
    }

    private bool IsSaturated() => _new is not null
        && _new.Replicas == Wanted
        && _new.Count(DeploymentAnnotations.DesiredReplicas) == Wanted
        && _new.Available == Wanted;

    /// <summary>
    /// Scaling in the middle of a rollout keeps the share of each ReplicaSet, leftovers going to the largest.
    /// </summary>
    private void ScaleProportionally()
    {
        var active = All.Where(s => s.Replicas > 0).ToList();
        var toAdd = (Wanted > 0 ? _bounds.MaxTotal : 0) - active.Sum(s => s.Replicas);
        var bySize = active.OrderByDescending(s => s.Replicas);
        active = toAdd > 0
            ? [.. bySize.ThenByDescending(s => s.Created).ThenByDescending(s => s.Name, StringComparer.Ordinal)]
            : [.. bySize.ThenBy(s => s.Created).ThenBy(s => s.Name, StringComparer.Ordinal)];
        var sizes = active.Select(s => s.Replicas).ToArray();
        var added = 0;
        for (var i = 0; i < sizes.Length && toAdd != 0; i++)
        {
            var share = Share(active[i], toAdd - added);
            sizes[i] += share;
            added += share;
        }

        if (sizes.Length > 0)
        {
            sizes[0] = Math.Max(0, sizes[0] + toAdd - added);
        }

        for (var i = 0; i < sizes.Length; i++)
        {
            AnnotateSize(active[i]);
            Resize(active[i], sizes[i]);
        }
    }

    private int Share(SetView set, int allowed)
    {
        if (allowed == 0)
        {
            return 0;
        }

        int wanted;
        if (Wanted == 0)
        {
            wanted = -set.Replicas;
        }
        else
        {
            var before = set.Count(DeploymentAnnotations.MaxReplicas) is { } max and > 0
                ? max
                : _deployment.Status?.Replicas ?? 0;
            var size = before > 0 ? set.Replicas * (double)_bounds.MaxTotal / before : set.Replicas;
            wanted = (int)Math.Round(size, MidpointRounding.AwayFromZero) - set.Replicas;
        }

        return allowed > 0 ? Math.Min(wanted, allowed) : Math.Max(wanted, allowed);
    }

    private void RollOut()
    {
        if (RolloutBounds.IsRolling(_deployment))
        {
            _new ??= CreateNew();
            if (!ScaleUpNew())
            {
                ScaleDownOld();
            }
        }
        else if (!ScaleDownAll(_old)
            && !_old.Any(s => s.Actual > 0 || _observed.WithRunningPods.Contains(s.Set.Metadata.Uid)))
        {
            _new ??= CreateNew();
            ScaleUpNew();
        }

        if (_status.WasComplete)
        {
            CleanUp();
        }
    }

    private SetView CreateNew()
    {
        var hash = PodTemplates.Hash(_template, _deployment.Status?.CollisionCount);
        var view = new SetView(NewSet(hash), isCreated: true) { Replicas = 0 };
        CopyAnnotations(view);
        SetRevision(view);
        view.Replicas = Math.Clamp(_bounds.MaxTotal - _old.Sum(s => s.Replicas), 0, Wanted);
        AnnotateSize(view);
        if (view.Replicas > 0)
        {
            Note("up", view.Name, 0, view.Replicas);
        }

        _status.SetCreated(view.Name);
        return view;
    }

    private V1ReplicaSet NewSet(string hash)
    {
        var template = _deployment.Spec.Template;
        var labels = With(template.Metadata?.Labels, PodTemplates.HashLabel, hash);
        return new V1ReplicaSet
        {
            Metadata = new V1ObjectMeta
            {
                Name = $"{_deployment.Metadata.Name}-{hash}",
                NamespaceProperty = _deployment.Metadata.NamespaceProperty,
                Labels = labels,
                Annotations = new Dictionary<string, string>(),
                OwnerReferences = [_deployment.ControllerReference()],
            },
            Spec = new V1ReplicaSetSpec
            {
                MinReadySeconds = _deployment.Spec.MinReadySeconds,
                Selector = new V1LabelSelector
                {
                    MatchLabels = With(_deployment.Spec.Selector.MatchLabels, PodTemplates.HashLabel, hash),
                    MatchExpressions = _deployment.Spec.Selector.MatchExpressions,
                },
                Template = new V1PodTemplateSpec
                {
                    Metadata = new V1ObjectMeta
                    {
                        Labels = labels,
                        Annotations = template.Metadata?.Annotations,
                        Finalizers = template.Metadata?.Finalizers,
                    },
                    Spec = template.Spec,
                },
            },
        };
    }

    private static Dictionary<string, string> With(IDictionary<string, string>? labels, string key, string value) =>
        new(labels ?? new Dictionary<string, string>(), StringComparer.Ordinal) { [key] = value };

    private bool ScaleUpNew()
    {
        if (_new is null || _new.Replicas == Wanted || _new.IsCreated)
        {
            return _new is { IsCreated: true };
        }

        var room = _bounds.MaxTotal - All.Sum(s => s.Replicas);
        var size = _new.Replicas > Wanted || !RolloutBounds.IsRolling(_deployment)
            ? Wanted
            : _new.Replicas + Math.Clamp(room, 0, Wanted - _new.Replicas);
        return Resize(_new, size);
    }

    /// <summary>First replicas that are not available anyway, then as many as stay above the minimum.</summary>
    private void ScaleDownOld()
    {
        var active = _old.Where(s => s.Replicas > 0).ToList();
        var newUnavailable = _new!.Replicas - _new.SureAvailable;
        var budget = All.Sum(s => s.Replicas) - _bounds.MinAvailable - newUnavailable;
        if (active.Count == 0 || budget <= 0)
        {
            return;
        }

        foreach (var set in active.Where(s => s.Replicas != s.SureAvailable))
        {
            var unhealthy = Math.Min(budget, set.Replicas - set.SureAvailable);
            if (unhealthy > 0)
            {
                Resize(set, set.Replicas - unhealthy);
                budget -= unhealthy;
            }
        }

        var spare = All.Sum(s => s.SureAvailable) - _bounds.MinAvailable;
        foreach (var set in active.Where(s => s.Replicas > 0))
        {
            var size = set.Replicas - Math.Clamp(spare, 0, set.Replicas);
            spare -= set.Replicas - size;
            Resize(set, size);
        }
    }

    private bool ScaleDownAll(IEnumerable<SetView> sets)
    {
        var any = false;
        foreach (var set in sets.Where(s => s.Replicas > 0))
        {
            any |= Resize(set, 0);
        }

        return any;
    }

    /// <summary>A set that keeps its size also keeps what it says of the wanted size.</summary>
    private bool Resize(SetView set, int replicas)
    {
        var before = set.Replicas;
        if (before == replicas)
        {
            return false;
        }

        AnnotateSize(set);
        set.Replicas = replicas;
        Note(before < replicas ? "up" : "down", set.Name, before, replicas);
        return true;
    }

    private void AnnotateSize(SetView set)
    {
        set.Annotate(DeploymentAnnotations.DesiredReplicas, Wanted);
        set.Annotate(DeploymentAnnotations.MaxReplicas, _bounds.MaxTotal);
    }

    private void Note(string direction, string name, int from, int to) => _events.Add(EventNote.Normal(
        _deployment,
        "ScalingReplicaSet",
        string.Create(CultureInfo.InvariantCulture, $"Scaled {direction} replica set {name} from {from} to {to}")));

    private void CleanUp()
    {
        if (_deployment.Spec.RevisionHistoryLimit is not { } limit || limit == int.MaxValue)
        {
            return;
        }

        var alive = _old.Where(s => s.Set.Metadata.DeletionTimestamp is null).OrderBy(s => s.Revision).ToList();
        _delete.AddRange(alive.Take(Math.Max(0, alive.Count - limit)).Where(s =>
            s.Actual == 0
            && s.Replicas == 0
            && (s.Set.Metadata.Generation ?? 0) <= (s.Set.Status?.ObservedGeneration ?? 0)).Select(s => s.Set));
    }
}
