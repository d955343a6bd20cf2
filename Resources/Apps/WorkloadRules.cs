using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Apps;

/// <summary>Rules that Deployments and ReplicaSets share.</summary>
internal static class WorkloadRules
{
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

    /// <summary>The selector, and the template that it must match.</summary>
    public static void SelectorAndTemplate(
        V1LabelSelector? selector, V1PodTemplateSpec template, FieldPath path, FieldErrors errors)
    {
        var before = errors.Count;
        if (selector is null)
        {
            errors.Required(path.Child("selector"));
        }
        else
        {
            LabelSelectorRules.Validate(selector, path.Child("selector"), errors);
            if (errors.Count != before)
            {
                errors.Invalid(path.Child("selector"), InternalForm.Shown(selector), "invalid label selector");
                return;
            }

            if (IsEmpty(selector))
            {
                errors.Invalid(
                    path.Child("selector"), InternalForm.Shown(selector), "empty selector is invalid for deployment");
            }
        }

        Template(selector, template, path.Child("template"), errors);
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
        if (!isNew || NameChecks.IsDnsLabel(metadata.Name ?? ""))
        {
            return texts;
        }

        var complaints = string.Join(' ', NameRules.DnsLabel(metadata.Name ?? ""));
        return texts.Prepend(
            "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: " +
            $"[{complaints}]");
    }

    /// <summary>True when two maps mean the same.</summary>
    public static bool SameMap(IDictionary<string, string>? left, IDictionary<string, string>? right)
    {
        if ((left?.Count ?? 0) != (right?.Count ?? 0))
        {
            return false;
        }

        return left is null || left.All(p => right!.TryGetValue(p.Key, out var other) && other == p.Value);
    }

    public static string Fraction(int? part, int? whole) =>
        string.Create(CultureInfo.InvariantCulture, $"{part ?? 0}/{whole ?? 0}");

    private static bool IsEmpty(V1LabelSelector selector) =>
        selector.MatchLabels is not { Count: > 0 } && selector.MatchExpressions is not { Count: > 0 };

    private static void Template(
        V1LabelSelector? selector, V1PodTemplateSpec template, FieldPath path, FieldErrors errors)
    {
        var metadata = template.Metadata ?? new V1ObjectMeta();
        if ((selector is null || !IsEmpty(selector)) && !LabelSelector.Of(selector).Matches(metadata))
        {
            errors.Invalid(
                path.Child("metadata", "labels"),
                InternalForm.Shown(metadata.Labels),
                "`selector` does not match template `labels`");
        }

        PodTemplateRules.Validate(template, path, errors);
        if (template.Spec.RestartPolicy != "Always")
        {
            errors.NotSupported(path.Child("spec", "restartPolicy"), template.Spec.RestartPolicy ?? "", ["Always"]);
        }

        if (template.Spec.ActiveDeadlineSeconds is not null)
        {
            errors.Forbidden(
                path.Child("spec", "activeDeadlineSeconds"), "activeDeadlineSeconds in ReplicaSet is not Supported");
        }
    }
}
