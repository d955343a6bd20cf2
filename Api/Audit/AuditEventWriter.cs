using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Audit;

/// <summary>Writes events of <c>audit.k8s.io/v1</c>, fields in the order and form in which Go writes them.</summary>
internal static class AuditEventWriter
{
    private const int UsualBytes = 2048;

    /// <summary>A buffer that a body has made larger is let go.</summary>
    private const int MaxKeptBytes = 64 * 1024;

    /// <summary>Bodies have been read with bounds of their own.</summary>
    private const int MaxDepth = 10_000;

    /// <summary>Of a time in .NET's round-trip form all but the last digit, which upstream's has not.</summary>
    private const int TimeBytes = 26;

    private static readonly JsonWriterOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true, MaxDepth = MaxDepth,
    };

    private static readonly JsonDocumentOptions BodyOptions = new() { MaxDepth = MaxDepth };

    /// <summary>A writer of each thread: an event is written without a pause.</summary>
    [ThreadStatic]
    private static (ArrayBufferWriter<byte> Output, Utf8JsonWriter Writer)? _own;

    /// <summary>One event, without a line's end.</summary>
    /// <param name="record">What is known of the request.</param>
    /// <param name="stage">Where it stands.</param>
    /// <param name="now">When it came there.</param>
    /// <param name="withBodies">Bodies are wanted, as far as the policy wants them.</param>
    /// <param name="more">A further annotation.</param>
    public static byte[] Write(
        AuditRecord record, AuditStages stage, DateTimeOffset now, bool withBodies,
        KeyValuePair<string, string>? more = null)
    {
        var (output, writer) = _own ??= Make();
        output.ResetWrittenCount();
        writer.Reset();
        writer.WriteStartObject();
        WriteHead(writer, record, stage);
        WriteWho(writer, record);
        WriteObjectRef(writer, record);
        WriteStatus(writer, record.Status);
        if (withBodies)
        {
            WriteBody(writer, "requestObject", record.RequestObject, record.OmitsManagedFields);
            WriteBody(writer, "responseObject", record.ResponseObject, record.OmitsManagedFields);
        }

        WriteTime(writer, "requestReceivedTimestamp"u8, record.Received);
        WriteTime(writer, "stageTimestamp"u8, now);
        WriteAnnotations(writer, more is { } last
            ? [.. record.Annotations().Append(last).OrderBy(static a => a.Key, StringComparer.Ordinal)]
            : record.Annotations());
        writer.WriteEndObject();
        writer.Flush();
        var json = output.WrittenSpan.ToArray();
        if (output.Capacity > MaxKeptBytes)
        {
            _own = null;
        }

        return json;
    }

    private static (ArrayBufferWriter<byte> Output, Utf8JsonWriter Writer) Make()
    {
        var output = new ArrayBufferWriter<byte>(UsualBytes);
        return (output, new Utf8JsonWriter(output, Options));
    }

    private static void WriteHead(Utf8JsonWriter writer, AuditRecord record, AuditStages stage)
    {
        writer.WriteString("kind"u8, "Event"u8);
        writer.WriteString("apiVersion"u8, "audit.k8s.io/v1"u8);
        writer.WriteString("level"u8, record.Level switch
        {
            AuditLevel.Metadata => "Metadata"u8,
            AuditLevel.Request => "Request"u8,
            _ => "RequestResponse"u8,
        });
        writer.WriteString("auditID"u8, record.Id);
        writer.WriteString("stage"u8, stage switch
        {
            AuditStages.RequestReceived => "RequestReceived"u8,
            AuditStages.ResponseStarted => "ResponseStarted"u8,
            AuditStages.ResponseComplete => "ResponseComplete"u8,
            _ => "Panic"u8,
        });
        writer.WriteString("requestURI"u8, record.Uri);
        writer.WriteString("verb"u8, record.Request.Verb);
    }

    private static void WriteWho(Utf8JsonWriter writer, AuditRecord record)
    {
        WriteUser(writer, "user", record.User);
        if (record.ActsAs is { } actsAs)
        {
            WriteUser(writer, "impersonatedUser", actsAs);
        }

        if (record.ImpersonationConstraint.Length > 0)
        {
            writer.WriteStartObject("authenticationMetadata"u8);
            writer.WriteString("impersonationConstraint"u8, record.ImpersonationConstraint);
            writer.WriteEndObject();
        }

        WriteTexts(writer, "sourceIPs", record.SourceIps);
        WriteText(writer, "userAgent"u8, record.UserAgent);
    }

    private static void WriteUser(Utf8JsonWriter writer, string name, UserIdentity? user)
    {
        writer.WriteStartObject(name);
        WriteText(writer, "username"u8, user?.Name);
        WriteText(writer, "uid"u8, user?.Uid);
        WriteTexts(writer, "groups", user?.Groups ?? []);
        if (user is { Extra.Count: > 0 })
        {
            writer.WriteStartObject("extra"u8);
            foreach (var (key, values) in user.Extra.OrderBy(static e => e.Key, StringComparer.Ordinal))
            {
                writer.WriteStartArray(key);
                WriteValues(writer, values);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static void WriteObjectRef(Utf8JsonWriter writer, AuditRecord record)
    {
        var (request, body) = (record.Request, record.Body);
        if (!request.IsResourceRequest)
        {
            return;
        }

        writer.WriteStartObject("objectRef"u8);
        WriteText(writer, "resource"u8, request.Resource);
        WriteText(writer, "namespace"u8, request.Namespace.Length > 0 ? request.Namespace : body.Namespace);
        WriteText(writer, "name"u8, request.Name.Length > 0 ? request.Name : body.Name);
        WriteText(writer, "uid"u8, body.Uid);
        WriteText(writer, "apiGroup"u8, request.Group);
        WriteText(writer, "apiVersion"u8, request.Version);
        WriteText(writer, "resourceVersion"u8, body.ResourceVersion);
        WriteText(writer, "subresource"u8, request.Subresource);
        writer.WriteEndObject();
    }

    private static void WriteStatus(Utf8JsonWriter writer, AuditStatus? status)
    {
        if (status is null)
        {
            return;
        }

        writer.WriteStartObject("responseStatus"u8);
        writer.WriteStartObject("metadata"u8);
        writer.WriteEndObject();
        WriteText(writer, "status"u8, status.Result);
        WriteText(writer, "message"u8, status.Message);
        WriteText(writer, "reason"u8, status.Reason);
        if (status.Details is { } details)
        {
            writer.WritePropertyName("details"u8);
            StatusJson.WriteDetails(writer, details);
        }

        if (status.Code != 0)
        {
            writer.WriteNumber("code"u8, status.Code);
        }

        writer.WriteEndObject();
    }

    /// <summary>A body may have been sent with spaces and on many lines; an event is one line.</summary>
    private static void WriteBody(
        Utf8JsonWriter writer, string name, ReadOnlyMemory<byte> json, bool omitsManagedFields)
    {
        if (json.IsEmpty)
        {
            return;
        }

        if (Parse(json) is not { } document)
        {
            return;
        }

        using (document)
        {
            writer.WritePropertyName(name);
            if (omitsManagedFields)
            {
                ManagedFieldsFilter.Write(writer, document.RootElement);
            }
            else
            {
                document.RootElement.WriteTo(writer);
            }
        }
    }

    /// <summary>Null for what is no JSON: it was refused, and is no object.</summary>
    private static JsonDocument? Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            return JsonDocument.Parse(json, BodyOptions);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static void WriteAnnotations(
        Utf8JsonWriter writer, IReadOnlyList<KeyValuePair<string, string>> annotations)
    {
        if (annotations.Count == 0)
        {
            return;
        }

        writer.WriteStartObject("annotations"u8);
        foreach (var (key, value) in annotations)
        {
            writer.WriteString(key, value);
        }

        writer.WriteEndObject();
    }

    private static void WriteTexts(Utf8JsonWriter writer, string name, IReadOnlyList<string> texts)
    {
        if (texts.Count > 0)
        {
            writer.WriteStartArray(name);
            WriteValues(writer, texts);
        }
    }

    private static void WriteValues(Utf8JsonWriter writer, IReadOnlyList<string> values)
    {
        foreach (var value in values)
        {
            writer.WriteStringValue(value);
        }

        writer.WriteEndArray();
    }

    private static void WriteText(Utf8JsonWriter writer, ReadOnlySpan<byte> name, string? text)
    {
        if (!string.IsNullOrEmpty(text))
        {
            writer.WriteString(name, text);
        }
    }

    private static void WriteTime(Utf8JsonWriter writer, ReadOnlySpan<byte> name, DateTimeOffset time)
    {
        Span<byte> text = stackalloc byte[32];
        time.UtcDateTime.TryFormat(text, out _, "O", CultureInfo.InvariantCulture);
        text[TimeBytes] = (byte)'Z';
        writer.WriteString(name, text[..(TimeBytes + 1)]);
    }
}
