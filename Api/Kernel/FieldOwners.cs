using k8s;
using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Ownership;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>
/// Says in objects that clients write who owns which of their fields. That is computed from what the client wants,
/// before admission and the kind's own rules change it: what they add belongs to nobody.
/// </summary>
internal static class FieldOwners
{
    /// <summary>Sets the managedFields of an object that is about to be written.</summary>
    /// <param name="context">Who writes what.</param>
    /// <param name="item">The next version, with defaults.</param>
    /// <param name="given">The owners that it came with; defaults take an empty list for none.</param>
    /// <param name="current">The version before it; null for a create.</param>
    /// <param name="now">The time of the write.</param>
    public static void Stamp(
        WriteContext context,
        IKubernetesObject<V1ObjectMeta> item,
        IList<V1ManagedFieldsEntry>? given,
        ResourceObject? current,
        DateTimeOffset now)
    {
        if (context.FieldManager is not { } manager)
        {
            return;
        }

        var stored = current is null ? null : context.Definition.Codec.Share(current).Metadata.ManagedFields;
        ObjectOwners.Stamp(
            context.Definition, Ownership(context.Definition, context.Subresource, now), manager,
            Managed(context, given, stored), item, current);
    }

    /// <summary>
    /// Sets the managedFields of an answer that is stored nowhere: who asks owns what the question says.
    /// </summary>
    /// <param name="context">Who asks.</param>
    /// <param name="kind">What the question is.</param>
    /// <param name="question">The question, with defaults.</param>
    /// <param name="now">The time of the answer.</param>
    public static void StampQuestion(
        WriteContext context, ExpectedBody kind, IKubernetesObject<V1ObjectMeta> question, DateTimeOffset now)
    {
        if (context.FieldManager is not { } manager)
        {
            return;
        }

        var ownership = new FieldOwnership
        {
            ApiVersion = kind.ApiVersion,
            Subresource = context.Subresource,
            Now = ApiTime.Seconds(now),
            Convert = static (_, _) => null,
        };
        question.Metadata.ManagedFields = ObjectOwners.Update(
            ownership, manager, ManagedFields.Empty, ObjectOwners.Empty(kind.Codec, kind.ApiVersion),
            kind.Codec.VersionOf(kind.ApiVersion, question), question.Metadata, isNew: true);
    }

    /// <summary>Ownership as the versions of a kind have it.</summary>
    public static FieldOwnership Ownership(
        ResourceDefinition definition, string subresource, DateTimeOffset now) =>
        ObjectOwners.Of(definition, subresource, ApiTime.Seconds(now));

    /// <summary>An object of a kind that has no fields yet.</summary>
    public static OwnedVersion NewObject(ResourceDefinition definition) =>
        ObjectOwners.Empty(definition.Codec, definition.ApiVersion);

    public static OwnedVersion VersionOf(ResourceDefinition definition, ReadOnlyMemory<byte> json) =>
        new(definition.ApiVersion, definition.Codec.Schema, json);

    /// <summary>
    /// The owners before a write: those that the client gives, if it does and may; an object without any, of a client
    /// that knows nothing of them, has those that are stored.
    /// </summary>
    private static ManagedFields Managed(
        WriteContext context, IList<V1ManagedFieldsEntry>? given, IList<V1ManagedFieldsEntry>? stored)
    {
        if (context.Subresource.Length > 0 || given is null || IsSame(given, stored))
        {
            return ManagedFields.Of(stored);
        }

        return ManagedFields.IsReset(given) ? ManagedFields.Empty
            : ManagedFields.Decode(given, out _) is { IsEmpty: false } managed ? managed
            : ManagedFields.Of(stored);
    }

    private static bool IsSame(IList<V1ManagedFieldsEntry> given, IList<V1ManagedFieldsEntry>? stored) =>
        given.Count == stored?.Count && given.Zip(stored).All(p =>
            p.First.Manager == p.Second.Manager && p.First.Operation == p.Second.Operation
            && p.First.ApiVersion == p.Second.ApiVersion && p.First.Subresource == p.Second.Subresource
            && p.First.Time == p.Second.Time && p.First.FieldsType == p.Second.FieldsType
            && p.First.FieldsV1 is FieldsV1 left && p.Second.FieldsV1 is FieldsV1 right
            && left.Json.SequenceEqual(right.Json));
}
