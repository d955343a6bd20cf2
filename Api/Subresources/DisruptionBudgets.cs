using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Api.Writing;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Policy.PodDisruptionBudgets;

namespace OrleansOrchestrator.Api.Subresources;

/// <summary>Asks the budgets of a namespace whether a pod may be evicted, and spends them.</summary>
public sealed class DisruptionBudgets(
    ResourceTable table, ObjectReader reader, ObjectUpdater updater, TimeProvider time)
{
    /// <summary>Nobody knows which of several budgets to ask.</summary>
    public static readonly Status TooMany = StatusErrors.Unknown(
        "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");

    /// <summary>Permission to evict a pod, or why there is none.</summary>
    public async ValueTask<Outcome<EvictionPermit>> AskAsync(WriteContext context, V1Pod pod, bool isDryRun)
    {
        // Pods that do not run, or not for long, are no loss. A pending pod must not have become one that runs.
        var phase = pod.Status?.Phase;
        if (phase is "Succeeded" or "Failed" or "Pending" || pod.Metadata.DeletionTimestamp is not null)
        {
            return new EvictionPermit(IsTied: phase == "Pending");
        }

        var budgets = await FindAsync(pod, context.CancellationToken);
        return budgets switch
        {
            [] => new EvictionPermit(IsTied: false),
            [var one] when DisruptionRules.SparesUnready(one, pod) => new EvictionPermit(true, one.Metadata.Name),
            [var one] => await SpendAsync(context, one, pod, isDryRun) is { } refusal
                ? refusal
                : new EvictionPermit(IsTied: false),
            _ => TooMany,
        };
    }

    private async ValueTask<List<V1PodDisruptionBudget>> FindAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        var snapshot = await reader.SnapshotAsync(
            WellKnown.PodDisruptionBudgets, ReadFreshness.Linearizable, cancellationToken);
        return
        [
            .. snapshot.Range(pod.Metadata.NamespaceProperty)
                .Select(b => b.As<V1PodDisruptionBudget>())
                .Where(b => LabelSelector.Of(b.Spec.Selector).Matches(pod.Metadata)),
        ];
    }

    private async ValueTask<Status?> SpendAsync(
        WriteContext context, V1PodDisruptionBudget budget, V1Pod pod, bool isDryRun)
    {
        var books = new WriteContext
        {
            Definition = table.Find(WellKnown.PodDisruptionBudgets)!,
            Key = new ObjectKey(budget.Metadata.NamespaceProperty, budget.Metadata.Name),
            Subresource = "status",
            User = UserIdentity.ApiServer,
            Options = WriteOptions.Internal with { DryRun = isDryRun },
            CancellationToken = context.CancellationToken,
        };
        var spent = await updater.UpdateAsync(
            books, current => Next(books, current, pod.Metadata.Name), UpdateMode.Patch);
        return spent.Succeeded ? null : spent.Error;
    }

    private Outcome<k8s.IKubernetesObject<V1ObjectMeta>> Next(WriteContext books, ResourceObject? current, string pod)
    {
        if (current is null)
        {
            return StatusErrors.NotFound(books.Resource, books.Key.Name);
        }

        var budget = ResourceCodec.Decode<V1PodDisruptionBudget>(current.Json);
        return DisruptionRules.Spend(budget, pod, ApiTime.Seconds(time.GetUtcNow())) is { } refusal
            ? refusal
            : Outcomes.Of(budget);
    }
}
