using System.Collections.Frozen;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Patch;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Writing;

/// <summary>
/// Carries out every write, whoever asks: a body or a patch becomes the next version, which is admitted, validated and
/// committed; subresources with a kind of their own do that in their own way.
/// </summary>
public sealed class WriteEngine(
    ObjectCreator creator,
    QuestionCreator questions,
    ObjectUpdater updater,
    IEnumerable<ISubresource> subresources,
    TimeProvider time)
{
    private readonly FrozenDictionary<string, ISubresource> _subresources =
        subresources.ToFrozenDictionary(static s => s.Name, StringComparer.Ordinal);

    /// <summary>The handler of a subresource with a kind of its own; null for all others.</summary>
    public ISubresource? Find(string subresource) =>
        subresource.Length == 0 ? null : _subresources.GetValueOrDefault(subresource);

    /// <summary>Carries out one write.</summary>
    public ValueTask<Outcome<WriteResult>> WriteAsync(WriteRequest request)
    {
        request.Context.Audit?.SentPatch(request);
        return Find(request.Context.Subresource) is { } own ? own.WriteAsync(request) : request.Verb switch
        {
            WriteVerb.Create => CreateAsync(request),
            WriteVerb.Update => ReplaceAsync(request),
            _ when request.Patch == PatchKind.Apply => ApplyAsync(request),
            _ => PatchAsync(request),
        };
    }

    private async ValueTask<Outcome<WriteResult>> CreateAsync(WriteRequest request)
    {
        var item = request.Decode(ExpectedBody.Of(request.Context.Definition));
        return !item.Succeeded ? item.Error
            : request.Context.Definition.Of.IsVirtual ? await questions.CreateAsync(request.Context, item.Value)
            : await creator.CreateAsync(request.Context, item.Value);
    }

    private async ValueTask<Outcome<WriteResult>> ReplaceAsync(WriteRequest request)
    {
        var expected = ExpectedBody.Of(request.Context.Definition);
        var first = request.Decode(expected);
        if (!first.Succeeded)
        {
            return first.Error;
        }

        if (NameRule.CheckReplacement(request.Context, first.Value.Metadata) is { } mismatch)
        {
            return mismatch;
        }

        // Every attempt needs an object that no other has touched.
        IKubernetesObject<V1ObjectMeta>? ready = first.Value;
        return await updater.UpdateAsync(
            request.Context,
            _ => Interlocked.Exchange(ref ready, null) is { } item
                ? Outcomes.Of(item)
                : request.DecodeAgain(expected),
            uid: first.Value.Metadata.Uid ?? "");
    }

    private async ValueTask<Outcome<WriteResult>> PatchAsync(WriteRequest request)
    {
        var context = request.Context;
        var patch = ObjectPatch.Parse(request.Patch, request.Body.Span, context.Options.FieldValidation);
        return await updater.UpdateAsync(context, current => Patch(context, patch, current), UpdateMode.Patch);
    }

    private async ValueTask<Outcome<WriteResult>> ApplyAsync(WriteRequest request)
    {
        var context = request.Context;
        var patch = ApplyPatch.Parse(request.Body, context.Options);
        return patch.Succeeded
            ? await updater.UpdateAsync(context, current => Apply(context, patch.Value, current), UpdateMode.Apply)
            : patch.Error;
    }

    private Outcome<IKubernetesObject<V1ObjectMeta>> Apply(
        WriteContext context, ApplyPatch patch, ResourceObject? current)
    {
        var definition = context.Definition;
        var empty = FieldOwners.NewObject(definition);
        var item = patch.Apply(
            ExpectedBody.Of(definition),
            current is null ? empty : FieldOwners.VersionOf(definition, current.WithoutManagedFields()),
            empty,
            FieldOwners.Ownership(definition, context.Subresource, time.GetUtcNow()),
            context.Warnings,
            current is null ? null : definition.Codec.Share(current).Metadata.ManagedFields);
        return !item.Succeeded ? item
            : current is null && !string.IsNullOrEmpty(item.Value.Metadata.Uid)
                ? StatusErrors.Conflict(
                    context.Resource, context.Key.Name,
                    $"uid mismatch: the provided object specified uid {item.Value.Metadata.Uid}, "
                    + "and no existing object was found")
            : NameRule.CheckReplacement(context, item.Value.Metadata) is { } mismatch ? mismatch
            : item;
    }

    private static Outcome<IKubernetesObject<V1ObjectMeta>> Patch(
        WriteContext context, Outcome<ObjectPatch> patch, ResourceObject? current)
    {
        if (current is null)
        {
            return StatusErrors.NotFound(context.Resource, context.Key.Name);
        }

        if (!patch.Succeeded)
        {
            return patch.Error;
        }

        var item = patch.Value.Apply(ExpectedBody.Of(context.Definition), current, context.Warnings);
        return item.Succeeded && NameRule.Check(context, item.Value.Metadata) is { } mismatch ? mismatch : item;
    }
}
