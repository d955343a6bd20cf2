using System.Text.Json;
using k8s.Models;
using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.ResourceQuotas;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>Reads a ResourceQuotaConfiguration and checks it by upstream's rules.</summary>
public static class QuotaLimitsReader
{
    private const string OldGroup = "resourcequota.admission.k8s.io";

    private static readonly ConfigurationKind[] Kinds =
    [
        new("ResourceQuotaConfiguration", $"{ConfigurationFile.Group}/v1"),
        new("Configuration", $"{OldGroup}/v1beta1", $"{OldGroup}/v1alpha1"),
    ];

    /// <summary>A configuration in a file of its own.</summary>
    /// <exception cref="ConfigurationException">Something is wrong with it; all of it is told.</exception>
    public static QuotaLimits Read(ReadOnlySpan<byte> content) =>
        ConfigurationFile.ReadLeniently(content, Kinds, Read).Value;

    /// <summary>A configuration in an AdmissionConfiguration.</summary>
    /// <exception cref="ConfigurationException">Something is wrong with it; all of it is told.</exception>
    public static QuotaLimits Read(JsonElement content) =>
        ConfigurationFile.ReadLeniently(content, Kinds, Read).Value;

    private static QuotaLimits Read(ConfigurationNode root)
    {
        var limits = new QuotaLimits([.. root.Children("limitedResources").Select(ReadLimit)]);
        var errors = new FieldErrors();
        foreach (var (i, limit) in limits.Resources.Index())
        {
            if (limit.Resource.Plural.Length == 0)
            {
                errors.Required(FieldPath.Of("limitedResources").Index(i).Child("resource"));
            }
        }

        return errors.Count == 0 ? limits : throw new ConfigurationException(errors.ToText());
    }

    private static LimitedResource ReadLimit(ConfigurationNode node) => new(
        new ResourceName(node.Text("apiGroup"), node.Text("resource")),
        node.Texts("matchContains"),
        [
            .. node.Children("matchScopes").Select(static s => new V1ScopedResourceSelectorRequirement
            {
                ScopeName = s.Text("scopeName"), OperatorProperty = s.Text("operator"), Values = [.. s.Texts("values")],
            }),
        ]);
}
