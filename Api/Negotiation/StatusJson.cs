using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Negotiation;

/// <summary>Writes <c>meta/v1 Status</c>.</summary>
public static class StatusJson
{
    /// <summary>Kubernetes text is full of quotes and angle brackets that need no escaping inside JSON.</summary>
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// Answers a request with a failure, with Retry-After when the failure says so: in the form that the client accepts
    /// or, when it accepts none, in JSON.
    /// </summary>
    public static Task WriteAsync(HttpContext context, Status status)
    {
        var response = context.Response;
        var body = new ArrayBufferWriter<byte>(512);
        Write(body, status);
        if (AuditRecord.Of(context) is { } audit)
        {
            audit.Status = AuditStatus.Of(status);
            audit.Answered(body.WrittenMemory);
        }

        if (status.Details is { RetryAfterSeconds: > 0 } details)
        {
            response.Headers.RetryAfter =
                details.RetryAfterSeconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        var negotiated = Negotiator.Negotiate(context.Request, EndpointKind.Discovery);
        var format = negotiated.Succeeded ? negotiated.Value : ResponseFormat.PlainJson;
        return ResponseBody.SendAsync(context, format, status.Code, body.WrittenMemory);
    }

    /// <summary>The event that ends a watch which failed, on a line of its own.</summary>
    public static void WriteEvent(IBufferWriter<byte> output, Status status)
    {
        output.Write("{\"type\":\"ERROR\",\"object\":"u8);
        Write(output, status);
        output.Write("}\n"u8);
    }

    /// <summary>The failure as compact JSON.</summary>
    public static void Write(IBufferWriter<byte> output, Status status)
    {
        using var writer = new Utf8JsonWriter(output, Options);
        WriteHead(writer, "Failure", status.Continue);
        if (status.Message.Length > 0)
        {
            writer.WriteString("message"u8, status.Message);
        }

        if (status.Reason.Length > 0)
        {
            writer.WriteString("reason"u8, status.Reason);
        }

        if (status.Details is { } details)
        {
            writer.WritePropertyName("details"u8);
            WriteDetails(writer, details);
        }

        writer.WriteNumber("code"u8, status.Code);
        writer.WriteEndObject();
    }

    /// <summary>What a Success says of itself.</summary>
    public static AuditStatus ReadSuccess(int code, ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json);
        return new AuditStatus(
            code, "Success",
            Details: document.RootElement.TryGetProperty("details"u8, out var details) ? new StatusDetails
            {
                Name = Text(details, "name"), Group = Text(details, "group"), Kind = Text(details, "kind"),
                Uid = Text(details, "uid"),
            } : null);
    }

    private static string? Text(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out var value) ? value.GetString() : null;

    /// <summary>The Success that deletions answer with.</summary>
    public static void WriteSuccess(IBufferWriter<byte> output, StatusDetails? details, int code = 0)
    {
        using var writer = new Utf8JsonWriter(output, Options);
        WriteHead(writer, "Success", continueToken: null);
        if (details is not null)
        {
            writer.WritePropertyName("details"u8);
            WriteDetails(writer, details);
        }

        if (code != 0)
        {
            writer.WriteNumber("code"u8, code);
        }

        writer.WriteEndObject();
    }

    private static void WriteHead(Utf8JsonWriter writer, string result, string? continueToken)
    {
        writer.WriteStartObject();
        writer.WriteString("kind"u8, "Status"u8);
        writer.WriteString("apiVersion"u8, "v1"u8);
        writer.WriteStartObject("metadata"u8);
        WriteText(writer, "continue"u8, continueToken);
        writer.WriteEndObject();
        writer.WriteString("status"u8, result);
    }

    internal static void WriteDetails(Utf8JsonWriter writer, StatusDetails details)
    {
        writer.WriteStartObject();
        WriteText(writer, "name"u8, details.Name);
        WriteText(writer, "group"u8, details.Group);
        WriteText(writer, "kind"u8, details.Kind);
        WriteText(writer, "uid"u8, details.Uid);
        if (details.Causes is { Count: > 0 } causes)
        {
            writer.WriteStartArray("causes"u8);
            foreach (var cause in causes)
            {
                writer.WriteStartObject();
                WriteText(writer, "reason"u8, cause.Reason);
                WriteText(writer, "message"u8, cause.Message);
                WriteText(writer, "field"u8, cause.Field);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        if (details.RetryAfterSeconds > 0)
        {
            writer.WriteNumber("retryAfterSeconds"u8, details.RetryAfterSeconds);
        }

        writer.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter writer, ReadOnlySpan<byte> name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            writer.WriteString(name, value);
        }
    }
}
