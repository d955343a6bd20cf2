using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Pipeline;

/// <summary>Deletes objects; what a deletion means is <see cref="DeletionRules"/>.</summary>
public sealed class ObjectDeleter(ObjectStore store, AdmissionChain admission, TimeProvider time)
{
    /// <summary>Deletes one object.</summary>
    public async ValueTask<Outcome<WriteResult>> DeleteAsync(WriteContext context, DeletionOptions options)
    {
        Outcome<WriteResult> outcome = default;
        var mode = ReadMode.Optimistic;
        for (var attempt = 0; attempt < ObjectUpdater.MaxAttempts; attempt++)
        {
            var current = await store.GetAsync(context.Definition, context.Key, mode, context.CancellationToken);
            var (result, isFinal) = await TryAsync(context, current, mode, options);
            outcome = result;
            if (isFinal
                || (mode == ReadMode.Verified && (result.Succeeded || result.Error.Reason != StatusReasons.Conflict)))
            {
                return outcome;
            }

            if (await IsNewestAsync(context, current))
            {
                return outcome;
            }

            mode = ReadMode.Verified;
        }

        return outcome;
    }

    private async ValueTask<bool> IsNewestAsync(WriteContext context, ResourceObject? seen)
    {
        var verified =
            await store.GetAsync(context.Definition, context.Key, ReadMode.Verified, context.CancellationToken);
        return verified?.Revision == seen?.Revision;
    }

    private async ValueTask<(Outcome<WriteResult> Outcome, bool IsFinal)> TryAsync(
        WriteContext context, ResourceObject? current, ReadMode mode, DeletionOptions options)
    {
        if (current is null)
        {
            return (StatusErrors.NotFound(context.Resource, context.Key.Name), false);
        }

        if (CheckPreconditions(context, current, options) is { } conflict)
        {
            return (conflict, false);
        }

        if (await AdmitAsync(context, current, options) is { } refusal)
        {
            return (refusal, false);
        }

        var item = (IKubernetesObject<V1ObjectMeta>)ResourceCodec.Decode(context.Definition.Model, current.Json.Span);
        var action = DeletionRules.Apply(context.Definition, item, options, time.GetUtcNow());
        if (action == DeletionAction.None)
        {
            return (new WriteResult(current), false);
        }

        var removes = action is DeletionAction.Remove or DeletionAction.MarkAndRemove;
        if (options.DryRun)
        {
            return (new WriteResult(EncodedObject.Transient(context.Key, item, current.Revision), Deleted: removes), false);
        }

        var encoded = EncodedObject.Of(item);
        var outcome = action == DeletionAction.Remove
            ? await WriteAsync(context, encoded, WriteKind.Delete, current.Revision, mode)
            : await WriteAsync(context, encoded, WriteKind.Update, current.Revision, mode);
        if (action == DeletionAction.MarkAndRemove && outcome.Succeeded)
        {
            outcome = await WriteAsync(context, encoded, WriteKind.Delete, outcome.Value.Revision, mode);
        }

        return outcome.Succeeded
            ? (new WriteResult(outcome.Value, Deleted: removes), true)
            : (outcome.Error, outcome.Error.Reason != StatusReasons.Conflict);
    }

    private Task<Outcome<ResourceObject>> WriteAsync(
        WriteContext context, EncodedObject next, WriteKind kind, long expectedRevision, ReadMode basis) =>
        store.WriteAsync(context.Definition, context.Key, next, kind, expectedRevision, basis, context.CancellationToken);

    private async ValueTask<Status?> AdmitAsync(WriteContext context, ResourceObject current, DeletionOptions options)
    {
        var attributes = new AdmissionAttributes
        {
            Operation = AdmissionOperation.Delete,
            Definition = context.Definition,
            Key = context.Key,
            Subresource = context.Subresource,
            OldObject = ObjectUpdater.DecodeShared(context.Definition, current),
            User = context.User,
            DryRun = options.DryRun,
            Options = options.ToModel(),
            Warnings = context.Warnings,
        };
        return await admission.MutateAsync(attributes, context.CancellationToken)
            ?? await admission.ValidateAsync(attributes, context.CancellationToken);
    }

    internal static Status? CheckPreconditions(WriteContext context, ResourceObject current, DeletionOptions options)
    {
        var kind = new ResourceName(context.Definition.Storage.Group, context.Definition.Kind);
        var isNamespace = context.Resource == WellKnown.Namespaces;
        if (options.Uid is { } uid && uid != current.Uid)
        {
            return isNamespace
                ? StatusErrors.Conflict(
                    context.Resource, context.Key.Name,
                    $"Precondition failed: UID in precondition: {uid}, UID in object meta: {current.Uid}")
                : StatusErrors.Conflict(
                    kind, context.Key.Name,
                    $"the UID in the precondition ({uid}) does not match the UID in record ({current.Uid}). The object might have been " +
                    "deleted and then recreated");
        }

        var actual = current.Revision.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (options.ResourceVersion is { } revision && revision != actual)
        {
            return isNamespace
                ? StatusErrors.Conflict(
                    context.Resource, context.Key.Name,
                    $"Precondition failed: ResourceVersion in precondition: {revision}, ResourceVersion in object meta: {actual}")
                : StatusErrors.Conflict(
                    kind, context.Key.Name,
                    $"the ResourceVersion in the precondition ({revision}) does not match the ResourceVersion in record ({actual}). The " +
                    "object might have been modified");
        }

        return null;
    }
}
