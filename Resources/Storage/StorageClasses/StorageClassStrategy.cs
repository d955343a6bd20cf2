using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Storage.StorageClasses;

/// <summary>The rules of StorageClasses.</summary>
public sealed class StorageClassStrategy : ResourceStrategy<V1StorageClass>
{
    /// <summary>Upstream says once for each equal term before that a term is one too many; some are enough.</summary>
    private const int MaxRepeats = 16;

    public const string Immediate = "Immediate";

    private const string DefaultClassAnnotation = "storageclass.kubernetes.io/is-default-class";
    private const string BetaDefaultClassAnnotation = "storageclass.beta.kubernetes.io/is-default-class";
    private const string Delete = "Delete";

    private static readonly string[] ReclaimPolicies = [Delete, "Retain"];
    private static readonly string[] BindingModes = [Immediate, "WaitForFirstConsumer"];
    private static readonly FieldPath ReclaimPolicyPath = FieldPath.Of("reclaimPolicy");
    private static readonly FieldPath BindingModePath = FieldPath.Of("volumeBindingMode");

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new("Provisioner", "string", "", "provisioner indicates the type of the provisioner."),
        new(
            "ReclaimPolicy",
            "string",
            "",
            "reclaimPolicy controls the reclaimPolicy for dynamically provisioned PersistentVolumes of this " +
            "storage class. Defaults to Delete."),
        new(
            "VolumeBindingMode",
            "string",
            "",
            "volumeBindingMode indicates how PersistentVolumeClaims should be provisioned and bound.  When " +
            "unset, VolumeBindingImmediate is " +
            "used. This field is only honored by servers that enable the VolumeScheduling feature."),
        new(
            "AllowVolumeExpansion",
            "string",
            "",
            "allowVolumeExpansion shows whether the storage class allow volume expand."),
        TableColumns.Age,
    ];

    /// <summary>True for a class that claims without one get.</summary>
    public static bool IsDefault(V1StorageClass item) =>
        item.GetAnnotation(DefaultClassAnnotation) == "true"
        || item.GetAnnotation(BetaDefaultClassAnnotation) == "true";

    public override IReadOnlyList<object?> Cells(V1StorageClass item, DateTimeOffset now) =>
    [
        IsDefault(item) ? $"{item.Metadata.Name} (default)" : item.Metadata.Name,
        item.Provisioner,
        item.ReclaimPolicy ?? Delete,
        item.VolumeBindingMode ?? Immediate,
        item.AllowVolumeExpansion ?? false,
        TableColumns.AgeOf(item, now),
    ];

    public override void SetDefaults(V1StorageClass item)
    {
        ModelShape.Normalize(item);
        item.ReclaimPolicy ??= Delete;
        item.VolumeBindingMode ??= Immediate;
    }

    public override void Validate(V1StorageClass item, FieldErrors errors)
    {
        StorageRules.Provisioner(item.Provisioner, FieldPath.Of("provisioner"), errors);
        StorageRules.Parameters(item.Parameters, errors);
        if (!string.IsNullOrEmpty(item.ReclaimPolicy) && !ReclaimPolicies.Contains(item.ReclaimPolicy))
        {
            errors.NotSupported(ReclaimPolicyPath, item.ReclaimPolicy, ReclaimPolicies);
        }

        if (!BindingModes.Contains(item.VolumeBindingMode))
        {
            errors.NotSupported(BindingModePath, item.VolumeBindingMode, BindingModes);
        }

        ValidateTopologies(item.AllowedTopologies ?? [], errors);
    }

    public override void ValidateUpdate(V1StorageClass item, V1StorageClass old, string subresource, FieldErrors errors)
    {
        ObjectMetaRules.ValidateCreate(item.Metadata, namespaced: false, ValidateName, errors);
        Validate(item, errors);
        if (!Maps.Same(item.Parameters, old.Parameters))
        {
            errors.Invalid(FieldPath.Of("parameters"), InternalForm.Shown(item.Parameters), FieldErrors.IsImmutable);
        }

        errors.Immutable(FieldPath.Of("provisioner"), item.Provisioner, old.Provisioner);
        errors.Immutable(ReclaimPolicyPath, item.ReclaimPolicy, old.ReclaimPolicy);
        errors.Immutable(BindingModePath, item.VolumeBindingMode, old.VolumeBindingMode);
    }

    public override IEnumerable<string> Warnings(V1StorageClass item, V1StorageClass? old)
    {
        var terms = FieldPath.Of("allowedTopologies");
        for (var i = 0; i < (item.AllowedTopologies?.Count ?? 0); i++)
        {
            var expressions = item.AllowedTopologies![i].MatchLabelExpressions ?? [];
            for (var j = 0; j < expressions.Count; j++)
            {
                if (PodWarnings.NodeLabel(expressions[j].Key) is { } message)
                {
                    yield return $"{terms.Index(i).Child("matchLabelExpressions").Index(j).Child("key")}: {message}";
                }
            }
        }
    }

    private static void ValidateTopologies(IList<V1TopologySelectorTerm> terms, FieldErrors errors)
    {
        // As many empty terms stand before the first one: upstream's slip, which makes a term without expressions bad.
        var seen = new Dictionary<string, int>(StringComparer.Ordinal) { [""] = terms.Count };
        for (var i = 0; i < terms.Count; i++)
        {
            var path = FieldPath.Of("allowedTopologies").Index(i).Child("matchLabelExpressions");
            var term = ValidateTerm(terms[i], path, errors);
            var before = seen.GetValueOrDefault(term);
            for (var repeat = 0; repeat < Math.Min(before, MaxRepeats); repeat++)
            {
                errors.Duplicate(path, "");
            }

            seen[term] = before + 1;
        }
    }

    /// <summary>Findings on one term; returns what it says in one form, so that two can be compared.</summary>
    private static string ValidateTerm(V1TopologySelectorTerm term, FieldPath path, FieldErrors errors)
    {
        var values = new SortedDictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < (term.MatchLabelExpressions?.Count ?? 0); i++)
        {
            var expression = term.MatchLabelExpressions![i];
            var key = expression.Key ?? "";
            ValidateValues(expression.Values ?? [], path.Index(i).Child("values"), errors);
            errors.InvalidEach(path.Index(i).Child("key"), key, NameRules.QualifiedName(key));
            if (values.ContainsKey(key))
            {
                errors.Duplicate(path.Index(i).Child("key"), key);
            }

            values[key] = GoText.Strings((expression.Values ?? []).Distinct().Order(StringComparer.Ordinal));
        }

        return string.Concat(values.Select(p => GoText.Quote(p.Key) + p.Value));
    }

    private static void ValidateValues(IList<string> values, FieldPath path, FieldErrors errors)
    {
        if (values.Count == 0)
        {
            errors.Required(path);
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < values.Count; i++)
        {
            if (!seen.Add(values[i]))
            {
                errors.Duplicate(path.Index(i), values[i]);
            }
        }
    }
}
