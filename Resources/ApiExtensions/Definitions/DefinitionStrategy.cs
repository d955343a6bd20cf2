using k8s;
using k8s.Models;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.Definitions;

/// <summary>The rules of CustomResourceDefinitions.</summary>
public sealed class DefinitionStrategy : ResourceStrategy<V1CustomResourceDefinition>, IMarkedDeletion
{
    /// <summary>Keeps a definition until none of its objects is left.</summary>
    public const string Finalizer = "customresourcecleanup.apiextensions.k8s.io";


    public override bool AllowUnconditionalUpdate => false;

    public override void SetDefaults(V1CustomResourceDefinition item)
    {
        item.Spec ??= new V1CustomResourceDefinitionSpec();
        item.Spec.Names ??= new V1CustomResourceDefinitionNames();
        item.Spec.Versions = item.Spec.Versions is { } versions
            ? [.. versions.OfType<V1CustomResourceDefinitionVersion>()]
            : null;
        item.Status ??= new V1CustomResourceDefinitionStatus();
        item.Status.AcceptedNames ??= new V1CustomResourceDefinitionNames();
        var names = item.Spec.Names;
        if (string.IsNullOrEmpty(names.Singular))
        {
            names.Singular = (names.Kind ?? "").ToLowerInvariant();
        }

        if (string.IsNullOrEmpty(names.ListKind) && !string.IsNullOrEmpty(names.Kind))
        {
            names.ListKind = $"{names.Kind}List";
        }

        if (item.Status.StoredVersions is null or { Count: 0 })
        {
            NoteStored(item);
        }

        item.Spec.Conversion ??= new V1CustomResourceConversion { Strategy = "None" };
        if (item.Spec.Conversion.Webhook?.ClientConfig?.Service is { } service)
        {
            service.Port ??= WebhookService.DefaultPort;
        }
    }

    public override void PrepareForCreate(V1CustomResourceDefinition item)
    {
        item.Metadata.Generation = 1;
        item.Status = new V1CustomResourceDefinitionStatus { AcceptedNames = new V1CustomResourceDefinitionNames() };
        NoteStored(item);
    }

    public override void PrepareForUpdate(
        V1CustomResourceDefinition item, V1CustomResourceDefinition old, string subresource)
    {
        if (subresource == "status")
        {
            // Upstream means to keep the metadata too, and takes it from the wrong one of the two.
            item.Spec = old.Spec;
            return;
        }

        item.Status = ResourceCodec.Decode<V1CustomResourceDefinition>(ResourceCodec.Encode(old)).Status;
        var isSame = ResourceCodec.Encode(item.Spec).AsSpan().SequenceEqual(ResourceCodec.Encode(old.Spec));
        ObjectMetaRules.CountGeneration(item.Metadata, old.Metadata, isSame);
        NoteStored(item);
    }

    public override void Validate(V1CustomResourceDefinition item, FieldErrors errors)
    {
        var wanted = $"{item.Spec.Names.Plural}.{item.Spec.Group}";
        if (item.Metadata.Name != wanted)
        {
            errors.Invalid(
                FieldPath.Of("metadata", "name"), item.Metadata.Name, "must be spec.names.plural+\".\"+spec.group");
        }

        new DefinitionValidator(errors).Validate(item);
        DefinitionValidator.ValidateStoredVersions(item, errors);
        ApiApproval.Validate(item, null, errors);
        DefinitionValidator.ValidatePreserving(item, errors);
    }

    public override void ValidateUpdate(
        V1CustomResourceDefinition item, V1CustomResourceDefinition old, string subresource, FieldErrors errors)
    {
        if (subresource == "status")
        {
            DefinitionValidator.ValidateStatus(item, errors);
            return;
        }

        new DefinitionValidator(errors).Validate(item, old);
        DefinitionValidator.ValidateStoredVersions(item, errors);
        ApiApproval.Validate(item, old, errors);
        if (old.Spec.PreserveUnknownFields != true)
        {
            DefinitionValidator.ValidatePreserving(item, errors);
        }
    }

    public override IEnumerable<string> Warnings(V1CustomResourceDefinition item, V1CustomResourceDefinition? old)
    {
        var before = old is null ? [] : UnknownFormats(old).ToHashSet(StringComparer.Ordinal);
        return UnknownFormats(item).Where(f => !before.Contains(f))
            .Select(static f => $"unrecognized format {GoText.Quote(f)}");
    }

    /// <inheritdoc/>
    public void MarkDeletion(IKubernetesObject<V1ObjectMeta> item, DateTime now)
    {
        var definition = (V1CustomResourceDefinition)item;
        definition.Metadata.DeletionTimestamp = now;
        if (definition.Metadata.Finalizers?.Contains(Finalizer) != true)
        {
            definition.Metadata.Finalizers = [.. definition.Metadata.Finalizers ?? [], Finalizer];
        }

        DefinitionConditions.Set(
            definition,
            DefinitionConditions.Of(
                DefinitionConditions.Terminating, true, "InstanceDeletionPending",
                "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon"),
            now);
    }

    private static IEnumerable<string> UnknownFormats(V1CustomResourceDefinition item) =>
        (item.Spec.Versions ?? []).Select(v => JsonSchema.Of(v.Schema)).OfType<JsonSchema>()
            .SelectMany(s => s.All()).Select(s => s.Format)
            .Where(f => f.Length > 0 && !SchemaFormats.IsKnown(f));

    private static void NoteStored(V1CustomResourceDefinition item)
    {
        if (item.Spec.Versions?.FirstOrDefault(v => v.Storage) is { } stored
            && item.Status.StoredVersions?.Contains(stored.Name) != true)
        {
            item.Status.StoredVersions = [.. item.Status.StoredVersions ?? [], stored.Name];
        }
    }
}
