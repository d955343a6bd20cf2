using System.Buffers;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Protobuf;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>
/// Bodies in protobuf, which typed Go clients send, become JSON before anything else looks at them: there is one
/// decoder. What upstream refuses while it reads protobuf is refused here, in its words.
/// </summary>
internal static class ProtobufBody
{
    private const int SmallestBuffer = 512;
    private const string DeleteOptions = "DeleteOptions";

    /// <summary>
    /// The JSON of an object of an expected kind; of another kind only apiVersion and kind, which are refused later.
    /// </summary>
    public static Outcome<ReadOnlyMemory<byte>> ToJson(ExpectedBody expected, ReadOnlySpan<byte> body)
    {
        ProtobufEnvelope envelope;
        try
        {
            envelope = ProtobufEnvelope.Open(body);
        }
        catch (ProtobufException malformed)
        {
            return BodyDecoder.Unrecognized(expected, body, malformed.Message);
        }

        var version = envelope.ApiVersion.Length == 0 ? expected.ApiVersion : envelope.ApiVersion;
        var kind = envelope.Kind.Length == 0 ? expected.Kind : envelope.Kind;
        var isExpected = version == expected.ApiVersion && kind == expected.Kind;
        var schema = expected.Codec.Schema;
        if (isExpected && !schema.HasMessage)
        {
            return BodyDecoder.UnsupportedFormat;
        }

        try
        {
            return Write(isExpected ? schema : null, envelope, body.Length);
        }
        catch (ProtobufException malformed)
        {
            return BodyDecoder.CannotHandle(
                kind, ApiVersions.Split(version).Version, expected, malformed.Message);
        }
    }

    /// <summary>The JSON of a <c>DeleteOptions</c>, which every API version has.</summary>
    public static Outcome<ReadOnlyMemory<byte>> DeleteOptionsToJson(ReadOnlySpan<byte> body)
    {
        try
        {
            var envelope = ProtobufEnvelope.Open(body);
            return Write(envelope.Kind is "" or DeleteOptions
                ? BuiltInSchema.Of(typeof(V1DeleteOptions)) : null, envelope, body.Length);
        }
        catch (ProtobufException malformed)
        {
            return StatusErrors.BadRequest(malformed.Message);
        }
    }

    private static ReadOnlyMemory<byte> Write(ObjectSchema? schema, ProtobufEnvelope envelope, int length)
    {
        var json = new ArrayBufferWriter<byte>(Math.Max(SmallestBuffer, 2 * length));
        if (schema is null)
        {
            ProtobufTranscoder.WriteTypeMeta(envelope, json);
        }
        else
        {
            ProtobufTranscoder.WriteJson(schema, envelope, json);
        }

        return json.WrittenMemory;
    }
}
