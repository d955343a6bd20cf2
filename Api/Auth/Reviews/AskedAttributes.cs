using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth.Reviews;

/// <summary>What a review asks for, as authorizers are asked.</summary>
internal static class AskedAttributes
{
    public static AuthorizationAttributes Of(
        UserIdentity user, V1ResourceAttributes? resource, V1NonResourceAttributes? path) => resource is null
        ? new()
        {
            User = user, IsResourceRequest = false, Verb = path?.Verb ?? "", Path = path?.Path ?? "",
        }
        : new()
        {
            User = user,
            Verb = resource.Verb ?? "",
            Group = resource.Group ?? "",
            Version = resource.Version ?? "",
            Resource = resource.Resource ?? "",
            Subresource = resource.Subresource ?? "",
            Namespace = resource.NamespaceProperty ?? "",
            Name = resource.Name ?? "",
            FieldSelector = resource.FieldSelector is { } fields ? Text(fields) : "",
            LabelSelector = resource.LabelSelector is { } labels ? Text(labels) : "",
        };

    /// <summary>What of the selectors counts for nothing, since it cannot be read, in upstream's words.</summary>
    public static IEnumerable<string> Ignored(V1ResourceAttributes? resource)
    {
        if (resource?.FieldSelector is { } fields
            && Ignored(
                "fieldSelector", FieldSelector.IsReadable(fields.RawSelector),
                [.. (fields.Requirements ?? []).Select(IsKnown)]) is { } ofFields)
        {
            yield return ofFields;
        }

        if (resource?.LabelSelector is { } labels
            && Ignored(
                "labelSelector", LabelSelector.Parse(labels.RawSelector).Succeeded,
                [.. (labels.Requirements ?? []).Select(IsKnown)]) is { } ofLabels)
        {
            yield return ofLabels;
        }
    }

    private static string? Ignored(string field, bool isReadable, bool[] requirements)
    {
        var isWhole = requirements.Length > 0 ? Array.TrueForAll(requirements, static isKnown => isKnown) : isReadable;
        var part = requirements.Contains(true) ? "partially " : "";
        return isWhole ? null : $"spec.resourceAttributes.{field} {part}ignored due to parse error";
    }

    /// <summary>A key that holds signs of selectors would be read as something else.</summary>
    private static bool IsKnown(V1FieldSelectorRequirement requirement) =>
        requirement.OperatorProperty is "In" or "NotIn" && requirement.Values is { Count: 1 }
        && (requirement.Key ?? "").AsSpan().IndexOfAny(@"=!,\") < 0;

    private static bool IsKnown(V1LabelSelectorRequirement requirement) =>
        requirement.OperatorProperty is "In" or "NotIn" or "Exists" or "DoesNotExist";

    /// <summary>A field selector has no lists: a requirement that needs one demands nothing.</summary>
    private static string Text(V1FieldSelectorAttributes selector) => selector.RawSelector is { Length: > 0 } raw
        ? raw
        : string.Join(',', (selector.Requirements ?? []).Where(IsKnown).Select(static r =>
            $"{r.Key}{(r.OperatorProperty == "In" ? "=" : "!=")}{FieldSelector.Escape(r.Values[0])}"));

    private static string Text(V1LabelSelectorAttributes selector) => selector.RawSelector is { Length: > 0 } raw
        ? raw
        : string.Join(',', (selector.Requirements ?? []).Select(r => r.OperatorProperty switch
        {
            "In" => $"{r.Key} in ({string.Join(',', r.Values ?? [])})",
            "NotIn" => $"{r.Key} notin ({string.Join(',', r.Values ?? [])})",
            "Exists" => r.Key,
            "DoesNotExist" => $"!{r.Key}",
            _ => "",
        }).Where(t => t.Length > 0));
}
