using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Apps;

/// <summary>Rules that the kinds which keep pods of a template share.</summary>
internal static class WorkloadRules
{
    /// <summary>What is said of a count of some replicas that is above that of all.</summary>
    public const string TooMany = "cannot be greater than status.replicas";

    private const string NotNegative = "must be greater than or equal to 0";

    public static void NonNegative(long? value, FieldPath parent, string field, FieldErrors errors)
    {
        if (value < 0)
        {
            errors.Invalid(parent.Child(field), value, NotNegative);
        }
    }

    /// <summary>A count in a status that another may not exceed.</summary>
    public static void AtMost(
        int? value, int? limit, FieldPath parent, string field, string message, FieldErrors errors)
    {
        if ((value ?? 0) > (limit ?? 0))
        {
            errors.Invalid(parent.Child(field), value ?? 0, message);
        }
    }

    /// <summary>The number of name collisions only grows: names of children derive from it.</summary>
    public static void NotDecremented(int? collisions, int? old, FieldErrors errors)
    {
        if (old is { } before && (collisions ?? int.MinValue) < before)
        {
            errors.Invalid(FieldPath.Of("status", "collisionCount"), collisions ?? 0, "cannot be decremented");
        }
    }

    /// <summary>The counts of a ReplicaSet, which a ReplicationController has as well.</summary>
    public static void ReplicaSetStatus(V1ReplicaSetStatus status, FieldErrors errors)
    {
        var path = FieldPath.Of("status");
        NonNegative(status.Replicas, path, "replicas", errors);
        NonNegative(status.FullyLabeledReplicas, path, "fullyLabeledReplicas", errors);
        NonNegative(status.ReadyReplicas, path, "readyReplicas", errors);
        NonNegative(status.AvailableReplicas, path, "availableReplicas", errors);
        NonNegative(status.ObservedGeneration, path, "observedGeneration", errors);
        NonNegative(status.TerminatingReplicas, path, "terminatingReplicas", errors);
        AtMost(status.FullyLabeledReplicas, status.Replicas, path, "fullyLabeledReplicas", TooMany, errors);
        AtMost(status.ReadyReplicas, status.Replicas, path, "readyReplicas", TooMany, errors);
        AtMost(status.AvailableReplicas, status.Replicas, path, "availableReplicas", TooMany, errors);
        AtMost(
            status.AvailableReplicas,
            status.ReadyReplicas,
            path,
            "availableReplicas",
            "cannot be greater than readyReplicas",
            errors);
    }

    /// <summary>The selector of a ReplicaSet or Deployment, and the template that it must match.</summary>
    public static void ReplicaSetTemplate(
        V1LabelSelector? selector, V1PodTemplateSpec template, FieldPath path, FieldErrors errors)
    {
        if (!Selector(selector, path.Child("selector"), "deployment", "invalid label selector", errors))
        {
            return;
        }

        SelectorMatches(selector, template, path, errors);
        PodTemplateRules.Validate(template, path.Child("template"), errors);
        AlwaysRunning(template, path, "ReplicaSet", errors);
    }

    /// <summary>A selector that must be there and select something.</summary>
    /// <param name="selector">The selector.</param>
    /// <param name="path">Its path.</param>
    /// <param name="kind">Whose it is, as the message about an empty one says it.</param>
    /// <param name="unusable">What is said of one that cannot be used at all.</param>
    /// <param name="errors">Takes the findings.</param>
    /// <returns>False when there is nothing to hold a template against.</returns>
    public static bool Selector(
        V1LabelSelector? selector, FieldPath path, string kind, string unusable, FieldErrors errors)
    {
        if (selector is null)
        {
            errors.Required(path);
            return true;
        }

        var before = errors.Count;
        LabelSelectorRules.Validate(selector, path, errors);
        var isUsable = errors.Count == before;
        if (IsEmpty(selector))
        {
            errors.Invalid(path, InternalForm.Shown(selector), $"empty selector is invalid for {kind}");
        }

        if (!isUsable)
        {
            errors.Invalid(path, InternalForm.Shown(selector), unusable);
        }

        return isUsable;
    }

    /// <summary>Pods of the template must be selected; a missing selector selects none, an empty one all.</summary>
    public static void SelectorMatches(
        V1LabelSelector? selector, V1PodTemplateSpec template, FieldPath path, FieldErrors errors) =>
        SelectorMatches(LabelSelector.Of(selector), template, path, errors);

    /// <summary>Pods of the template must be selected.</summary>
    public static void SelectorMatches(
        LabelSelector selector, V1PodTemplateSpec template, FieldPath path, FieldErrors errors)
    {
        var metadata = template.Metadata ?? new V1ObjectMeta();
        if (!selector.Matches(metadata))
        {
            errors.Invalid(
                path.Child("template").Child("metadata", "labels"),
                InternalForm.Shown(metadata.Labels),
                "`selector` does not match template `labels`");
        }
    }

    /// <summary>Pods that are kept running neither finish nor have a deadline.</summary>
    public static void AlwaysRunning(V1PodTemplateSpec template, FieldPath path, string kind, FieldErrors errors)
    {
        var spec = path.Child("template", "spec");
        if (template.Spec.RestartPolicy != "Always")
        {
            errors.NotSupported(spec.Child("restartPolicy"), template.Spec.RestartPolicy ?? "", ["Always"]);
        }

        if (template.Spec.ActiveDeadlineSeconds is not null)
        {
            errors.Forbidden(
                spec.Child("activeDeadlineSeconds"), $"activeDeadlineSeconds in {kind} is not Supported");
        }
    }

    /// <summary>A selector is fixed once pods may carry its labels.</summary>
    public static void ImmutableSelector(V1LabelSelector? next, V1LabelSelector? old, FieldErrors errors)
    {
        if (!ModelShape.SemanticEquals(next, old))
        {
            errors.Invalid(FieldPath.Of("spec", "selector"), InternalForm.Shown(next), "field is immutable");
        }
    }

    /// <summary>Warnings about the template, and about a name that pods cannot carry on as theirs.</summary>
    public static IEnumerable<string> Warnings(V1ObjectMeta metadata, V1PodTemplateSpec template, bool isNew)
    {
        var texts = PodTemplateRules.Warnings(template, FieldPath.Of("spec", "template"));
        return isNew ? NameWarnings(metadata).Concat(texts) : texts;
    }

    /// <summary>A warning about a name that pods cannot carry on as theirs.</summary>
    public static IEnumerable<string> NameWarnings(V1ObjectMeta metadata)
    {
        if (!NameChecks.IsDnsLabel(metadata.Name ?? ""))
        {
            var complaints = string.Join(' ', NameRules.DnsLabel(metadata.Name ?? ""));
            yield return "metadata.name: this is used in Pod names and hostnames, which can result in surprising " +
                $"behavior; a DNS label is recommended: [{complaints}]";
        }
    }

    /// <summary>The columns that wide tables end with: containers, images, selector.</summary>
    public static IEnumerable<TableColumn> WideColumns(string selectorText) =>
        [.. PodTemplateRules.ContainerColumns(priority: 1), new("Selector", "string", "", selectorText, 1)];

    /// <summary>Their cells.</summary>
    public static IEnumerable<object?> WideCells(V1PodTemplateSpec? template, V1LabelSelector? selector)
    {
        var (names, images) = PodTemplateRules.ContainerCells(template);
        var text = LabelSelector.Of(selector).ToString();
        return [names, images, text.Length == 0 ? TableColumns.None : text];
    }

    public static string Fraction(int? part, int? whole) =>
        string.Create(CultureInfo.InvariantCulture, $"{part ?? 0}/{whole ?? 0}");

    /// <summary>True for a selector that selects everything.</summary>
    public static bool IsEmpty(V1LabelSelector selector) =>
        selector.MatchLabels is not { Count: > 0 } && selector.MatchExpressions is not { Count: > 0 };
}
