using System.Globalization;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Store;

/// <summary>An object ready to commit.</summary>
public readonly record struct EncodedObject(byte[] Json, int RevisionOffset, string Uid)
{
    /// <summary>True for what only marks the deletion of the object.</summary>
    public bool IsMark { get; init; }

    public static EncodedObject Of(IKubernetesObject<V1ObjectMeta> item)
    {
        var (json, offset) = ResourceCodec.EncodeForWrite(item);
        return new EncodedObject(json, offset, item.Metadata.Uid);
    }

    /// <summary>True when nothing but the revision differs: then there is nothing to write.</summary>
    public bool IsSameAs(ResourceObject current)
    {
        var old = current.Json.Span;
        var tail = Json.Length - RevisionOffset;
        return old.Length > Json.Length && old[..RevisionOffset].SequenceEqual(Json.AsSpan(0, RevisionOffset)) &&
            EndsAs(current) &&
            !old[RevisionOffset..^tail].ContainsAnyExceptInRange((byte)'0', (byte)'9');
    }

    /// <summary>It takes as many bytes, so that it may differ in nothing but times.</summary>
    public bool IsAsLongAs(ResourceObject current) => Growth(current) == 0;

    /// <summary>It takes more bytes.</summary>
    public bool IsLongerThan(ResourceObject current) => Growth(current) > 0;

    /// <summary>By how many bytes it is longer, when its revision has as many digits.</summary>
    private int Growth(ResourceObject current) =>
        Json.Length + current.Revision.ToString(CultureInfo.InvariantCulture).Length - current.Json.Length;

    /// <summary>What stands behind the revision is the same: all but owners of fields and what comes before
    /// them.</summary>
    public bool EndsAs(ResourceObject current) => current.Json.Span.EndsWith(Json.AsSpan(RevisionOffset));

    /// <summary>
    /// The object as an answer that will not be stored: with the revision it has, or (0) as it stands.
    /// </summary>
    public static ResourceObject Transient(ObjectKey key, IKubernetesObject<V1ObjectMeta> item, long revision)
    {
        if (revision != 0)
        {
            item.Metadata.ResourceVersion = revision.ToString(CultureInfo.InvariantCulture);
        }

        return new ResourceObject(key, item.Metadata.Uid ?? "", revision, ResourceCodec.EncodeAsStored(item));
    }
}
