using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.ApiExtensions.Definitions;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Resources.ApiExtensions.CustomObjects;

/// <summary>The kinds that CustomResourceDefinitions make, as rows like those of the built-in kinds.</summary>
public static class CustomKinds
{
    /// <summary>In the order in which upstream's discovery has them.</summary>
    private static readonly string[] Verbs =
        ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];

    /// <summary>The kind of a definition; null while it has none: its names are not accepted yet.</summary>
    /// <param name="item">The definition, from which schemas are read when objects need them.</param>
    /// <param name="webhooks">Makes conversions that ask webhooks.</param>
    public static ResourceKind? Of(ResourceObject item, WebhookConversionFactory webhooks)
    {
        var definition = item.As<V1CustomResourceDefinition>();
        if (!DefinitionConditions.IsTrue(definition, DefinitionConditions.Established))
        {
            return null;
        }

        var (spec, names) = (definition.Spec, definition.Status.AcceptedNames);
        var stored = spec.Versions.First(v => v.Storage);
        var strategies = spec.Versions.ToDictionary(
            v => v.Name,
            v => new CustomObjectStrategy(SchemaOf(item, new SchemaKind(spec.Group, v.Name, names.Kind)), v),
            StringComparer.Ordinal);
        // Objects may be stored as an earlier definition had it, or with the defaults of another version.
        var isStoredAsShown = definition.Metadata.Generation <= 1 && spec.Versions.Count == 1;
        var versions = strategies.Select(s => new ConvertedVersion($"{spec.Group}/{s.Key}", s.Value))
            .ToDictionary(static v => v.ApiVersion, StringComparer.Ordinal);
        ConvertedVersion VersionOf(string name) => versions[$"{spec.Group}/{name}"];
        return new ResourceKind
        {
            Name = new ResourceName(spec.Group, names.Plural), Kind = names.Kind, Singular = names.Singular ?? "",
            ListKind = names.ListKind, Namespaced = spec.Scope == "Namespaced", IsCustom = true,
            TakesAnyFinalizer = true, Verbs = Verbs,
            ShortNames = [.. names.ShortNames ?? []], Categories = [.. names.Categories ?? []],
            StoragePlace = $"{spec.Group}/{names.Plural}",
            IndexedFields = [.. strategies[stored.Name].SelectableFields.Select(f => f.Label)],
            CreationRefusal = definition.Metadata.DeletionTimestamp is null
                ? null
                : "create not allowed while custom resource definition is terminating",
            Versions =
            [
                .. spec.Versions.OrderBy(v => v.Name, KubeVersion.BestFirst).Select(v => new ResourceDefinition(
                    v.Name, strategies[v.Name])
                {
                    IsServed = v.Served,
                    Scale = CustomObjectStrategy.ScaleOf(v),
                    Subresources = [.. SubresourcesOf(v)],
                    DeprecationWarning = WarningOf(spec, v),
                    IsStorage = v.Storage,
                    Conversion = isStoredAsShown ? null : Convert(
                        spec.Conversion, webhooks,
                        new ConvertedVersions(VersionOf(v.Name), VersionOf(stored.Name), versions)),
                }),
            ],
        };
    }

    /// <summary>Holds on to the definition as it is stored, not to its typed form, which takes five times as much.
    /// </summary>
    private static VersionSchema SchemaOf(ResourceObject item, SchemaKind kind) => new(
        kind,
        () => JsonSchema.Of(
            item.As<V1CustomResourceDefinition>().Spec.Versions.First(v => v.Name == kind.Version).Schema));

    private static IObjectConversion Convert(
        V1CustomResourceConversion? conversion, WebhookConversionFactory webhooks, ConvertedVersions versions) =>
        conversion is { Strategy: "Webhook" } ? webhooks(conversion, versions) : new VersionConversion(versions);

    private static IEnumerable<SubresourceDefinition> SubresourcesOf(V1CustomResourceDefinitionVersion version)
    {
        if (version.Subresources?.Status is not null)
        {
            yield return SubresourceDefinition.Status;
        }

        if (version.Subresources?.Scale is not null)
        {
            yield return SubresourceDefinition.Scale;
        }
    }

    /// <summary>Upstream's words where the definition has none of its own.</summary>
    private static string? WarningOf(V1CustomResourceDefinitionSpec spec, V1CustomResourceDefinitionVersion version)
    {
        if (version.Deprecated != true)
        {
            return null;
        }

        var better = spec.Versions.Where(v => v.Served && v.Deprecated != true && v.Name != version.Name)
            .Select(v => v.Name).Order(KubeVersion.BestFirst).FirstOrDefault();
        var instead = better is not null && KubeVersion.BestFirst.Compare(better, version.Name) < 0
            ? $"; use {spec.Group}/{better} {spec.Names.Kind}"
            : "";
        return version.DeprecationWarning
            ?? $"{spec.Group}/{version.Name} {spec.Names.Kind} is deprecated{instead}";
    }
}
