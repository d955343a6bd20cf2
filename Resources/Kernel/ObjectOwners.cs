using System.Runtime.CompilerServices;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel.Ownership;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>Says in objects that are written who owns which of their fields, by the rules of their kinds.</summary>
public static class ObjectOwners
{
    private static readonly ConditionalWeakTable<IObjectCodec, OwnedVersion> NewObjects = [];

    /// <summary>Sets the managedFields of an object whose status the server itself is about to write.</summary>
    /// <param name="definition">Its kind.</param>
    /// <param name="manager">What the server calls itself.</param>
    /// <param name="item">The next version.</param>
    /// <param name="current">The version before it.</param>
    /// <param name="moment">The time of the write, in whole seconds.</param>
    public static void StampStatus(
        ResourceDefinition definition, string manager, IKubernetesObject<V1ObjectMeta> item, ResourceObject current,
        DateTime moment) => Stamp(
            definition, Of(definition, "status", moment), manager, ManagedFields.Of(item.Metadata.ManagedFields), item,
            current);

    /// <summary>Sets the managedFields of an object that is about to be written.</summary>
    /// <param name="definition">Its kind.</param>
    /// <param name="ownership">The rules.</param>
    /// <param name="manager">Who writes.</param>
    /// <param name="managed">The owners before.</param>
    /// <param name="item">The next version.</param>
    /// <param name="current">The version before it; null for a create.</param>
    public static void Stamp(
        ResourceDefinition definition, FieldOwnership ownership, string manager, ManagedFields managed,
        IKubernetesObject<V1ObjectMeta> item, ResourceObject? current)
    {
        var codec = definition.Codec;
        var old = current is null ? null : codec.Share(current);
        item.Metadata.ManagedFields = Update(
            ownership, manager, managed,
            old is null ? Empty(codec, definition.ApiVersion) : codec.VersionOf(definition.ApiVersion, old),
            codec.VersionOf(definition.ApiVersion, item), item.Metadata, isNew: current is null)
            ?? old?.Metadata.ManagedFields;
    }

    /// <summary>Ownership as the versions of a kind have it.</summary>
    /// <param name="definition">The kind.</param>
    /// <param name="subresource">By which way objects are written; empty for themselves.</param>
    /// <param name="moment">The time of the write, in whole seconds.</param>
    public static FieldOwnership Of(ResourceDefinition definition, string subresource, DateTime moment) => new()
    {
        ApiVersion = definition.ApiVersion,
        Subresource = subresource,
        Now = moment,
        FilterOf = version => Find(definition, version)?.Strategy.OwnableFields(subresource),
        Convert = (item, version) =>
            Find(definition, item.ApiVersion) is { Asked: null } from
            && Find(definition, version) is { Asked: null } to
                ? Convert(item, from, to)
                : null,
    };

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

    /// <summary>An object that has no fields yet. Nearly all codecs are of one version, whose object is kept.</summary>
    /// <param name="codec">Of which kind.</param>
    /// <param name="apiVersion">Of which version.</param>
    public static OwnedVersion Empty(IObjectCodec codec, string apiVersion)
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
        return new OwnedVersion(to.ApiVersion, to.Codec.Schema, ResourceCodec.Encode(shown));
    }
}
