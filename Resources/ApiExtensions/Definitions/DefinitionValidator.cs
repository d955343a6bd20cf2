using k8s.Models;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.Definitions;

/// <summary>
/// Findings on the spec of a CustomResourceDefinition. Paths are those of upstream's internal form, in which what all
/// versions have in common (schema, subresources, columns) stands in the spec itself.
/// </summary>
/// <param name="errors">Takes the findings.</param>
public sealed class DefinitionValidator(FieldErrors errors)
{
    private const string MixedCase = "may have mixed case, but should otherwise match: ";

    private static readonly FieldPath Spec = FieldPath.Of("spec");
    private static readonly FieldPath Versions = Spec.Child("versions");
    private static readonly FieldPath StoredVersions = FieldPath.Of("status", "storedVersions");
    private static readonly string[] Scopes = ["Cluster", "Namespaced"];

    /// <summary>Findings on the whole, and on what an update may not change.</summary>
    public void Validate(V1CustomResourceDefinition item, V1CustomResourceDefinition? old = null)
    {
        var spec = item.Spec;
        ValidateGroup(spec.Group ?? "");
        ValidateScope(spec.Scope ?? "");
        IReadOnlyList<V1CustomResourceDefinitionVersion> versions = [.. spec.Versions ?? []];
        var common = CommonParts.Of(versions);
        ValidateSchemasAreThere(versions, old);
        if (spec.PreserveUnknownFields == true && versions.Any(v => JsonSchema.Of(v.Schema)?.HasDefaults == true))
        {
            errors.Invalid(
                Spec.Child("preserveUnknownFields"), true, "must be false in order to use defaults in the schema");
        }

        ValidateVersions(versions, common, spec.Versions is null);
        ValidateRequiredNames(spec.Names);
        ValidateNames(spec.Names, Spec.Child("names"), errors);
        ValidateCommonParts(versions, common);
        if (spec is { PreserveUnknownFields: true, Conversion.Strategy: not "None" })
        {
            errors.Invalid(
                Spec.Child("conversion", "strategy"), spec.Conversion.Strategy ?? "",
                "must be None if spec.preserveUnknownFields is true");
        }

        ConversionRules.Validate(
            spec.Conversion, ConversionRules.MayHaveInvalidBundle(old), Spec.Child("conversion"), errors);
        if (old is not null)
        {
            ValidateUnchanged(item, old);
        }

        ValidateStatus(item, errors);
    }

    /// <summary>Findings on the status.</summary>
    public static void ValidateStatus(V1CustomResourceDefinition item, FieldErrors errors)
    {
        if (item.Status?.AcceptedNames is { } names)
        {
            ValidateNames(names, FieldPath.Of("status", "acceptedNames"), errors);
        }
    }

    /// <summary>Every version in which objects are stored must still be one.</summary>
    public static void ValidateStoredVersions(V1CustomResourceDefinition item, FieldErrors errors)
    {
        var stored = item.Status?.StoredVersions ?? [];
        if (stored.Count == 0)
        {
            errors.Invalid(StoredVersions, null, "must have at least one stored version");
        }

        var versions = item.Spec.Versions ?? [];
        var storedNames = stored.ToHashSet(StringComparer.Ordinal);
        foreach (var missing in versions.Where(v => v.Storage && stored.Count > 0 && !storedNames.Contains(v.Name)))
        {
            errors.Invalid(StoredVersions, stored, $"must have the storage version {missing.Name}");
        }

        var names = versions.Select(static v => v.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var (i, name) in stored.Index().Where(s => !names.Contains(s.Item)))
        {
            errors.Invalid(
                StoredVersions.Index(i), name,
                $"missing from spec.versions; {name} was previously a storage version, and must remain in "
                + "spec.versions until a storage migration ensures no data remains persisted in "
                + $"{name} and removes {name} from status.storedVersions");
        }
    }

    /// <summary>The old switch that no definition of this version may set.</summary>
    public static void ValidatePreserving(V1CustomResourceDefinition item, FieldErrors errors)
    {
        if (item.Spec.PreserveUnknownFields == true)
        {
            errors.Invalid(
                Spec.Child("preserveUnknownFields"), true,
                "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema "
                + "instead");
        }
    }

    private static void ValidateNames(V1CustomResourceDefinitionNames names, FieldPath path, FieldErrors errors)
    {
        Label(names.Plural, path.Child("plural"), errors);
        Label(names.Singular, path.Child("singular"), errors);
        Label(names.Kind, path.Child("kind"), errors, MixedCase);
        Label(names.ListKind, path.Child("listKind"), errors, MixedCase);
        foreach (var (i, name) in (names.ShortNames ?? []).Index())
        {
            Label(name, path.Child("shortNames").Index(i), errors, mayBeEmpty: false);
        }

        if (!string.IsNullOrEmpty(names.Kind) && names.Kind == names.ListKind)
        {
            errors.Invalid(path.Child("listKind"), names.ListKind, "kind and listKind may not be the same");
        }

        foreach (var (i, category) in (names.Categories ?? []).Index())
        {
            Label(category, path.Child("categories").Index(i), errors, mayBeEmpty: false);
        }
    }

    private static void Label(
        string? name, FieldPath path, FieldErrors errors, string prefix = "", bool mayBeEmpty = true)
    {
        var text = name ?? "";
        var complaints = string.Join(
            ",", NameRules.Dns1035Label(prefix.Length > 0 ? text.ToLowerInvariant() : text));
        if (complaints.Length > 0 && (text.Length > 0 || !mayBeEmpty))
        {
            errors.Invalid(path, text, prefix + complaints);
        }
    }

    private void ValidateGroup(string group)
    {
        var complaints = string.Join(",", NameRules.DnsSubdomain(group));
        if (group.Length == 0)
        {
            errors.Required(Spec.Child("group"));
        }
        else if (complaints.Length > 0)
        {
            errors.Invalid(Spec.Child("group"), group, complaints);
        }
        else if (!group.Contains('.', StringComparison.Ordinal))
        {
            errors.Invalid(Spec.Child("group"), group, "should be a domain with at least one dot");
        }
    }

    private void ValidateScope(string scope)
    {
        if (scope.Length == 0)
        {
            errors.Required(Spec.Child("scope"));
        }
        else if (!Scopes.Contains(scope))
        {
            errors.NotSupported(Spec.Child("scope"), scope, Scopes);
        }
    }

    /// <summary>Every version must have one, unless one had none before: then those that are served must.</summary>
    private void ValidateSchemasAreThere(
        IReadOnlyList<V1CustomResourceDefinitionVersion> versions, V1CustomResourceDefinition? old)
    {
        var isNew = old is null || old.Spec.Versions?.Any(static v => v.Schema?.OpenAPIV3Schema is null) != true;
        foreach (var (i, _) in versions.Index().Where(
            v => (isNew || v.Item.Served) && v.Item.Schema?.OpenAPIV3Schema is null))
        {
            errors.Required(
                Versions.Index(i).Child("schema", "openAPIV3Schema"),
                isNew ? "" : "because otherwise all fields are pruned");
        }
    }

    private void ValidateVersions(
        IReadOnlyList<V1CustomResourceDefinitionVersion> versions, CommonParts common, bool isMissing)
    {
        foreach (var (i, version) in versions.Index())
        {
            ValidateVersion(version, Versions.Index(i), common);
        }

        if (versions.Select(v => v.Name).Distinct(StringComparer.Ordinal).Count() != versions.Count)
        {
            errors.Invalid(Versions, Shown(versions), "must contain unique version names");
        }

        if (versions.Count(v => v.Storage) != 1)
        {
            errors.Invalid(
                Versions, isMissing ? null : Shown(versions),
                "must have exactly one version marked as storage version");
        }

        if (versions.Count > 0)
        {
            Label(versions[0].Name, Spec.Child("version"), errors);
        }
    }

    private void ValidateVersion(V1CustomResourceDefinitionVersion version, FieldPath path, CommonParts common)
    {
        Label(version.Name, path.Child("name"), errors, mayBeEmpty: false);
        if (version.DeprecationWarning is { } warning)
        {
            errors.InvalidEach(
                path.Child("deprecationWarning"), warning, DeprecationWarnings.Complaints(version, warning));
        }

        if (!common.Schema)
        {
            SchemaRules.Validate(version.Schema, HasStatus(version), path.Child("schema"), errors);
        }

        if (!common.Subresources)
        {
            SubresourceRules.ValidateScale(version.Subresources?.Scale, path.Child("subresources"), errors);
        }

        if (!common.Columns)
        {
            SubresourceRules.ValidateColumns(version, path.Child("additionalPrinterColumns"), errors);
        }

        if (!common.SelectableFields)
        {
            SubresourceRules.ValidateSelectable(
                version, common.Schema ? null : JsonSchema.Of(version.Schema), path.Child("selectableFields"),
                "may only be set when `version.schema.openAPIV3Schema` is not included", errors);
        }
    }

    /// <summary>What all versions have in common, where upstream has it.</summary>
    private void ValidateCommonParts(IReadOnlyList<V1CustomResourceDefinitionVersion> versions, CommonParts common)
    {
        if (versions.Count == 0)
        {
            return;
        }

        var first = versions[0];
        if (common.Schema)
        {
            SchemaRules.Validate(first.Schema, versions.Any(HasStatus), Spec.Child("validation"), errors);
        }

        if (common.Subresources)
        {
            SubresourceRules.ValidateScale(first.Subresources?.Scale, Spec.Child("subresources"), errors);
        }

        if (common.Columns)
        {
            SubresourceRules.ValidateColumns(first, Spec.Child("additionalPrinterColumns"), errors);
        }

        if (common.SelectableFields)
        {
            SubresourceRules.ValidateSelectable(
                first, common.Schema ? JsonSchema.Of(first.Schema) : null,
                Spec.Child("selectableFields"), "may only be set when validations.schema is included", errors);
        }
    }

    private void ValidateRequiredNames(V1CustomResourceDefinitionNames names)
    {
        (string Field, string? Value)[] required =
        [
            ("plural", names.Plural), ("singular", names.Singular), ("kind", names.Kind), ("listKind", names.ListKind),
        ];
        foreach (var (field, _) in required.Where(r => string.IsNullOrEmpty(r.Value)))
        {
            errors.Required(Spec.Child("names", field));
        }
    }

    private void ValidateUnchanged(V1CustomResourceDefinition item, V1CustomResourceDefinition old)
    {
        if (DefinitionConditions.IsTrue(old, DefinitionConditions.Established))
        {
            errors.Immutable(Spec.Child("scope"), item.Spec.Scope, old.Spec.Scope);
            errors.Immutable(Spec.Child("names", "kind"), item.Spec.Names.Kind, old.Spec.Names.Kind);
        }

        errors.Immutable(Spec.Child("group"), item.Spec.Group, old.Spec.Group);
        errors.Immutable(Spec.Child("names", "plural"), item.Spec.Names.Plural, old.Spec.Names.Plural);
    }

    private static bool HasStatus(V1CustomResourceDefinitionVersion version) =>
        version.Subresources?.Status is not null;

    /// <summary>Versions as upstream's internal form shows them.</summary>
    private static RawJson Shown(IReadOnlyList<V1CustomResourceDefinitionVersion> versions) => new(
        versions.Count == 0 ? "[]" : $"[{string.Join(',', versions.Select(v =>
            $"{{\"Name\":{GoText.Json(v.Name)},\"Served\":{GoText.Json(v.Served)},\"Storage\":{GoText.Json(v.Storage)},"
            + $"\"Deprecated\":{GoText.Json(v.Deprecated ?? false)},"
            + $"\"DeprecationWarning\":{GoText.Json(v.DeprecationWarning)},\"Schema\":null,\"Subresources\":null,"
            + "\"AdditionalPrinterColumns\":null,\"SelectableFields\":null}"))}]");
}
