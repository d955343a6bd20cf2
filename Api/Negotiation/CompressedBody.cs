using System.IO.Compression;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.Api.Negotiation;

/// <summary>
/// A body that is compressed when it is long. Where that is not known before, its beginning is held back until it is:
/// no more than <see cref="ResponseBody.MaxPlainBytes"/> and one write. To flush it does nothing: what is compressed
/// goes on by itself when there is enough of it.
/// </summary>
/// <param name="response">The answer; its head is complete but for how the body is encoded.</param>
/// <param name="isLong">True when it is known to be.</param>
internal sealed class CompressedBody(HttpResponse response, bool isLong) : SequentialStream
{
    private readonly MemoryStream _held = new();
    private GZipStream? _gzip = isLong ? Begin(response) : null;

    public override bool CanRead => false;

    public override bool CanWrite => true;

    public override async ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_gzip is not null)
        {
            await _gzip.WriteAsync(buffer, cancellationToken);
            return;
        }

        await _held.WriteAsync(buffer, cancellationToken);
        if (_held.Length > ResponseBody.MaxPlainBytes)
        {
            _gzip = Begin(response);
            await _gzip.WriteAsync(Held(), cancellationToken);
        }
    }

    /// <summary>Sends what is still held back.</summary>
    public async ValueTask CompleteAsync(CancellationToken cancellationToken)
    {
        if (_gzip is not null)
        {
            await _gzip.DisposeAsync();
            return;
        }

        response.ContentLength = _held.Length;
        await response.Body.WriteAsync(Held(), cancellationToken);
    }

    private static GZipStream Begin(HttpResponse response)
    {
        response.Headers.ContentEncoding = "gzip";
        response.Headers.Append("Vary", "Accept-Encoding");
        return new GZipStream(response.Body, CompressionLevel.Fastest, leaveOpen: true);
    }

    private ReadOnlyMemory<byte> Held() => _held.GetBuffer().AsMemory(0, (int)_held.Length);
}
