using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Writing;

/// <summary>Creates objects: admission, system fields, strategy, validation, commit.</summary>
public sealed class ObjectCreator(
    ObjectStore store, AdmissionChain admission, ResourceCatalog catalog, TimeProvider time)
{
    /// <summary>Attempts at a generated name; upstream's number.</summary>
    private const int MaxNameAttempts = 8;

    /// <summary>Creates a decoded object.</summary>
    public async ValueTask<Outcome<WriteResult>> CreateAsync(WriteContext context, IKubernetesObject<V1ObjectMeta> item)
    {
        if (context.Definition.Of.CreationRefusal is { } refusal)
        {
            return StatusErrors.Forbidden(context.Resource, item.Metadata.Name ?? "", refusal);
        }

        if (PlaceInNamespace(context, item.Metadata) is { } misplaced)
        {
            return misplaced;
        }

        var owners = item.Metadata.ManagedFields;
        MetadataStamp.Wipe(item.Metadata);
        if (!context.Options.IsPatch)
        {
            OwnerReferences.Deduplicate(context, item.Metadata, isAdmitted: false);
        }

        context.Definition.Strategy.SetDefaults(item);
        MetadataStamp.Normalize(item, context.Definition);
        FieldOwners.Stamp(context, item, owners, null, time.GetUtcNow());
        var chosen = TakeChosenName(context, item.Metadata);
        var scope = admission.Open(AdmissionAttributes.OfCreate(context, item.Metadata.Name ?? "", item));
        var outcome = await AdmitAndCommitAsync(context, scope, chosen);
        await scope.EndAsync();
        return outcome;
    }

    /// <summary>
    /// Controllers choose the names of their children, where upstream's have them generated: there is none then before
    /// the last mutation, and refusals name the prefix. Some kinds name their pods there too.
    /// </summary>
    private string? TakeChosenName(WriteContext context, V1ObjectMeta metadata)
    {
        var name = metadata.Name;
        if (context.Options != WriteOptions.Internal
            || string.IsNullOrEmpty(metadata.GenerateName)
            || name?.StartsWith(metadata.GenerateName, StringComparison.Ordinal) != true
            || metadata.OwnerReferences?.Any(o => o.Controller == true && NamesItsPods(o)) == true)
        {
            return null;
        }

        metadata.Name = null;
        return name;
    }

    private bool NamesItsPods(V1OwnerReference owner) =>
        catalog.Current.Find(owner.ApiVersion, owner.Kind)?.Of.NamesItsPods == true;

    private async ValueTask<Outcome<WriteResult>> AdmitAndCommitAsync(
        WriteContext context, AdmissionScope scope, string? chosen)
    {
        if (await scope.MutateAsync(context.CancellationToken) is { } refusal)
        {
            return refusal;
        }

        var item = scope.Object;
        OwnerReferences.Deduplicate(context, item.Metadata, isAdmitted: true);
        if (PlaceInNamespace(context, item.Metadata) is { } misplaced)
        {
            return misplaced;
        }

        item.Metadata.Name ??= chosen;
        var generates = string.IsNullOrEmpty(item.Metadata.Name) && !string.IsNullOrEmpty(item.Metadata.GenerateName);
        return Prepare(context, item, generates) is { } invalid
            ? invalid
            : await scope.ValidateAsync(context.CancellationToken) is { } denied
                ? denied
                : await CommitAsync(context, item, generates);
    }

    /// <summary>The body's namespace must be the request's; a cluster-scoped object has none.</summary>
    internal static Status? PlaceInNamespace(WriteContext context, V1ObjectMeta metadata)
    {
        var wanted = context.Definition.Namespaced ? context.Key.Namespace : "";
        if (wanted.Length > 0
            && !string.IsNullOrEmpty(metadata.NamespaceProperty)
            && metadata.NamespaceProperty != wanted)
        {
            return StatusErrors.BadRequest(
                "the namespace of the provided object does not match the namespace sent on the request");
        }

        metadata.NamespaceProperty = wanted.Length == 0 ? null : wanted;
        return null;
    }

    private Status? Prepare(WriteContext context, IKubernetesObject<V1ObjectMeta> item, bool generates)
    {
        var definition = context.Definition;
        MetadataStamp.Create(item.Metadata, time.GetUtcNow());
        if (generates)
        {
            item.Metadata.Name = MetadataStamp.GenerateName(item.Metadata.GenerateName);
        }

        if (definition.Strategy is IEarlyWarnings early)
        {
            context.Warnings.AddRange(early.EarlyWarnings(item));
        }

        definition.Strategy.PrepareForCreate(item);
        (definition.Strategy as IStampedStrategy)?.Stamp(
            item, null, context.User, ApiTime.Seconds(time.GetUtcNow()));

        var errors = new FieldErrors(context.CancellationToken);
        ObjectMetaRules.ValidateCreate(item.Metadata, definition, errors);
        definition.Strategy.Validate(item, errors);
        if (errors.Count > 0)
        {
            return errors.ToStatus(definition.Storage.Group, definition.Kind, item.Metadata.Name ?? "");
        }

        context.Warnings.AddRange(definition.Strategy.Warnings(item, null));
        return context.Options.DryRun || item.Metadata.ResourceVersion is null or "" or "0"
            ? null
            : StatusErrors.Unknown("resourceVersion should not be set on objects to be created");
    }

    private async ValueTask<Outcome<WriteResult>> CommitAsync(
        WriteContext context, IKubernetesObject<V1ObjectMeta> item, bool generates)
    {
        for (var attempt = 1; ; attempt++)
        {
            var key = new ObjectKey(item.Metadata.NamespaceProperty ?? "", item.Metadata.Name);
            var outcome = context.Options.DryRun
                ? await PretendAsync(context, key, item)
                : await store.CreateAsync(context, key, item);
            if (outcome.Succeeded)
            {
                return new WriteResult(outcome.Value, Created: true);
            }

            if (!context.Options.IsPatch && ObjectSize.ForgetOwners(outcome.Error, item.Metadata))
            {
                continue;
            }

            if (outcome.Error.Reason != StatusReasons.AlreadyExists || !generates || attempt == MaxNameAttempts)
            {
                return await ExplainAsync(context, key, item.Metadata, outcome.Error);
            }

            item.Metadata.Name = MetadataStamp.GenerateName(item.Metadata.GenerateName);
        }
    }

    private async ValueTask<Outcome<ResourceObject>> PretendAsync(
        WriteContext context, ObjectKey key, IKubernetesObject<V1ObjectMeta> item)
    {
        var current = await store.GetAsync(context, key, ReadMode.Verified);
        return current is null
            ? EncodedObject.Transient(key, item, 0)
            : StatusErrors.AlreadyExists(context.Resource, key.Name);
    }

    /// <summary>Says so when the name may come of a prefix, and when the object in the way is on its way out.</summary>
    private async ValueTask<Status> ExplainAsync(
        WriteContext context, ObjectKey key, V1ObjectMeta metadata, Status error)
    {
        if (error.Reason != StatusReasons.AlreadyExists)
        {
            return error;
        }

        var taken = string.IsNullOrEmpty(metadata.GenerateName)
            ? error
            : StatusErrors.GenerateNameConflict(context.Resource, key.Name);
        var current = await store.GetAsync(context, key, ReadMode.Verified);
        return current?.Metadata.DeletionTimestamp is null
            ? taken
            : taken with { Message = $"object is being deleted: {taken.Message}" };
    }
}
