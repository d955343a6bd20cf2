using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Writing;

/// <summary>Deletes objects; what a deletion means is <see cref="DeletionRules"/>.</summary>
public sealed class ObjectDeleter(ObjectStore store, AdmissionChain admission, TimeProvider time)
{
    /// <summary>
    /// Deletes one object. What was marked here and then removed by somebody else (its node) is deleted, as upstream
    /// answers, and not absent.
    /// </summary>
    public ValueTask<Outcome<WriteResult>> DeleteAsync(WriteContext context, DeletionOptions options)
    {
        ResourceObject? marked = null;
        return OptimisticLoop.RunAsync(store, context, (current, mode) =>
            marked is not null && current?.Uid != marked.Uid
                ? ValueTask.FromResult(Attempt.Final(new WriteResult(marked, Deleted: true)))
                : current is null
                    ? ValueTask.FromResult(
                        Attempt.Computed(StatusErrors.NotFound(context.Resource, context.Key.Name)))
                    : TryAsync(context, current, mode, options, written => marked = written));
    }

    private async ValueTask<Attempt> TryAsync(
        WriteContext context, ResourceObject current, ReadMode mode, DeletionOptions options,
        Action<ResourceObject> marks)
    {
        if (CheckPreconditions(context, current, options) is { } conflict)
        {
            return Attempt.Computed(conflict);
        }

        if (!options.IsExpiry && await AdmitAsync(context, current, options) is { } refusal)
        {
            return Attempt.Computed(refusal);
        }

        var item = context.Definition.Codec.Decode(current.Json);
        var action = DeletionRules.Apply(context.Definition, item, options, time.GetUtcNow());
        if (action == DeletionAction.None)
        {
            return Attempt.Computed(new WriteResult(current));
        }

        var removes = action is DeletionAction.Remove or DeletionAction.MarkAndRemove;
        if (options.DryRun)
        {
            return Attempt.Computed(
                new WriteResult(EncodedObject.Transient(context.Key, item, current.Revision), Deleted: removes));
        }

        var encoded = EncodedObject.Of(item) with { IsMark = true };
        var outcome = action == DeletionAction.Remove
            ? await store.WriteAsync(context, encoded, WriteKind.Delete, current, mode)
            : await store.WriteAsync(context, encoded, WriteKind.Update, current, mode);
        if (action == DeletionAction.MarkAndRemove && outcome.Succeeded)
        {
            marks(outcome.Value);
            outcome = await store.WriteAsync(context, encoded, WriteKind.Delete, outcome.Value, mode);
        }

        return outcome.Succeeded ? Attempt.Final(new WriteResult(outcome.Value, Deleted: removes))
            : outcome.Error.Reason is StatusReasons.Conflict or StatusReasons.NotFound ? Attempt.Lost(outcome.Error)
            : Attempt.Final(outcome.Error);
    }

    private ValueTask<Status?> AdmitAsync(WriteContext context, ResourceObject current, DeletionOptions options)
    {
        var attributes = new AdmissionAttributes
        {
            Operation = AdmissionOperation.Delete,
            Definition = context.Definition,
            Key = options.IsOfCollection ? new ObjectKey(context.Key.Namespace, "") : context.Key,
            Subresource = context.Subresource,
            OldObject = context.Definition.Codec.Share(current),
            User = context.User,
            DryRun = options.DryRun,
            Options = options.ToModel(),
            IsAdmitted = context.IsAdmitted,
            Warnings = context.Warnings,
            Audit = context.Audit,
            Waits = context.Waits,
            Deadline = context.Deadline,
        };
        return admission.AdmitAsync(attributes, context.CancellationToken);
    }

    internal static Status? CheckPreconditions(WriteContext context, ResourceObject current, DeletionOptions options)
    {
        var kind = new ResourceName(context.Definition.Storage.Group, context.Definition.Kind);
        var isInSpec = context.Definition.Strategy is ISpecFinalizers;
        if (options.Uid is { } uid && uid != current.Uid)
        {
            return isInSpec
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
            return isInSpec
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
