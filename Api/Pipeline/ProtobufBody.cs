using System.Buffers;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel.Protobuf;

namespace OrleansOrchestrator.Api.Pipeline;

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
        if (isExpected && !ProtobufTranscoder.Knows(expected.Model))
        {
            return BodyDecoder.UnsupportedFormat;
        }

        try
        {
            return Write(isExpected ? expected.Model : null, envelope, body.Length);
        }
        catch (ProtobufException malformed)
        {
            return BodyDecoder.CannotHandle(
                kind, version[(version.IndexOf('/', StringComparison.Ordinal) + 1)..], expected, malformed.Message);
        }
    }

    /// <summary>The JSON of a <c>DeleteOptions</c>, which every API version has.</summary>
    public static Outcome<ReadOnlyMemory<byte>> DeleteOptionsToJson(ReadOnlySpan<byte> body)
    {
        try
        {
            var envelope = ProtobufEnvelope.Open(body);
            return Write(envelope.Kind is "" or DeleteOptions ? typeof(V1DeleteOptions) : null, envelope, body.Length);
        }
        catch (ProtobufException malformed)
        {
            return StatusErrors.BadRequest(malformed.Message);
        }
    }

    private static ReadOnlyMemory<byte> Write(Type? model, ProtobufEnvelope envelope, int length)
    {
        var json = new ArrayBufferWriter<byte>(Math.Max(SmallestBuffer, 2 * length));
        if (model is null)
        {
            ProtobufTranscoder.WriteTypeMeta(envelope, json);
        }
        else
        {
            ProtobufTranscoder.WriteJson(model, envelope, json);
        }

        return json.WrittenMemory;
    }
}
