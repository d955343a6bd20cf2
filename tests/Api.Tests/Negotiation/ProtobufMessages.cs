using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.Kernel.Protobuf;
using OrleansOrchestrator.Resources.Kernel.Schema;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Negotiation;

/// <summary>Reads answers in protobuf as a client would: without the code that wrote them.</summary>
internal static class ProtobufMessages
{
    /// <summary>The JSON of an object; of a metadata form, that of the kind whose metadata it is.</summary>
    public static JsonNode ToJson(byte[] body, string partialOf = "ConfigMap")
    {
        var envelope = ProtobufEnvelope.Open(body);
        var kind = envelope.Kind.Replace("PartialObjectMetadata", partialOf, StringComparison.Ordinal);
        var isPartial = kind != envelope.Kind;
        var version = isPartial || envelope.ApiVersion.Length == 0 ? "v1" : envelope.ApiVersion;
        var slash = version.IndexOf('/', StringComparison.Ordinal);
        var group = slash < 0 ? "" : version[..slash];
        var schema = BuiltInSchema.Find(new SchemaKind(group, version[(slash + 1)..], kind));
        Assert.NotNull(schema);
        var output = new ArrayBufferWriter<byte>();
        ProtobufTranscoder.WriteJson(schema, envelope, output);
        return JsonNode.Parse(output.WrittenSpan)!;
    }

    /// <summary>Lists and maps that are empty are nothing in protobuf.</summary>
    public static JsonNode? WithoutEmpty(JsonNode? node) => node switch
    {
        JsonObject item => item.Select(p => KeyValuePair.Create(p.Key, WithoutEmpty(p.Value)))
            .Where(p => p.Value is not null).ToArray() is { Length: > 0 } kept ? new JsonObject(kept) : null,
        JsonArray list => list.Count == 0 ? null : new JsonArray([.. list.Select(WithoutEmpty)]),
        _ => node?.DeepClone(),
    };

    /// <summary>The next event of a stream; null at its end.</summary>
    public static async Task<(string Type, byte[] Object)?> NextEventAsync(Stream stream, CancellationToken limit)
    {
        var head = new byte[sizeof(int)];
        if (await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, limit) == 0)
        {
            return null;
        }

        var frame = new byte[BinaryPrimitives.ReadInt32BigEndian(head)];
        await stream.ReadExactlyAsync(frame, limit);
        return Event(frame);
    }

    /// <summary>A <c>WatchEvent</c>: type (1) and object (2), which is raw (1).</summary>
    public static (string Type, byte[] Object) Event(byte[] frame)
    {
        var at = 0;
        var type = System.Text.Encoding.UTF8.GetString(Field(frame, ref at, number: 1));
        var item = Field(frame, ref at, number: 2);
        Assert.Equal(frame.Length, at);
        at = 0;
        var raw = Field(item, ref at, number: 1);
        Assert.Equal(item.Length, at);
        return (type, raw);
    }

    private static byte[] Field(byte[] data, ref int at, int number)
    {
        Assert.Equal((number << 3) | 2, data[at++]);
        var (length, shift) = (0, 0);
        byte next;
        do
        {
            next = data[at++];
            length |= (next & 0x7f) << shift;
            shift += 7;
        }
        while (next >= 0x80);

        at += length;
        return data[(at - length)..at];
    }
}
