using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Protobuf;

namespace OrleansOrchestrator.Api.Watch;

/// <summary>
/// Writes watch events in protobuf: four bytes of length, most significant first, then a <c>WatchEvent</c> without an
/// envelope, in which the object has one. Around the message, which all watchers share, stand a few bytes that are
/// counted out each time: there is nothing to encode, and nothing to keep per watcher.
/// </summary>
internal sealed class ProtobufWatchEncoder(ResourceDefinition definition, ResponseFormat format, ProtobufShelf shelf)
    : IWatchEncoder
{
    private const int TypeField = 1;
    private const int ObjectField = 2;
    private const int RawField = 1;

    private static readonly EnvelopeWriter Failure = new("v1", "Status");

    private readonly bool _isPartial = format.Form == ObjectForm.PartialObjectMetadata;

    private readonly EnvelopeWriter _envelope = format.Form == ObjectForm.PartialObjectMetadata
        ? ProtobufForm.PartialEnvelope(format.MetaVersion)
        : new EnvelopeWriter(definition.ApiVersion, definition.Kind);

    /// <inheritdoc/>
    public bool CanEncode => format.Form != ObjectForm.PartialObjectMetadataList;

    /// <inheritdoc/>
    public void Write(IBufferWriter<byte> output, WatchEventType type, ReadOnlyMemory<byte> stored)
    {
        var message = _isPartial ? shelf.PartialOf(definition, stored) : shelf.MessageOf(definition, stored);
        WriteFrame(output, Name(type), _envelope, message.Span);
    }

    /// <inheritdoc/>
    public void WriteBookmark(IBufferWriter<byte> output, long revision, bool endsInitialEvents)
    {
        var json = Encoding.UTF8.GetBytes($"{{\"metadata\":{Bookmark.Metadata(revision, endsInitialEvents)}}}");
        var message = _isPartial
            ? ProtobufForm.EncodePartial(definition, json)
            : ProtobufForm.Of(definition)!.Encode(json);
        WriteFrame(output, "BOOKMARK"u8, _envelope, message);
    }

    /// <inheritdoc/>
    public void WriteError(IBufferWriter<byte> output, Status status)
    {
        var json = new ArrayBufferWriter<byte>();
        StatusJson.Write(json, status);
        WriteFrame(output, "ERROR"u8, Failure, ProtobufForm.Encode<k8s.Models.V1Status>(json.WrittenSpan));
    }

    private static ReadOnlySpan<byte> Name(WatchEventType type) => type switch
    {
        WatchEventType.Added => "ADDED"u8,
        WatchEventType.Modified => "MODIFIED"u8,
        _ => "DELETED"u8,
    };

    private static void WriteFrame(
        IBufferWriter<byte> output, ReadOnlySpan<byte> type, EnvelopeWriter envelope, ReadOnlySpan<byte> message)
    {
        var enveloped = envelope.SizeOf(message.Length);
        var item = ProtobufOutput.FieldSize(enveloped);
        var length = ProtobufOutput.FieldSize(type.Length) + ProtobufOutput.FieldSize(item);
        BinaryPrimitives.WriteInt32BigEndian(output.GetSpan(sizeof(int)), length);
        output.Advance(sizeof(int));
        output.WriteFieldHead(TypeField, type.Length);
        output.Write(type);
        output.WriteFieldHead(ObjectField, item);
        output.WriteFieldHead(RawField, enveloped);
        envelope.Write(output, message);
    }
}
