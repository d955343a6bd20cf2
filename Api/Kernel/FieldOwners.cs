using System.Runtime.CompilerServices;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Ownership;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>
/// Says in objects that are written who owns which of their fields. That is computed from what the client wants, before
/// admission and the kind's own rules change it: what they add belongs to nobody.
/// </summary>
internal static class FieldOwners
{
    private static readonly ConditionalWeakTable<IObjectCodec, OwnedVersion> NewObjects = [];

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
        Stamp(
            context.Definition, context.Subresource, manager, Managed(context, given, stored), item, current, now);
    }

    /// <summary>Sets the managedFields of an object whose status the API itself is about to write.</summary>
    /// <param name="definition">Its kind.</param>
    /// <param name="manager">What the API calls itself.</param>
    /// <param name="item">The next version.</param>
    /// <param name="current">The version before it.</param>
    /// <param name="now">The time of the write.</param>
    public static void StampStatus(
        ResourceDefinition definition, string manager, IKubernetesObject<V1ObjectMeta> item, ResourceObject current,
        DateTimeOffset now) => Stamp(
            definition, "status", manager, ManagedFields.Of(item.Metadata.ManagedFields), item, current, now);

    private static void Stamp(
        ResourceDefinition definition, string subresource, string manager, ManagedFields managed,
        IKubernetesObject<V1ObjectMeta> item, ResourceObject? current, DateTimeOffset now)
    {
        var codec = definition.Codec;
        var old = current is null ? null : codec.Share(current);
        item.Metadata.ManagedFields = Update(
            Ownership(definition, subresource, now), manager, managed,
            old is null ? EmptyOf(codec, definition.ApiVersion) : codec.VersionOf(definition.ApiVersion, old),
            codec.VersionOf(definition.ApiVersion, item), item.Metadata, isNew: current is null)
            ?? old?.Metadata.ManagedFields;
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
            Now = MetadataStamp.Seconds(now),
            Convert = static (_, _) => null,
        };
        question.Metadata.ManagedFields = Update(
            ownership, manager, ManagedFields.Empty, EmptyOf(kind.Codec, kind.ApiVersion),
            kind.Codec.VersionOf(kind.ApiVersion, question), question.Metadata, isNew: true);
    }

    /// <summary>Ownership as the versions of a kind have it.</summary>
    public static FieldOwnership Ownership(
        ResourceDefinition definition, string subresource, DateTimeOffset now) => new()
    {
        ApiVersion = definition.ApiVersion,
        Subresource = subresource,
        Now = MetadataStamp.Seconds(now),
        FilterOf = version => Find(definition, version)?.Strategy.OwnableFields(subresource),
        Convert = (item, version) =>
            Find(definition, item.ApiVersion) is { Asked: null } from
            && Find(definition, version) is { Asked: null } to
                ? Convert(item, from, to)
                : null,
    };

    /// <summary>An object of a kind that has no fields yet.</summary>
    public static OwnedVersion NewObject(ResourceDefinition definition) =>
        EmptyOf(definition.Codec, definition.ApiVersion);

    public static OwnedVersion VersionOf(ResourceDefinition definition, ReadOnlyMemory<byte> json) =>
        new(definition.ApiVersion, definition.Codec.Schema, json);

    /// <summary>The owners after an update; empty when nobody owns anything, null when that can't be told.</summary>
    /// <param name="ownership">The rules.</param>
    /// <param name="manager">Who writes.</param>
    /// <param name="managed">The owners before.</param>
    /// <param name="live">The object before.</param>
    /// <param name="next">The object after, as the client wants it.</param>
    /// <param name="metadata">That of the object after; it says nothing of owners afterwards.</param>
    /// <param name="isNew">There was none before.</param>
    public static IList<V1ManagedFieldsEntry>? Update(
        FieldOwnership ownership, string manager, ManagedFields managed, OwnedVersion live, OwnedVersion next,
        V1ObjectMeta metadata, bool isNew)
    {
        metadata.ManagedFields = null;

        // What was created before owners were kept, or has been made to forget them, has none until it is applied.
        return managed.IsEmpty && !isNew ? []
            : ownership.Update(live, next, managed, manager) is { } result ? result.Encode() ?? []
            : null;
    }

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

    /// <summary>An object that has no fields yet. Nearly all codecs are of one version, whose object is kept.</summary>
    private static OwnedVersion EmptyOf(IObjectCodec codec, string apiVersion)
    {
        if (NewObjects.TryGetValue(codec, out var known) && known.ApiVersion == apiVersion)
        {
            return known;
        }

        var empty = codec.VersionOf(apiVersion, codec.Decode("{}"u8.ToArray()));
        Invariant.Check(!empty.Json.IsEmpty, "what many look at is encoded before they do", apiVersion);
        NewObjects.TryAdd(codec, empty);
        return empty;
    }

    private static ResourceDefinition? Find(ResourceDefinition definition, string apiVersion) =>
        definition.ApiVersion == apiVersion
            ? definition
            : definition.Of.Versions.FirstOrDefault(v => v.ApiVersion == apiVersion);

    private static OwnedVersion Convert(OwnedVersion item, ResourceDefinition from, ResourceDefinition to)
    {
        var model = from.Codec.Decode(item.Json);
        var stored = from.Conversion?.ToStored(model) ?? model;
        var shown = to.Conversion?.FromStored(stored) ?? stored;
        (shown.ApiVersion, shown.Kind) = (to.ApiVersion, to.Kind);
        return VersionOf(to, ResourceCodec.Encode(shown));
    }
}
