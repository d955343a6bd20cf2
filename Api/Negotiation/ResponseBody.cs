using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Tables;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.Negotiation;

/// <summary>
/// Sends a body that is produced as compact JSON in the form the client wants: as it is, indented, as YAML or as
/// protobuf, and compressed when it is large. The first streams with flat memory; the others are produced whole first:
/// people ask for them, or the answer is small (lists and objects in protobuf have writers of their own).
/// </summary>
public static class ResponseBody
{
    /// <summary>Only longer bodies are compressed; the same bound as upstream's.</summary>
    public const int MaxPlainBytes = 128 * 1024;

    /// <summary>Producers flush when this much waits in the pipe.</summary>
    public const int FlushBytes = 64 * 1024;

    /// <summary>Sends a body that is produced as compact JSON.</summary>
    /// <param name="context">The request.</param>
    /// <param name="format">How.</param>
    /// <param name="statusCode">HTTP status.</param>
    /// <param name="size">
    /// The JSON's size in bytes; null when it is not known before. One that is long may be longer.
    /// </param>
    /// <param name="produce">Writes compact JSON, flushing as it goes.</param>
    public static async Task SendAsync(
        HttpContext context, ResponseFormat format, int statusCode, long? size, Func<PipeWriter, Task> produce)
    {
        if (!format.IsRewritten)
        {
            await SendAsync(context, format.ContentType, statusCode, size, produce);
            return;
        }

        using var whole = new MemoryStream();
        var pipe = PipeWriter.Create(whole, new StreamPipeWriterOptions(leaveOpen: true));
        await produce(pipe);
        await pipe.CompleteAsync();
        await SendAsync(context, format, statusCode, whole.GetBuffer().AsMemory(0, (int)whole.Length));
    }

    /// <summary>Sends a body that is produced as it is to be sent; how long it is, is told of short ones.</summary>
    public static async Task SendAsync(
        HttpContext context, string contentType, int statusCode, long? size, Func<PipeWriter, Task> produce)
    {
        var response = context.Response;
        response.StatusCode = statusCode;
        response.ContentType = contentType;
        if (size is null or > MaxPlainBytes && AcceptsGzip(context.Request))
        {
            await using var body = new CompressedBody(response, isLong: size is not null);
            var pipe =
                PipeWriter.Create(body, new StreamPipeWriterOptions(minimumBufferSize: 16 * 1024, leaveOpen: true));
            await produce(pipe);
            await pipe.CompleteAsync();
            await body.CompleteAsync(context.RequestAborted);
            return;
        }

        response.ContentLength = size <= MaxPlainBytes ? size : null;
        await produce(response.BodyWriter);
        await response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    /// <summary>Sends JSON that is there already.</summary>
    public static Task SendAsync(HttpContext context, ResponseFormat format, int statusCode, ReadOnlyMemory<byte> json) =>
        SendAsync(context, format.ContentType, statusCode, Rewrite(format, json));

    /// <summary>Sends bytes that are there already.</summary>
    public static Task SendAsync(HttpContext context, string contentType, int statusCode, ReadOnlyMemory<byte> body)
    {
        if (body.Length > MaxPlainBytes)
        {
            return SendAsync(context, contentType, statusCode, body.Length, pipe =>
                pipe.WriteAsync(body, context.RequestAborted).AsTask());
        }

        var response = context.Response;
        response.StatusCode = statusCode;
        response.ContentType = contentType;
        response.ContentLength = body.Length;
        return response.BodyWriter.WriteAsync(body, context.RequestAborted).AsTask();
    }

    /// <summary>Whether a client takes gzip.</summary>
    public static bool AcceptsGzip(HttpRequest request)
    {
        foreach (var coding in request.Headers.AcceptEncoding)
        {
            foreach (var range in coding.AsSpan().Split(','))
            {
                var token = coding.AsSpan(range).Trim();
                if (token.StartsWith("gzip", StringComparison.OrdinalIgnoreCase) &&
                    (token.Length == 4 || token[4..].TrimStart().StartsWith(";")) &&
                    !token.EndsWith("q=0", StringComparison.Ordinal))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>A body in the form that the client wants.</summary>
    public static ReadOnlyMemory<byte> Rewrite(ResponseFormat format, ReadOnlyMemory<byte> json)
    {
        if (!format.IsRewritten)
        {
            return json;
        }

        var output = new ArrayBufferWriter<byte>(json.Length * 2);
        switch (format.Wire)
        {
            case Wire.Yaml:
                YamlRewriter.Write(output, json);
                break;
            case Wire.Protobuf:
                ProtobufForm.Write(output, json.Span);
                break;
            default:
                Indent(output, json);
                break;
        }

        return output.WrittenMemory;
    }

    private static void Indent(ArrayBufferWriter<byte> output, ReadOnlyMemory<byte> json)
    {
        using var document = JsonTree.ParseCommitted(json);
        using var writer = new Utf8JsonWriter(
            output, new JsonWriterOptions { Indented = true, Encoder = TableRenderer.WriterOptions.Encoder });
        document.WriteTo(writer);
        writer.Flush();
        output.Write("\n"u8);
    }
}
