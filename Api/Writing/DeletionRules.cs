using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Writing;

/// <summary>What a deletion leads to.</summary>
public enum DeletionAction
{
    /// <summary>Nothing changes: the deletion is already under way.</summary>
    None,

    /// <summary>The object stays, marked as terminating.</summary>
    Update,

    /// <summary>The object goes now.</summary>
    Remove,

    /// <summary>The object goes now, but watchers see it terminating first: two commits, as upstream.</summary>
    MarkAndRemove,
}

/// <summary>
/// The rules of deletion as pure functions: grace periods, finalizers, propagation (upstream's rest.BeforeDelete and
/// store.Delete).
/// </summary>
public static class DeletionRules
{
    public const string OrphanFinalizer = "orphan";
    public const string ForegroundFinalizer = "foregroundDeletion";

    /// <summary>
    /// True when an update takes the last thing away that kept a terminating object alive: then it is removed.
    /// </summary>
    public static bool EndsWithUpdate(
        ResourceDefinition definition, IKubernetesObject<V1ObjectMeta> item, ResourceObject current)
    {
        if (item.Metadata.Finalizers is { Count: > 0 } || current.Metadata.DeletionTimestamp is null)
        {
            return false;
        }

        var old = definition.Codec.Share(current).Metadata;
        return old.DeletionGracePeriodSeconds is null or 0
            && (definition.Strategy as ISpecFinalizers)?.HasSpecFinalizers(item) != true;
    }

    /// <summary>Decides, and changes a fresh copy of the object accordingly.</summary>
    public static DeletionAction Apply(
        ResourceDefinition definition, IKubernetesObject<V1ObjectMeta> item, DeletionOptions options, DateTimeOffset now)
    {
        if (options.IsExpiry)
        {
            return DeletionAction.Remove;
        }

        if (definition.Strategy is ISpecFinalizers inSpec)
        {
            return ApplyInSpec(inSpec, item, options, now);
        }

        if (definition.Strategy is IMarkedDeletion marked && item.Metadata.DeletionTimestamp is null)
        {
            marked.MarkDeletion(item, ApiTime.Seconds(now));
            return DeletionAction.Update;
        }

        var grace = Grace(definition, item, options, now);
        if (grace == GraceOutcome.Pending)
        {
            return DeletionAction.None;
        }

        var finalizers = Finalizers(definition, item.Metadata, options);
        var isSame = finalizers.SequenceEqual(item.Metadata.Finalizers ?? [], StringComparer.Ordinal);
        item.Metadata.Finalizers = finalizers.Count == 0 ? null : finalizers;
        if (grace == GraceOutcome.Graceful)
        {
            return finalizers.Count > 0 || item.Metadata.DeletionGracePeriodSeconds > 0
                ? DeletionAction.Update
                : DeletionAction.MarkAndRemove;
        }

        if (finalizers.Count == 0)
        {
            return DeletionAction.Remove;
        }

        return MarkTerminating(item.Metadata, now) || !isSame ? DeletionAction.Update : DeletionAction.None;
    }

    /// <summary>It is marked as terminating and waits for its own, separate finalizers.</summary>
    private static DeletionAction ApplyInSpec(
        ISpecFinalizers strategy, IKubernetesObject<V1ObjectMeta> item, DeletionOptions options, DateTimeOffset now)
    {
        if (item.Metadata.DeletionTimestamp is not null)
        {
            return strategy.HasSpecFinalizers(item) || item.Metadata.Finalizers is { Count: > 0 }
                ? DeletionAction.None
                : DeletionAction.Remove;
        }

        strategy.MarkDeletion(item, ApiTime.Seconds(now));
        var finalizers = WithPropagation(item.Metadata, options);
        item.Metadata.Finalizers = finalizers.Count == 0 ? null : finalizers;
        return DeletionAction.Update;
    }

    private static GraceOutcome Grace(
        ResourceDefinition definition, IKubernetesObject<V1ObjectMeta> item, DeletionOptions options, DateTimeOffset now)
    {
        if (!definition.Of.Deletion.HasFlag(DeletionTraits.Graceful))
        {
            return GraceOutcome.None;
        }

        var requested = options.GracePeriodSeconds < 0 ? 1 : options.GracePeriodSeconds;
        var metadata = item.Metadata;
        if (metadata.DeletionTimestamp is { } deadline)
        {
            return Shorten(metadata, deadline, requested);
        }

        var seconds = definition.Strategy.GracePeriodSeconds(item, requested) ?? 0;
        metadata.DeletionTimestamp = ApiTime.Seconds(Periods.After(now, seconds));
        metadata.DeletionGracePeriodSeconds = seconds;
        BumpGeneration(metadata);
        return GraceOutcome.Graceful;
    }

    /// <summary>A deletion that is under way can only be made quicker.</summary>
    private static GraceOutcome Shorten(V1ObjectMeta metadata, DateTime deadline, long? requested)
    {
        // A period of 0 that is still here was left by a deletion that failed between its two steps: finish it.
        if (metadata.DeletionGracePeriodSeconds is not { } current || current == 0)
        {
            return GraceOutcome.None;
        }

        current = current < 0 ? 1 : current;
        if (requested is not { } wanted || wanted >= current)
        {
            return GraceOutcome.Pending;
        }

        metadata.DeletionTimestamp = deadline + Periods.Of(wanted) - Periods.Of(current);
        metadata.DeletionGracePeriodSeconds = wanted;
        return GraceOutcome.Graceful;
    }

    private static List<string> Finalizers(
        ResourceDefinition definition, V1ObjectMeta metadata, DeletionOptions options) =>
        definition.Of.Deletion.HasFlag(DeletionTraits.Ownerless)
            ? [.. metadata.Finalizers ?? []]
            : WithPropagation(metadata, options, definition.Of.Deletion.HasFlag(DeletionTraits.OrphansByDefault));

    /// <summary>The finalizers that the propagation policy asks for, in place of those of an earlier one.</summary>
    private static List<string> WithPropagation(
        V1ObjectMeta metadata, DeletionOptions options, bool orphansByDefault = false)
    {
        var old = metadata.Finalizers ?? [];
        var earlier = old.FirstOrDefault(f => f is OrphanFinalizer or ForegroundFinalizer);
        var orphans = options.OrphanDependents ?? options.PropagationPolicy switch
        {
            "Orphan" => true,
            "Background" or "Foreground" => false,
            _ => earlier == OrphanFinalizer || (earlier is null && orphansByDefault),
        };
        var foreground = options.OrphanDependents is null && options.PropagationPolicy switch
        {
            "Foreground" => true,
            "Background" or "Orphan" => false,
            _ => earlier == ForegroundFinalizer,
        };
        var result = old.Where(f => f is not (OrphanFinalizer or ForegroundFinalizer)).ToList();
        if (orphans)
        {
            result.Add(OrphanFinalizer);
        }

        if (foreground)
        {
            result.Add(ForegroundFinalizer);
        }

        return result.Count == old.Count && result.All(old.Contains) ? [.. old] : result;
    }

    /// <summary>True when it changed anything.</summary>
    private static bool MarkTerminating(V1ObjectMeta metadata, DateTimeOffset now)
    {
        var moment = ApiTime.Seconds(now);
        var changes = metadata.DeletionGracePeriodSeconds != 0;
        if (metadata.DeletionTimestamp is null)
        {
            BumpGeneration(metadata);
        }

        if (metadata.DeletionTimestamp is not { } deadline || deadline > moment)
        {
            metadata.DeletionTimestamp = moment;
            changes = true;
        }

        metadata.DeletionGracePeriodSeconds = 0;
        return changes;
    }

    /// <summary>
    /// Controllers behave differently towards a terminating object, so its generation moves. The highest stays: a
    /// negative one would be refused, and with it the write that lets the object go.
    /// </summary>
    private static void BumpGeneration(V1ObjectMeta metadata)
    {
        if (metadata.Generation is > 0 and < long.MaxValue)
        {
            metadata.Generation++;
        }
    }

    private enum GraceOutcome
    {
        None,
        Pending,
        Graceful,
    }
}
