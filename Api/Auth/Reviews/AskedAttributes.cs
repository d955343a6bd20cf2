using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;

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

    /// <summary>A field selector has no lists: a requirement that needs one demands nothing.</summary>
    private static string Text(V1FieldSelectorAttributes selector) => selector.RawSelector is { Length: > 0 } raw
        ? raw
        : string.Join(',', (selector.Requirements ?? []).Select(r => (r.OperatorProperty, r.Values) switch
        {
            ("In", [var value]) => $"{r.Key}={value}",
            ("NotIn", [var value]) => $"{r.Key}!={value}",
            _ => "",
        }).Where(t => t.Length > 0));

    private static string Text(V1LabelSelectorAttributes selector) => selector.RawSelector is { Length: > 0 } raw
        ? raw
        : string.Join(',', (selector.Requirements ?? []).Select(r => r.OperatorProperty switch
        {
            "In" => $"{r.Key} in ({string.Join(',', r.Values ?? [])})",
            "NotIn" => $"{r.Key} notin ({string.Join(',', r.Values ?? [])})",
            "Exists" => r.Key,
            _ => $"!{r.Key}",
        }));
}
