using System.Buffers;
using System.Collections.Concurrent;
using System.Text.Json;
using k8s.Models;
using OrleansOrchestrator.Api.Tables;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Protobuf;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Api.Negotiation;

/// <summary>How the objects of one kind are written in protobuf: a message in an envelope.</summary>
public sealed class ProtobufForm
{
    private static readonly ConcurrentDictionary<(string ApiVersion, string Kind), ProtobufForm> Known = new();

    private readonly ObjectSchema _schema;

    private ProtobufForm(ObjectSchema schema, string apiVersion, string kind)
    {
        _schema = schema;
        Envelope = new EnvelopeWriter(apiVersion, kind);
    }

    public EnvelopeWriter Envelope { get; }

    /// <summary>The form of a resource's objects; null for one that has no messages.</summary>
    public static ProtobufForm? Of(ResourceDefinition definition) => Find(definition.ApiVersion, definition.Kind);

    /// <summary>Any object of a kind that has messages, in its envelope.</summary>
    public static void Write(IBufferWriter<byte> output, ReadOnlySpan<byte> json)
    {
        var (apiVersion, kind) = ReadType(json);
        var form = Find(apiVersion, kind);
        Invariant.Check(form is not null, "protobuf is negotiated only for what has a message", $"{apiVersion} {kind}");
        form.Envelope.Write(output, form.Encode(json));
    }

    /// <summary>The message of any object; null for one of a kind that has no messages.</summary>
    public static byte[]? TryEncode(ReadOnlySpan<byte> json)
    {
        var (apiVersion, kind) = ReadType(json);
        return Find(apiVersion, kind)?.Encode(json);
    }

    /// <summary>The message of an object.</summary>
    public byte[] Encode(ReadOnlySpan<byte> json) => ProtobufEncoder.Encode(_schema, json);

    /// <summary>The envelope of a metadata form.</summary>
    public static EnvelopeWriter PartialEnvelope(string metaVersion, string kind = "PartialObjectMetadata") =>
        new($"meta.k8s.io/{metaVersion}", kind);

    /// <summary>The message of the metadata form of an object of any kind, from its JSON.</summary>
    public static byte[] EncodePartial(ResourceDefinition definition, ReadOnlySpan<byte> json) =>
        [.. new ProtobufWriter().Bytes(1, Encode<V1ObjectMeta>(ObjectSlices.MetadataForm(definition, json))).Written];

    /// <summary>The message of a part that is no kind.</summary>
    public static byte[] Encode<T>(ReadOnlySpan<byte> json) =>
        ProtobufEncoder.Encode(BuiltInSchema.Of(typeof(T)), json);

    private static ProtobufForm? Find(string apiVersion, string kind)
    {
        if (Known.TryGetValue((apiVersion, kind), out var known))
        {
            return known;
        }

        // The lists of versions at the root of discovery say no apiVersion.
        var slash = apiVersion.IndexOf('/', StringComparison.Ordinal);
        var group = slash < 0 ? "" : apiVersion[..slash];
        var version = apiVersion.Length == 0 ? "v1" : apiVersion[(slash + 1)..];
        return BuiltInSchema.Find(new SchemaKind(group, version, kind)) is { HasMessage: true } schema
            ? Known.GetOrAdd((apiVersion, kind), new ProtobufForm(schema, apiVersion, kind))
            : null;
    }

    private static (string ApiVersion, string Kind) ReadType(ReadOnlySpan<byte> json)
    {
        var (apiVersion, kind) = ("", "");
        var reader = new Utf8JsonReader(json);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var (isVersion, isKind) = (reader.ValueTextEquals("apiVersion"u8), reader.ValueTextEquals("kind"u8));
            reader.Read();
            if (isVersion)
            {
                apiVersion = reader.GetString()!;
            }
            else if (isKind)
            {
                kind = reader.GetString()!;
            }
            else
            {
                reader.Skip();
            }
        }

        return (apiVersion, kind);
    }
}
