using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.Namespaces;

/// <summary>What is left of one resource in a terminating namespace.</summary>
/// <param name="Resource">The resource.</param>
/// <param name="Items">Its objects in the namespace.</param>
public sealed record RemainingContent(ResourceName Resource, IReadOnlyList<ResourceObject> Items);

/// <summary>What to do with a terminating namespace.</summary>
public sealed record NamespacePlan
{
    /// <summary>Objects to delete now.</summary>
    public IReadOnlyList<RemainingContent> Delete { get; init; } = [];

    /// <summary>The conditions to show; null when they are shown already.</summary>
    public IReadOnlyList<V1NamespaceCondition>? Conditions { get; init; }

    /// <summary>Everything is gone: the finalizer may go too.</summary>
    public bool Finalize { get; init; }
}

/// <summary>
/// Empties a namespace in order: first its pods, so that nothing they use (policies, secrets, services) is taken from
/// under them, then all the rest.
/// </summary>
public static class NamespacePlanner
{
    /// <summary>The finalizer that this controller removes from <c>spec.finalizers</c>.</summary>
    public const string Finalizer = "kubernetes";

    private static readonly (string Type, string Reason, string Message)[] Good =
    [
        ("NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", "All resources successfully discovered"),
        ("NamespaceDeletionGroupVersionParsingFailure", "ParsedGroupVersions", "All legacy kube types successfully parsed"),
        ("NamespaceDeletionContentFailure", "ContentDeleted", "All content successfully deleted, may be waiting on finalization"),
        ("NamespaceContentRemaining", "ContentRemoved", "All content successfully removed"),
        ("NamespaceFinalizersRemaining", "ContentHasNoFinalizers", "All content-preserving finalizers finished"),
    ];

    /// <summary>The next step.</summary>
    /// <param name="item">A namespace with a deletionTimestamp.</param>
    /// <param name="content">All that is in it, by resource.</param>
    /// <param name="failures">Why deletions of the last step failed.</param>
    /// <param name="now">The time.</param>
    /// <param name="discoveryFailure">Why it is not known what there is in all APIs; null when it is.</param>
    public static NamespacePlan Compute(
        V1Namespace item, IReadOnlyList<RemainingContent> content, IReadOnlyList<string> failures, DateTimeOffset now,
        string? discoveryFailure = null)
    {
        var remaining = content.Where(c => c.Items.Count > 0).ToList();
        var pods = remaining.Where(static c => c.Resource == WellKnown.Pods).ToList();
        var next = (pods.Count > 0 ? pods : remaining)
            .Select(c => c with { Items = [.. c.Items.Where(i => i.Metadata.DeletionTimestamp is null)] })
            .Where(c => c.Items.Count > 0)
            .ToList();
        return new NamespacePlan
        {
            Delete = next,
            Conditions = pods is [var left]
                ? Conditions(item, [], [.. failures, .. Overdue(item, left.Items, now)], discoveryFailure, now)
                : Conditions(item, remaining, failures, discoveryFailure, now),
            Finalize =
                remaining.Count == 0 && failures.Count == 0 && discoveryFailure is null
                && item.Spec?.Finalizers?.Contains(Finalizer) == true,
        };
    }

    /// <summary>
    /// While pods end nothing is wrong and, as upstream, nothing is said of what remains, until those that no
    /// finalizer holds should have ended.
    /// </summary>
    private static IEnumerable<string> Overdue(
        V1Namespace item, IReadOnlyList<ResourceObject> pods, DateTimeOffset now)
    {
        var grace = pods.Select(static p => p.As<V1Pod>())
            .Where(static p => p.Status?.Phase is not ("Succeeded" or "Failed"))
            .Max(static p => p.Spec?.TerminationGracePeriodSeconds) ?? 0;
        if (now.UtcDateTime - item.Metadata.DeletionTimestamp >= Periods.Of(grace)
            && pods.All(static p => p.Metadata.Finalizers.Count == 0))
        {
            var name = item.Metadata.Name;
            yield return $"unexpected items still remain in namespace: {name} for gvr: /v1, Resource=pods";
        }
    }

    private static List<V1NamespaceCondition>? Conditions(
        V1Namespace item, List<RemainingContent> remaining, IReadOnlyList<string> failures, string? discoveryFailure,
        DateTimeOffset now)
    {
        var current = item.Status?.Conditions ?? [];
        var result = current.Where(c => !Good.Any(g => g.Type == c.Type)).ToList();
        var changed = false;
        foreach (var (type, reason, message) in Good)
        {
            var bad = Bad(type, remaining, failures, discoveryFailure);
            var old = current.FirstOrDefault(c => c.Type == type);
            var next = new V1NamespaceCondition
            {
                Type = type,
                Status = bad is null ? "False" : "True",
                Reason = bad?.Reason ?? reason,
                Message = bad?.Message ?? message,
            };
            next.LastTransitionTime = old?.Status == next.Status ? old.LastTransitionTime : now.UtcDateTime;
            changed |= old is null || old.Status != next.Status || old.Reason != next.Reason || old.Message != next.Message;
            result.Add(next);
        }

        return changed ? result : null;
    }

    private static (string Reason, string Message)? Bad(
        string type, List<RemainingContent> remaining, IReadOnlyList<string> failures, string? discoveryFailure) =>
        type switch
        {
            "NamespaceDeletionDiscoveryFailure" when discoveryFailure is not null =>
                ("DiscoveryFailed", discoveryFailure),
            "NamespaceDeletionContentFailure" when failures.Count > 0 => (
                "ContentDeletionFailed",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Failed to delete all resource types, {failures.Count} remaining: {string.Join(", ", failures.Order(StringComparer.Ordinal))}")),
            "NamespaceContentRemaining" when remaining.Count > 0 => (
                "SomeResourcesRemain",
                $"Some resources are remaining: {string.Join(", ", remaining.Select(Count).Order(StringComparer.Ordinal))}"),
            "NamespaceFinalizersRemaining" when Finalizers(remaining) is { Count: > 0 } finalizers => (
                "SomeFinalizersRemain",
                $"Some content in the namespace has finalizers remaining: {string.Join(", ", finalizers)}"),
            _ => null,
        };

    private static string Count(RemainingContent content) => string.Create(
        CultureInfo.InvariantCulture,
        $"{content.Resource.Plural}.{content.Resource.Group} has {content.Items.Count} resource instances");

    private static List<string> Finalizers(List<RemainingContent> remaining) =>
    [
        .. remaining.SelectMany(c => c.Items).SelectMany(i => i.Metadata.Finalizers).CountBy(
            f => f, StringComparer.Ordinal)
            .Select(f => string.Create(CultureInfo.InvariantCulture, $"{f.Key} in {f.Value} resource instances"))
            .Order(StringComparer.Ordinal),
    ];
}
