using k8s.Models;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// apimachinery's validation of <c>metadata</c>, the same for all kinds. The pipeline calls it before the strategy's
/// own validation, into the same findings.
/// </summary>
public static class ObjectMetaRules
{
    /// <summary>All annotations of an object together, keys included.</summary>
    public const int AnnotationsMaxBytes = 256 * 1024;

    private const string OrphanFinalizer = "orphan";
    private const string ForegroundFinalizer = "foregroundDeletion";
    private const string NamespaceFinalizer = "kubernetes";
    private const string ImmutableMessage = "field is immutable";

    private static readonly FieldPath Metadata = FieldPath.Of("metadata");
    private static readonly FieldPath Name = Metadata.Child("name");
    private static readonly FieldPath GenerateName = Metadata.Child("generateName");
    private static readonly FieldPath Namespace = Metadata.Child("namespace");
    private static readonly FieldPath Generation = Metadata.Child("generation");
    private static readonly FieldPath Labels = Metadata.Child("labels");
    private static readonly FieldPath Annotations = Metadata.Child("annotations");
    private static readonly FieldPath Owners = Metadata.Child("ownerReferences");
    private static readonly FieldPath Finalizers = Metadata.Child("finalizers");

    /// <summary>Findings on the metadata of a new object.</summary>
    public static void ValidateCreate(V1ObjectMeta metadata, ResourceDefinition definition, FieldErrors errors) =>
        ValidateCreate(
            metadata, definition.Namespaced, definition.Strategy.ValidateName, errors,
            definition.Of.TakesAnyFinalizer);

    /// <summary>The same, for strategies that validate a whole object again on update.</summary>
    public static void ValidateCreate(
        V1ObjectMeta metadata, bool namespaced, Func<string, bool, IEnumerable<string>> nameRule, FieldErrors errors,
        bool takesAnyFinalizer = false)
    {
        if (!string.IsNullOrEmpty(metadata.GenerateName))
        {
            errors.InvalidEach(GenerateName, metadata.GenerateName, nameRule(metadata.GenerateName, true));
        }

        if (string.IsNullOrEmpty(metadata.Name))
        {
            errors.Required(Name, "name or generateName is required");
        }
        else
        {
            errors.InvalidEach(Name, metadata.Name, nameRule(metadata.Name, false));
        }

        ValidateNamespace(metadata.NamespaceProperty, namespaced, errors);
        if (metadata.Generation < 0)
        {
            errors.Invalid(Generation, metadata.Generation, "must be greater than or equal to 0");
        }

        ValidateCommon(metadata, errors);
        if (!takesAnyFinalizer)
        {
            ValidateStandardFinalizers(metadata.Finalizers, errors);
        }
    }

    /// <summary>
    /// Findings on the metadata of an update. Upstream looks at the new metadata once, and twice (rest.BeforeUpdate and
    /// the strategy) at what may not change, so that a finding can be several causes; the message names it once.
    /// </summary>
    public static void ValidateUpdate(
        V1ObjectMeta metadata, V1ObjectMeta old, FieldErrors errors, bool takesAnyFinalizer = false)
    {
        ValidateCommon(metadata, errors);
        if (!takesAnyFinalizer)
        {
            ValidateStandardFinalizers(metadata.Finalizers, errors);
        }

        var before = errors.Count;
        ValidateUpdateOnce(metadata, old, errors);
        if (errors.Count != before)
        {
            ValidateUpdateOnce(metadata, old, errors);
        }
    }

    /// <summary>For updates of a part that leave all metadata as it was.</summary>
    public static void Keep(V1ObjectMeta metadata, V1ObjectMeta old)
    {
        metadata.Labels = old.Labels;
        metadata.Annotations = old.Annotations;
        metadata.Finalizers = old.Finalizers;
        metadata.OwnerReferences = old.OwnerReferences;
        metadata.GenerateName = old.GenerateName;
        metadata.Generation = old.Generation;
        metadata.DeletionTimestamp = old.DeletionTimestamp;
        metadata.DeletionGracePeriodSeconds = old.DeletionGracePeriodSeconds;
    }

    /// <summary>A change of the specification is a new generation; without one the old generation stays.</summary>
    public static void CountGeneration<TSpec>(V1ObjectMeta metadata, V1ObjectMeta old, TSpec? spec, TSpec? oldSpec)
        where TSpec : class =>
        CountGeneration(metadata, old, ModelShape.SemanticEquals(spec, oldSpec));

    /// <summary>The same for kinds where more, or less, than the specification counts.</summary>
    public static void CountGeneration(V1ObjectMeta metadata, V1ObjectMeta old, bool isSame) =>
        metadata.Generation = isSame ? old.Generation : (old.Generation ?? 0) + 1;

    /// <summary>Keys and values of a map of labels.</summary>
    public static void ValidateLabels(IDictionary<string, string>? labels, FieldPath path, FieldErrors errors)
    {
        if (labels is null)
        {
            return;
        }

        foreach (var (key, value) in labels)
        {
            if (!NameRules.IsQualifiedName(key))
            {
                errors.InvalidEach(path, key, NameRules.QualifiedName(key));
            }

            if (!NameRules.IsLabelValue(value))
            {
                errors.InvalidEach(path, value, NameRules.LabelValue(value));
            }
        }
    }

    /// <summary>Keys and total size of a map of annotations.</summary>
    public static void ValidateAnnotations(IDictionary<string, string>? annotations, FieldPath path, FieldErrors errors)
    {
        if (annotations is null)
        {
            return;
        }

        long size = 0;
        foreach (var (key, value) in annotations)
        {
            // Upper case is tolerated in annotation keys, prefixes included.
            if (!NameRules.IsQualifiedName(key))
            {
                errors.InvalidEach(path, key, NameRules.QualifiedName(key.ToLowerInvariant()));
            }

            size += NameRules.ByteCount(key) + NameRules.ByteCount(value);
        }

        if (size > AnnotationsMaxBytes)
        {
            errors.TooLong(path, AnnotationsMaxBytes);
        }
    }

    private static void ValidateUpdateOnce(V1ObjectMeta metadata, V1ObjectMeta old, FieldErrors errors)
    {
        if (old.DeletionTimestamp is not null)
        {
            ValidateNoNewFinalizers(metadata.Finalizers ?? [], old.Finalizers ?? [], errors);
        }

        if (string.IsNullOrEmpty(metadata.ResourceVersion))
        {
            errors.Invalid(Metadata.Child("resourceVersion"), "", "must be specified for an update");
        }

        if ((metadata.Generation ?? 0) < (old.Generation ?? 0))
        {
            errors.Invalid(Generation, metadata.Generation ?? 0, "must not be decremented");
        }

        Immutable(Name, metadata.Name ?? "", old.Name ?? "", errors);
        Immutable(Namespace, metadata.NamespaceProperty ?? "", old.NamespaceProperty ?? "", errors);
        Immutable(Metadata.Child("uid"), metadata.Uid ?? "", old.Uid ?? "", errors);
        ImmutableTime("creationTimestamp", metadata.CreationTimestamp, old.CreationTimestamp, errors);
        ImmutableTime("deletionTimestamp", metadata.DeletionTimestamp, old.DeletionTimestamp, errors);
        if (metadata.DeletionGracePeriodSeconds != old.DeletionGracePeriodSeconds)
        {
            errors.Invalid(
                Metadata.Child("deletionGracePeriodSeconds"), metadata.DeletionGracePeriodSeconds, ImmutableMessage);
        }

        ValidateCommon(metadata, errors);
    }

    private static void ValidateCommon(V1ObjectMeta metadata, FieldErrors errors)
    {
        ValidateLabels(metadata.Labels, Labels, errors);
        ValidateAnnotations(metadata.Annotations, Annotations, errors);
        ValidateOwners(metadata.OwnerReferences, errors);
        ValidateFinalizers(metadata.Finalizers, errors);
    }

    private static void ValidateNamespace(string? name, bool namespaced, FieldErrors errors)
    {
        if (!namespaced)
        {
            if (!string.IsNullOrEmpty(name))
            {
                errors.Forbidden(Namespace, "not allowed on this type");
            }
        }
        else if (string.IsNullOrEmpty(name))
        {
            errors.Required(Namespace);
        }
        else
        {
            errors.InvalidEach(Namespace, name, NameRules.DnsLabel(name));
        }
    }

    private static void ValidateOwners(IList<V1OwnerReference>? owners, FieldErrors errors)
    {
        string? controller = null;
        foreach (var owner in owners ?? [])
        {
            ValidateOwner(owner, errors);
            if (owner.Controller != true)
            {
                continue;
            }

            var current = $"{owner.Kind}/{owner.Name}";
            if (controller is not null)
            {
                errors.Invalid(
                    Owners,
                    owners!.Select(ToJson),
                    $"Only one reference can have Controller set to true. Found \"true\" in references for {controller} and {current}");
            }

            controller ??= current;
        }
    }

    private static void ValidateOwner(V1OwnerReference owner, FieldErrors errors)
    {
        var parts = (owner.ApiVersion ?? "").Split('/');
        var version = parts.Length <= 2 ? parts[^1] : "";
        if (version.Length == 0)
        {
            errors.Invalid(Owners.Child("apiVersion"), owner.ApiVersion ?? "", "version must not be empty");
        }

        NotEmpty(Owners.Child("kind"), owner.Kind, errors);
        NotEmpty(Owners.Child("name"), owner.Name, errors);
        NotEmpty(Owners.Child("uid"), owner.Uid, errors);
        if (owner is { ApiVersion: "v1", Kind: "Event" })
        {
            errors.Invalid(Owners, ToJson(owner), "/v1, Kind=Event is disallowed from being an owner");
        }
    }

    private static void NotEmpty(FieldPath path, string? value, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(value))
        {
            errors.Invalid(path, "", "must not be empty");
        }
    }

    /// <summary>In the field order of Go's struct.</summary>
    private static RawJson ToJson(V1OwnerReference owner)
    {
        var controller = owner.Controller is { } flag ? $",\"controller\":{GoText.Json(flag)}" : "";
        var blocks = owner.BlockOwnerDeletion is { } block ? $",\"blockOwnerDeletion\":{GoText.Json(block)}" : "";
        return new RawJson(
            $"{{\"apiVersion\":{GoText.Json(owner.ApiVersion ?? "")},\"kind\":{GoText.Json(owner.Kind ?? "")}," +
            $"\"name\":{GoText.Json(owner.Name ?? "")},\"uid\":{GoText.Json(owner.Uid ?? "")}{controller}{blocks}}}");
    }

    private static void ValidateFinalizers(IList<string>? finalizers, FieldErrors errors)
    {
        if (finalizers is null)
        {
            return;
        }

        foreach (var finalizer in finalizers)
        {
            if (!NameRules.IsQualifiedName(finalizer))
            {
                errors.InvalidEach(Finalizers, finalizer, NameRules.QualifiedName(finalizer));
            }
        }

        if (finalizers.Contains(OrphanFinalizer) && finalizers.Contains(ForegroundFinalizer))
        {
            errors.Invalid(
                Finalizers, finalizers, $"finalizer {OrphanFinalizer} and {ForegroundFinalizer} cannot be both set");
        }
    }

    private static void ValidateNoNewFinalizers(IList<string> finalizers, IList<string> old, FieldErrors errors)
    {
        var added = finalizers.Except(old, StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        if (added.Count != 0)
        {
            errors.Forbidden(
                Finalizers,
                "no new finalizers can be added if the object is being deleted, found new finalizers " + GoText.Strings(added));
        }
    }

    private static void ValidateStandardFinalizers(IList<string>? finalizers, FieldErrors errors)
    {
        for (var i = 0; i < (finalizers?.Count ?? 0); i++)
        {
            ValidateFinalizerName(finalizers![i], Finalizers.Index(i), errors);
        }
    }

    /// <summary>A finalizer without a domain must be one of Kubernetes' own.</summary>
    public static void ValidateFinalizerName(string finalizer, FieldPath path, FieldErrors errors)
    {
        if (!finalizer.Contains('/', StringComparison.Ordinal) &&
            finalizer is not (OrphanFinalizer or ForegroundFinalizer or NamespaceFinalizer))
        {
            errors.Invalid(path, finalizer, "name is neither a standard finalizer name nor is it fully qualified");
        }
    }

    private static void Immutable(FieldPath path, string value, string old, FieldErrors errors)
    {
        if (!string.Equals(value, old, StringComparison.Ordinal))
        {
            errors.Invalid(path, value, ImmutableMessage);
        }
    }

    private static void ImmutableTime(string field, DateTime? value, DateTime? old, FieldErrors errors)
    {
        if (value != old)
        {
            var text = value?.ToApiText();
            errors.Invalid(Metadata.Child(field), text, ImmutableMessage);
        }
    }
}
