using System.Globalization;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Patch;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Pipeline;

/// <summary>Makes the next version of an object from the current one; null when there is none yet.</summary>
public delegate Outcome<IKubernetesObject<V1ObjectMeta>> NextVersion(ResourceObject? current);

/// <summary>
/// Updates objects: PUT and PATCH of an object or a subresource. The next version is computed from what the object
/// grain holds, which may be old: the commit's optimistic lock finds that out, and a refusal is told to a client only
/// after a verified read.
/// </summary>
public sealed class ObjectUpdater(ObjectStore store, ObjectCreator creator, AdmissionChain admission)
{
    /// <summary>Attempts when others keep changing the object and the client holds no lock on it.</summary>
    public const int MaxAttempts = 10;

    /// <summary>Updates an object.</summary>
    /// <param name="context">Which, and who.</param>
    /// <param name="next">Decodes or patches; called once an attempt, and must give a fresh object each time.</param>
    /// <param name="uid">When set, the object must have this uid (as storage says it).</param>
    /// <param name="isPatch">
    /// The next version's resourceVersion comes from the current one unless the patch names it. So a commit that loses
    /// a race is tried again either way: if the patch did name a revision, applying it to the newer version finds that
    /// out.
    /// </param>
    public async ValueTask<Outcome<WriteResult>> UpdateAsync(
        WriteContext context, NextVersion next, string uid = "", bool isPatch = false)
    {
        Outcome<WriteResult> outcome = default;
        var mode = ReadMode.Optimistic;
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var current = await store.GetAsync(context.Definition, context.Key, mode, context.CancellationToken);
            var warnings = context.Warnings.Count;
            var step = await TryAsync(context, current, mode, next, uid, isPatch);
            outcome = step.Outcome;
            if (!step.Retry && (mode == ReadMode.Verified || step.IsCommitted || await IsNewestAsync(context, current)))
            {
                return outcome;
            }

            context.Warnings.RemoveRange(warnings, context.Warnings.Count - warnings);
            mode = ReadMode.Verified;
        }

        return outcome;
    }

    /// <summary>Patches an object or a subresource of it that has the object's own kind.</summary>
    public ValueTask<Outcome<WriteResult>> PatchAsync(WriteContext context, ObjectPatch patch) => UpdateAsync(context, current =>
    {
        if (current is null)
        {
            return StatusErrors.NotFound(context.Resource, context.Key.Name);
        }

        var item = patch.Apply(context.Definition.Model, current.Json.Span, context.Warnings);
        if (!item.Succeeded)
        {
            return item.Error;
        }

        if (NameRule.Check(context, item.Value.Metadata) is { } mismatch)
        {
            return mismatch;
        }

        context.Definition.Strategy.SetDefaults(item.Value);
        return item;
    }, isPatch: true);

    private async ValueTask<bool> IsNewestAsync(WriteContext context, ResourceObject? seen)
    {
        var verified =
            await store.GetAsync(context.Definition, context.Key, ReadMode.Verified, context.CancellationToken);
        return verified?.Revision == seen?.Revision;
    }

    private async ValueTask<Step> TryAsync(
        WriteContext context, ResourceObject? current, ReadMode mode, NextVersion next, string uid, bool isPatch)
    {
        if (uid.Length > 0 && uid != (current?.Uid ?? ""))
        {
            return Step.Refuse(RegistryErrors.UidPrecondition(context.Resource, context.Key, uid, current?.Uid ?? ""));
        }

        if (current is null)
        {
            return await CreateAsync(context, next);
        }

        var made = next(current);
        if (!made.Succeeded)
        {
            return Step.Refuse(made.Error);
        }

        var item = made.Value;
        var old = DecodeShared(context.Definition, current);
        MetadataStamp.Normalize(item, context.Definition);
        item.Metadata.NamespaceProperty = context.Definition.Namespaced ? context.Key.Namespace : null;
        var attributes = Attributes(context, item, old);
        var step = await AdmitAndCommitAsync(context, current, mode, item, old, attributes, isPatch);
        await attributes.FinishAsync();
        return step;
    }

    private async ValueTask<Step> AdmitAndCommitAsync(
        WriteContext context,
        ResourceObject current,
        ReadMode mode,
        IKubernetesObject<V1ObjectMeta> item,
        IKubernetesObject<V1ObjectMeta> old,
        AdmissionAttributes attributes,
        bool isPatch)
    {
        if (await admission.MutateAsync(attributes, context.CancellationToken) is { } refusal)
        {
            return Step.Refuse(refusal);
        }

        if (CheckRevision(context, item.Metadata, current) is { } stale)
        {
            return Step.Refuse(stale);
        }

        var isLocked = !isPatch && !string.IsNullOrEmpty(item.Metadata.ResourceVersion);
        item.Metadata.ResourceVersion = current.Revision.ToString(CultureInfo.InvariantCulture);
        if (Prepare(context, item, old) is { } invalid)
        {
            return Step.Refuse(invalid);
        }

        return await admission.ValidateAsync(attributes, context.CancellationToken) is { } denied
            ? Step.Refuse(denied)
            : await CommitAsync(context, item, current, mode, isLocked);
    }

    private async ValueTask<Step> CreateAsync(WriteContext context, NextVersion next)
    {
        if (context.Subresource.Length > 0 || !context.Definition.Strategy.AllowCreateOnUpdate)
        {
            return Step.Refuse(StatusErrors.NotFound(context.Resource, context.Key.Name));
        }

        var made = next(null);
        if (!made.Succeeded)
        {
            return Step.Refuse(made.Error);
        }

        made.Value.Metadata.ResourceVersion = null;
        var outcome = await creator.CreateAsync(context, made.Value);
        return new Step(
            outcome,
            Retry: !outcome.Succeeded && outcome.Error.Reason == StatusReasons.AlreadyExists,
            outcome.Succeeded);
    }

    private static AdmissionAttributes Attributes(
        WriteContext context, IKubernetesObject<V1ObjectMeta> item, IKubernetesObject<V1ObjectMeta> old) => new()
    {
        Operation = AdmissionOperation.Update,
        Definition = context.Definition,
        Key = context.Key,
        Subresource = context.Subresource,
        Object = item,
        OldObject = old,
        User = context.User,
        DryRun = context.Options.DryRun,
        Warnings = context.Warnings,
    };

    private static Status? CheckRevision(WriteContext context, V1ObjectMeta metadata, ResourceObject current)
    {
        var given = metadata.ResourceVersion;
        if (string.IsNullOrEmpty(given) || given == "0")
        {
            metadata.ResourceVersion = null;
            return context.Definition.Strategy.AllowUnconditionalUpdate ? null : MustBeSpecified(context);
        }

        if (!ulong.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out var revision))
        {
            return RegistryErrors.BadRevision(given);
        }

        return revision == (ulong)current.Revision ? null : StatusErrors.Modified(context.Resource, context.Key.Name);
    }

    private static Status MustBeSpecified(WriteContext context)
    {
        var errors = new FieldErrors();
        errors.Invalid(FieldPath.Of("metadata", "resourceVersion"), 0, "must be specified for an update");
        return errors.ToStatus(context.Definition.Storage.Group, context.Definition.Kind, context.Key.Name);
    }

    private static Status? Prepare(
        WriteContext context, IKubernetesObject<V1ObjectMeta> item, IKubernetesObject<V1ObjectMeta> old)
    {
        var definition = context.Definition;
        item.Metadata.Generation = old.Metadata.Generation;
        definition.Strategy.PrepareForUpdate(item, old, context.Subresource);
        MetadataStamp.Update(item.Metadata, old.Metadata);
        var errors = new FieldErrors();
        ObjectMetaRules.ValidateUpdate(item.Metadata, old.Metadata, errors);
        definition.Strategy.ValidateUpdate(item, old, context.Subresource, errors);
        if (errors.Count > 0)
        {
            return errors.ToStatus(definition.Storage.Group, definition.Kind, item.Metadata.Name ?? "");
        }

        context.Warnings.AddRange(context.Subresource switch
        {
            "" => definition.Strategy.Warnings(item, old),
            "status" => definition.Strategy.StatusWarnings(item),
            _ => [],
        });
        return null;
    }

    private async ValueTask<Step> CommitAsync(
        WriteContext context,
        IKubernetesObject<V1ObjectMeta> item,
        ResourceObject current,
        ReadMode mode,
        bool isLocked)
    {
        var encoded = EncodedObject.Of(item);
        var deletes = DeletionRules.EndsWithUpdate(context.Definition, item, current);
        if (!deletes && encoded.IsSameAs(current))
        {
            return new Step(new WriteResult(current), Retry: false, IsCommitted: false);
        }

        if (context.Options.DryRun)
        {
            return new Step(
                new WriteResult(EncodedObject.Transient(context.Key, item, current.Revision), Deleted: deletes), false, false);
        }

        var outcome = await store.WriteAsync(
            context.Definition, context.Key, encoded, deletes ? WriteKind.Delete : WriteKind.Update, current.Revision,
            mode, context.CancellationToken);
        return outcome.Succeeded
            ? new Step(new WriteResult(outcome.Value, Deleted: deletes), Retry: false, IsCommitted: true)
            : new Step(
                outcome.Error,
                Retry: !isLocked || outcome.Error.Code == 404,
                IsCommitted: isLocked && outcome.Error.Code == 409);
    }

    /// <summary>The typed form of a version; shared, so read only.</summary>
    internal static IKubernetesObject<V1ObjectMeta> DecodeShared(ResourceDefinition definition, ResourceObject item) =>
        item.Decode<object>(
            json => ResourceCodec.Decode(definition.Model, json.Span)) as IKubernetesObject<V1ObjectMeta>
        ?? throw new InvalidOperationException($"{definition.Model.Name} is no Kubernetes object.");

    /// <summary>The end of one attempt.</summary>
    private readonly record struct Step(Outcome<WriteResult> Outcome, bool Retry, bool IsCommitted)
    {
        public static Step Refuse(Status status) => new(status, Retry: false, IsCommitted: false);
    }
}
