using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Tables;

namespace OrleansOrchestrator.Api.Negotiation;

/// <summary>
/// Sends a body that is produced as compact JSON in the form the client wants: as it is, compressed, indented, or as
/// YAML. The first two stream with flat memory; the others, which people ask for and programs do not, are produced
/// whole first.
/// </summary>
public static class ResponseBody
{
    /// <summary>Smaller bodies are never compressed; the same bound as upstream's.</summary>
    public const int MinCompressedBytes = 128 * 1024;

    /// <summary>Producers flush when this much waits in the pipe.</summary>
    public const int FlushBytes = 64 * 1024;

    /// <summary>Sends a body.</summary>
    /// <param name="context">The request.</param>
    /// <param name="format">How.</param>
    /// <param name="statusCode">HTTP status.</param>
    /// <param name="size">The JSON's size in bytes: exact when <paramref name="sizeIsExact"/>, else an
    /// estimate.</param>
    /// <param name="sizeIsExact">True when the size may become Content-Length.</param>
    /// <param name="produce">Writes compact JSON, flushing as it goes.</param>
    public static async Task SendAsync(
        HttpContext context, ResponseFormat format, int statusCode, long size, bool sizeIsExact, Func<PipeWriter, Task> produce)
    {
        var response = context.Response;
        response.StatusCode = statusCode;
        response.ContentType = format.ContentType;
        response.Headers.CacheControl = "no-cache, private";
        if (format.Wire == Wire.Yaml || format.Pretty)
        {
            await SendRewrittenAsync(context, format, produce);
            return;
        }

        if (size >= MinCompressedBytes && AcceptsGzip(context.Request))
        {
            response.Headers.ContentEncoding = "gzip";
            response.Headers.Vary = "Accept-Encoding";
            await using var gzip = new GZipStream(response.Body, CompressionLevel.Fastest, leaveOpen: true);
            var pipe =
                PipeWriter.Create(gzip, new StreamPipeWriterOptions(minimumBufferSize: 16 * 1024, leaveOpen: true));
            await produce(pipe);
            await pipe.CompleteAsync();
            return;
        }

        if (sizeIsExact)
        {
            response.ContentLength = size;
        }

        await produce(response.BodyWriter);
        await response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    /// <summary>Sends bytes that are there already.</summary>
    public static Task SendAsync(HttpContext context, ResponseFormat format, int statusCode, ReadOnlyMemory<byte> json)
    {
        if (format.IsVerbatim && json.Length < MinCompressedBytes)
        {
            var response = context.Response;
            response.StatusCode = statusCode;
            response.ContentType = format.ContentType;
            response.ContentLength = json.Length;
            response.Headers.CacheControl = "no-cache, private";
            return response.BodyWriter.WriteAsync(json, context.RequestAborted).AsTask();
        }

        return SendAsync(context, format, statusCode, json.Length, sizeIsExact: true, pipe =>
        {
            pipe.Write(json.Span);
            return pipe.FlushAsync(context.RequestAborted).AsTask();
        });
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

    private static async Task SendRewrittenAsync(
        HttpContext context, ResponseFormat format, Func<PipeWriter, Task> produce)
    {
        using var whole = new MemoryStream();
        var pipe = PipeWriter.Create(whole, new StreamPipeWriterOptions(leaveOpen: true));
        await produce(pipe);
        await pipe.CompleteAsync();
        var json = whole.GetBuffer().AsMemory(0, (int)whole.Length);
        var output = new ArrayBufferWriter<byte>(json.Length * 2);
        if (format.Wire == Wire.Yaml)
        {
            YamlRewriter.Write(output, json);
        }
        else
        {
            Indent(output, json);
        }

        context.Response.ContentLength = output.WrittenCount;
        await context.Response.Body.WriteAsync(output.WrittenMemory, context.RequestAborted);
    }

    private static void Indent(ArrayBufferWriter<byte> output, ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json);
        using var writer = new Utf8JsonWriter(
            output, new JsonWriterOptions { Indented = true, Encoder = TableRenderer.WriterOptions.Encoder });
        document.WriteTo(writer);
        writer.Flush();
        output.Write("\n"u8);
    }
}
