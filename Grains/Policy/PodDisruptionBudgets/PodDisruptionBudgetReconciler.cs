using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Policy.PodDisruptionBudgets;

/// <summary>Keeps the books of one budget: how many of its pods are healthy, and how many may be evicted.</summary>
public sealed class PodDisruptionBudgetReconciler : IObjectReconciler
{
    /// <summary>Upstream's name; also the user of all that it writes.</summary>
    public const string Controller = "disruption-controller";

    private readonly ObjectKey _key;
    private readonly IResourceClient _client;
    private readonly ScaleFinder _scales;
    private readonly EventRecorder _events;
    private readonly TimeProvider _time;

    /// <summary>Pods that other budgets select too, of which it was said.</summary>
    private HashSet<string> _shared = [];

    /// <summary>
    /// The newest version of what the last step saw: a step that sees the same, and has nothing to write (time makes
    /// evictions overdue), says nothing again.
    /// </summary>
    private long _seen = -1;

    public PodDisruptionBudgetReconciler(ObjectKey key, ReconcilingServices services)
    {
        _key = key;
        _client = services.Client.As(UserIdentity.Controller(Controller));
        _scales = new ScaleFinder(_client, services.Catalog);
        _events = services.Events.For("controllermanager", Controller);
        _time = services.Time;
    }

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(CancellationToken cancellationToken)
    {
        var read = await _client.GetAsync(
            WellKnown.PodDisruptionBudgets, _key, ReadFreshness.Linearizable, cancellationToken);
        if (read.OrNull($"poddisruptionbudget {_key}") is not { } item)
        {
            return ReconcileResult.Done;
        }

        var budget = item.As<V1PodDisruptionBudget>();
        var pods = await PodsAsync(budget, cancellationToken);
        var plan = PodDisruptionBudgetPlanner.Compute(
            new PodDisruptionBudgetObserved
            {
                Budget = budget,
                Pods = pods,
                Scale = PodDisruptionBudgetPlanner.NeedsScale(budget)
                    ? await _scales.SumAsync(pods, cancellationToken)
                    : new PodScale(),
            },
            _time.GetUtcNow());
        await SayAsync(plan, Math.Max(item.Revision, Newest(pods)), pods, cancellationToken);
        if (plan.Status is { } status)
        {
            await WriteAsync(budget, status, cancellationToken);
        }

        return new ReconcileResult(plan.NextCheck);
    }

    private async Task<List<PodFacts>> PodsAsync(V1PodDisruptionBudget budget, CancellationToken cancellationToken)
    {
        if (budget.Spec.Selector is null)
        {
            return [];
        }

        var list = await _client.ListAsync(
            ResourceOf<V1Pod>.Query(_key.Namespace) with
            {
                LabelSelector = LabelSelector.Of(budget.Spec.Selector).ToString(),
                Freshness = ReadFreshness.Linearizable,
            },
            cancellationToken);
        return [.. list.Items.Select(PodFacts.Of)];
    }

    private static long Newest(List<PodFacts> pods) => pods.Count == 0 ? 0 : pods.Max(p => p.Item.Revision);

    private async Task SayAsync(
        PodDisruptionBudgetPlan plan, long seen, List<PodFacts> pods, CancellationToken cancellationToken)
    {
        if (seen == _seen && plan.Status is null)
        {
            return;
        }

        _seen = seen;
        _events.Record(plan.Events);
        var shared = await SharedAsync(pods, cancellationToken);
        _events.Record(shared.Where(p => !_shared.Contains(p.Uid)).Select(p => EventNote.Warning(
            p.Item.As<V1Pod>(),
            "MultiplePodDisruptionBudgets",
            $"Pod \"{p.Key.Namespace}\"/\"{p.Key.Name}\" matches multiple PodDisruptionBudgets.  "
                + $"Chose \"{_key.Name}\" arbitrarily.")));
        _shared = shared.Select(p => p.Uid).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Pods of which this budget is the first of several.</summary>
    private async Task<List<PodFacts>> SharedAsync(List<PodFacts> pods, CancellationToken cancellationToken)
    {
        var budgets = await _client.ListAsync<V1PodDisruptionBudget>(
            ResourceOf<V1PodDisruptionBudget>.Query(_key.Namespace), cancellationToken);
        var others = budgets.Where(b => b.Metadata.Name != _key.Name)
            .Select(b => (Name: b.Metadata.Name, Selector: LabelSelector.Of(b.Spec.Selector)))
            .ToList();
        return
        [
            .. pods.Where(pod =>
            {
                var also = others.Where(o => o.Selector.Matches(pod.Labels)).ToList();
                return also.Count > 0 && also.TrueForAll(o => string.CompareOrdinal(o.Name, _key.Name) > 0);
            }),
        ];
    }

    private async Task WriteAsync(
        V1PodDisruptionBudget budget, V1PodDisruptionBudgetStatus status, CancellationToken cancellationToken)
    {
        var written = await _client.UpdateStatusAsync(budget with { Status = status }, cancellationToken);
        written.ThrowIfRefused($"status of poddisruptionbudget {_key}", StatusReasons.NotFound);
    }
}
