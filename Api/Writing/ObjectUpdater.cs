using System.Globalization;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Lists;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Writing;

/// <summary>Makes the next version of an object from the current one; null when there is none yet.</summary>
public delegate Outcome<IKubernetesObject<V1ObjectMeta>> NextVersion(ResourceObject? current);

/// <summary>
/// Updates objects: the next version of an object or of a part of it, admitted, prepared, validated and committed.
/// </summary>
public sealed class ObjectUpdater(
    ObjectStore store, ObjectCreator creator, AdmissionChain admission, KeyAges ages, TimeProvider time)
{
    /// <summary>Updates an object.</summary>
    /// <param name="context">Which, and who.</param>
    /// <param name="next">Decodes or patches; called once an attempt, and must give a fresh object each time.</param>
    /// <param name="mode">How it is made.</param>
    /// <param name="uid">When set, the object must have this uid (as storage says it).</param>
    /// <param name="part">What admission sees; null for the object.</param>
    public ValueTask<Outcome<WriteResult>> UpdateAsync(
        WriteContext context, NextVersion next, UpdateMode mode = UpdateMode.Replace, string uid = "",
        AdmittedPart? part = null) =>
        OptimisticLoop.RunAsync(
            store, context, (current, read) => TryAsync(context, current, read, next, mode, uid, part));

    private async ValueTask<Attempt> TryAsync(
        WriteContext context, ResourceObject? current, ReadMode read, NextVersion next, UpdateMode mode, string uid,
        AdmittedPart? part)
    {
        if (uid.Length > 0 && uid != (current?.Uid ?? ""))
        {
            return Attempt.Computed(
                RegistryErrors.UidPrecondition(context.Definition, context.Key, uid, current?.Uid ?? ""));
        }

        if (current is null)
        {
            return await CreateAsync(context, next, mode);
        }

        var made = next(current);
        if (!made.Succeeded)
        {
            return Attempt.Computed(made.Error);
        }

        var item = made.Value;
        if (mode == UpdateMode.Replace)
        {
            OwnerReferences.Deduplicate(context, item.Metadata, isAdmitted: false);
        }

        var owners = item.Metadata.ManagedFields;
        context.Definition.Strategy.SetDefaults(item);
        MetadataStamp.Normalize(item, context.Definition);
        item.Metadata.NamespaceProperty = context.Definition.Namespaced ? context.Key.Namespace : null;
        FieldOwners.Stamp(context, item, owners, current, time.GetUtcNow());
        var old = context.Definition.Codec.Share(current);
        var scope = admission.Open(Attributes(context, item, old, part));
        var attempt = await AdmitAndCommitAsync(
            context, current, read, scope, mode, part is null ? null : admitted => part.Into(item, admitted));
        await scope.EndAsync();
        return attempt;
    }

    private async ValueTask<Attempt> AdmitAndCommitAsync(
        WriteContext context, ResourceObject current, ReadMode read, AdmissionScope scope, UpdateMode mode,
        Func<IKubernetesObject<V1ObjectMeta>, IKubernetesObject<V1ObjectMeta>>? into)
    {
        if (await scope.MutateAsync(context.CancellationToken) is { } refusal)
        {
            return Attempt.Computed(refusal);
        }

        var (item, old) = (into?.Invoke(scope.Object) ?? scope.Object, context.Definition.Codec.Share(current));
        OwnerReferences.Deduplicate(context, item.Metadata, isAdmitted: true);
        if (CheckRevision(context, item.Metadata, current) is { } stale)
        {
            return Attempt.Computed(stale);
        }

        var isLocked = mode == UpdateMode.Replace && !string.IsNullOrEmpty(item.Metadata.ResourceVersion);
        item.Metadata.ResourceVersion = current.Revision.ToString(CultureInfo.InvariantCulture);
        if (Prepare(context, item, old) is { } invalid)
        {
            return Attempt.Computed(invalid);
        }

        return await scope.ValidateAsync(context.CancellationToken) is { } denied
            ? Attempt.Computed(denied)
            : await CommitAsync(context, item, current, read, mode, isLocked);
    }

    private async ValueTask<Attempt> CreateAsync(WriteContext context, NextVersion next, UpdateMode mode)
    {
        if (context.Subresource.Length > 0
            || (mode != UpdateMode.Apply && !context.Definition.Strategy.AllowCreateOnUpdate))
        {
            return Attempt.Computed(StatusErrors.NotFound(context.Resource, context.Key.Name));
        }

        var made = next(null);
        if (!made.Succeeded)
        {
            return Attempt.Computed(made.Error);
        }

        if (!ResourceVersions.TryParse(made.Value.Metadata.ResourceVersion ?? "", out _))
        {
            return Attempt.Computed(RegistryErrors.BadRevision(made.Value.Metadata.ResourceVersion!));
        }

        made.Value.Metadata.ResourceVersion = null;
        var outcome = await creator.CreateAsync(context, made.Value);
        return outcome.Succeeded ? Attempt.Final(outcome)
            : outcome.Error.Reason == StatusReasons.AlreadyExists ? Attempt.Lost(outcome.Error)
            : Attempt.Computed(outcome);
    }

    private static AdmissionAttributes Attributes(
        WriteContext context, IKubernetesObject<V1ObjectMeta> item, IKubernetesObject<V1ObjectMeta> old,
        AdmittedPart? part) => new()
    {
        Operation = AdmissionOperation.Update,
        Definition = context.Definition,
        Key = context.Key,
        Subresource = part?.Subresource ?? context.Subresource,
        Object = part?.Of(item) ?? item,
        OldObject = part?.Of(old) ?? old,
        User = context.User,
        DryRun = context.Options.DryRun,
        Writing = context.Options,
        IsAdmitted = context.IsAdmitted,
        Warnings = context.Warnings,
        Audit = context.Audit,
        Waits = context.Waits,
        Deadline = context.Deadline,
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
        return errors.ToStatus(context.Resource.Group, context.Resource.Plural, context.Key.Name);
    }

    private Status? Prepare(
        WriteContext context, IKubernetesObject<V1ObjectMeta> item, IKubernetesObject<V1ObjectMeta> old)
    {
        var definition = context.Definition;
        item.Metadata.Generation = old.Metadata.Generation;
        var owners = item.Metadata.ManagedFields;
        definition.Strategy.PrepareForUpdate(item, old, context.Subresource);
        item.Metadata.ManagedFields = owners;
        (definition.Strategy as IStampedStrategy)?.Stamp(
            item, old, context.User, ApiTime.Seconds(time.GetUtcNow()));
        MetadataStamp.Update(item.Metadata, old.Metadata);
        var errors = new FieldErrors(context.CancellationToken) { Before = old };
        ObjectMetaRules.ValidateUpdate(item.Metadata, old.Metadata, errors, definition.Of.TakesAnyFinalizer);
        definition.Strategy.ValidateUpdate(item, old, context.Subresource, errors);
        context.Warnings.AddRange(errors.Warnings);
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

    private async ValueTask<Attempt> CommitAsync(
        WriteContext context,
        IKubernetesObject<V1ObjectMeta> item,
        ResourceObject current,
        ReadMode read,
        UpdateMode mode,
        bool isLocked)
    {
        var encoded = EncodedObject.Of(item);
        var deletes = DeletionRules.EndsWithUpdate(context.Definition, item, current);
        if (!deletes && current.Stored is null
            && (encoded.IsSameAs(current) || DiffersInOwnersTimes(context, item, encoded, current))
            && !await ages.IsOldAsync(context.Definition.Storage, current.Revision, context.CancellationToken))
        {
            return Attempt.Computed(new WriteResult(current));
        }

        if (context.Options.DryRun)
        {
            return Attempt.Computed(
                new WriteResult(EncodedObject.Transient(context.Key, item, current.Revision), Deleted: deletes));
        }

        var outcome = await store.WriteAsync(
            context, encoded, deletes ? WriteKind.Delete : WriteKind.Update, current, read);
        if (outcome.Succeeded)
        {
            return Attempt.Final(new WriteResult(outcome.Value, Deleted: deletes));
        }

        if (mode != UpdateMode.Apply && ObjectSize.ForgetOwners(outcome.Error, item.Metadata))
        {
            return await CommitAsync(context, item, current, read, mode, isLocked);
        }

        // Who holds a lock on a version learns that it is gone; everyone else wants the write, not the version.
        return !isLocked || outcome.Error.Code == 404 ? Attempt.Lost(outcome.Error)
            : outcome.Error.Code == 409 ? Attempt.Final(outcome.Error)
            : Attempt.Computed(outcome.Error);
    }

    /// <summary>A write that in the end changes nothing but when its owner last wrote is none.</summary>
    private static bool DiffersInOwnersTimes(
        WriteContext context, IKubernetesObject<V1ObjectMeta> item, EncodedObject encoded, ResourceObject current)
    {
        if (!encoded.IsAsLongAs(current) || !encoded.EndsAs(current))
        {
            return false;
        }

        var owners = item.Metadata.ManagedFields;
        item.Metadata.ManagedFields = context.Definition.Codec.Share(current).Metadata.ManagedFields;
        var isSame = EncodedObject.Of(item).IsSameAs(current);
        item.Metadata.ManagedFields = owners;
        return isSame;
    }
}
