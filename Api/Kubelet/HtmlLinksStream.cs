using System.Buffers;
using System.IO.Compression;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.Api.Kubelet;

/// <summary>A body of HTML with its links rewritten, compressed as it was. Read it from beginning to end; nothing grows
/// with its length.</summary>
internal sealed class HtmlLinksStream : SequentialStream
{
    private const int ReadBytes = 16 * 1024;

    private readonly Stream _source;
    private readonly HtmlLinks _links;
    private readonly MemoryStream _answer = new();
    private readonly Stream _encoder;
    private readonly ArrayBufferWriter<byte> _rewritten = new();
    private readonly byte[] _buffer = new byte[ReadBytes];
    private int _given;
    private bool _ended;

    private HtmlLinksStream(Stream decoded, Func<Stream, Stream> encoder, HtmlLinks links)
    {
        (_source, _links) = (decoded, links);
        _encoder = encoder(_answer);
    }

    public override bool CanRead => true;

    public override bool CanWrite => false;

    /// <summary>Null for an encoding that is not known: such a body is passed as it is.</summary>
    public static HtmlLinksStream? Of(Stream source, string encoding, HtmlLinks links) => encoding switch
    {
        "" => new(source, static to => to, links),
        "gzip" => new(
            new GZipStream(source, CompressionMode.Decompress),
            static to => new GZipStream(to, CompressionLevel.Fastest, leaveOpen: true),
            links),
        "deflate" => new(
            new DeflateStream(source, CompressionMode.Decompress),
            static to => new DeflateStream(to, CompressionLevel.Fastest, leaveOpen: true),
            links),
        _ => null,
    };

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_given == _answer.Length && !_ended)
        {
            await FillAsync(cancellationToken);
        }

        var count = Math.Min(buffer.Length, (int)_answer.Length - _given);
        _answer.GetBuffer().AsMemory(_given, count).CopyTo(buffer);
        _given += count;
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _source.Dispose();
        }

        base.Dispose(disposing);
    }

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        var count = await _source.ReadAsync(_buffer, cancellationToken);
        _ended = count == 0;
        _links.Process(_buffer.AsSpan(0, count), _ended, _rewritten);
        _answer.SetLength(0);
        _given = 0;
        _encoder.Write(_rewritten.WrittenSpan);
        _rewritten.ResetWrittenCount();

        // What a server sends in pieces (a page that grows) is to come in pieces.
        _encoder.Flush();
        if (_ended && _encoder != _answer)
        {
            _encoder.Dispose();
        }
    }
}
