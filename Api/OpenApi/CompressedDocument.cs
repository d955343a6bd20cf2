using System.Buffers;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Negotiation;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>A large, rarely read document: kept compressed, which is also what nearly every client takes.</summary>
internal sealed class CompressedDocument
{
    private readonly byte[] _gzip;
    private readonly int _length;

    /// <param name="content">The document.</param>
    /// <param name="hash">That of the document that this one is another form of; null for its own.</param>
    /// <param name="level">How hard to compress; the least bytes unless the document is made while somebody
    /// waits.</param>
    public CompressedDocument(
        ReadOnlySpan<byte> content, string? hash = null, CompressionLevel level = CompressionLevel.SmallestSize)
    {
        Hash = hash ?? Convert.ToHexString(SHA512.HashData(content));
        _length = content.Length;
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, level))
        {
            gzip.Write(content);
        }

        _gzip = compressed.ToArray();
    }

    /// <summary>Changes with the content.</summary>
    public string Hash { get; }

    public static CompressedDocument Of(Action<Utf8JsonWriter> write) => new(Write(write).Span);

    /// <summary>JSON as documents have it.</summary>
    public static ReadOnlyMemory<byte> Write(Action<Utf8JsonWriter> write)
    {
        var output = new ArrayBufferWriter<byte>(256 * 1024);
        using (var writer = new Utf8JsonWriter(output, new JsonWriterOptions { Encoder = Tables.TableRenderer.WriterOptions.Encoder }))
        {
            write(writer);
        }

        return output.WrittenMemory;
    }

    /// <summary>The document as it was before it was compressed.</summary>
    public byte[] Plain()
    {
        var result = new byte[_length];
        using var plain = new GZipStream(new MemoryStream(_gzip), CompressionMode.Decompress);
        plain.ReadExactly(result);
        return result;
    }

    /// <summary>Answers with the document, or with 304 when the client has it.</summary>
    public async Task SendAsync(HttpContext context, string contentType)
    {
        var response = context.Response;
        var tag = $"\"{Hash}\"";
        response.Headers.ETag = tag;
        response.Headers.Vary = "Accept-Encoding, Accept";
        if (context.Request.Headers.IfNoneMatch.ToString().Split(',', StringSplitOptions.TrimEntries).Contains(tag))
        {
            response.StatusCode = 304;
            return;
        }

        response.ContentType = contentType;
        if (ResponseBody.AcceptsGzip(context.Request))
        {
            response.Headers.ContentEncoding = "gzip";
            response.ContentLength = _gzip.Length;
            await response.Body.WriteAsync(_gzip, context.RequestAborted);
            return;
        }

        response.ContentLength = _length;
        await using var plain = new GZipStream(new MemoryStream(_gzip), CompressionMode.Decompress);
        await plain.CopyToAsync(response.Body, context.RequestAborted);
    }
}
