using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using OrleansOrchestrator.Api.Admission.Matching;

namespace OrleansOrchestrator.Api.Admission.Webhooks;

/// <summary>What a webhook is asked: an AdmissionReview with a request.</summary>
internal sealed record AdmissionQuestion
{
    private static readonly JsonWriterOptions Relaxed =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>Ties the answer to the question.</summary>
    public required string Uid { get; init; }

    public required AdmissionAttributes Attributes { get; init; }

    public required HookInvocation Invocation { get; init; }

    /// <summary>The object as the webhook is to see it; null for a deletion.</summary>
    public required byte[]? Object { get; init; }

    /// <summary>The object before the write; null when there is none.</summary>
    public required byte[]? OldObject { get; init; }

    public ReadOnlyMemory<byte> Encode()
    {
        var output = new ArrayBufferWriter<byte>(1024 + (Object?.Length ?? 0) + (OldObject?.Length ?? 0));
        using var writer = new Utf8JsonWriter(output, Relaxed);
        writer.WriteStartObject();
        writer.WriteString("kind"u8, "AdmissionReview"u8);
        writer.WriteString("apiVersion"u8, $"admission.k8s.io/{Invocation.Hook.ReviewVersion}");
        writer.WriteStartObject("request"u8);
        writer.WriteString("uid"u8, Uid);
        var request = new RequestJson(Attributes, Invocation.Version);
        request.WriteSubject(writer);
        WriteRaw(writer, "object"u8, Object);
        WriteRaw(writer, "oldObject"u8, OldObject);
        request.WriteManner(writer);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.Flush();
        return output.WrittenMemory;
    }

    private static void WriteRaw(Utf8JsonWriter writer, ReadOnlySpan<byte> field, byte[]? json)
    {
        writer.WritePropertyName(field);
        if (json is null)
        {
            writer.WriteNullValue();
        }
        else
        {
            writer.WriteRawValue(json, skipInputValidation: true);
        }
    }
}
