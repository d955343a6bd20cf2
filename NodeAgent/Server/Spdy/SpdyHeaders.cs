using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.NodeAgent.Server.Spdy;

/// <summary>
/// Header blocks of SPDY/3.1: name/value pairs in one zlib stream per direction, with a preset dictionary (SPDY/3
/// draft, section 2.6.10). .NET's inflater takes no preset dictionary, but a dictionary is nothing else than text that
/// was seen before: the reader is fed one stored block with it first, whose output is thrown away. The writer needs no
/// dictionary and sends stored blocks, since our headers are a few dozen bytes.
/// </summary>
public sealed class SpdyHeaderReader : IDisposable
{
    private const int MaxPairs = 64;
    private const int MaxTextBytes = 16 * 1024;
    private const int ZlibHeaderBytes = 2;
    private const int DictionaryIdBytes = 4;
    private const int PresetDictionaryFlag = 0x20;

    private readonly Feed _feed = new();
    private readonly DeflateStream _inflater;
    private bool _begun;

    public SpdyHeaderReader() => _inflater = new DeflateStream(_feed, CompressionMode.Decompress);

    /// <summary>The pairs of one block; names are lower case. A malformed block throws
    /// <see cref="InvalidDataException"/>.</summary>
    public Dictionary<string, string> Read(ReadOnlySpan<byte> compressed)
    {
        if (!_begun)
        {
            compressed = Begin(compressed);
        }

        _feed.Add(compressed);
        var count = ReadNumber(MaxPairs);
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < count; i++)
        {
            var name = ReadText();
            headers[name] = ReadText();
        }

        return headers;
    }

    public void Dispose() => _inflater.Dispose();

    private ReadOnlySpan<byte> Begin(ReadOnlySpan<byte> compressed)
    {
        if (compressed.Length < ZlibHeaderBytes + DictionaryIdBytes)
        {
            throw new InvalidDataException("SPDY header block is too short");
        }

        _begun = true;
        var skip = ZlibHeaderBytes;
        if ((compressed[1] & PresetDictionaryFlag) != 0)
        {
            skip += DictionaryIdBytes;
            _feed.Add(StoredBlock.Of(SpdyDictionary.Bytes));
            _inflater.ReadExactly(new byte[SpdyDictionary.Bytes.Length]);
        }

        return compressed[skip..];
    }

    private int ReadNumber(int max)
    {
        Span<byte> bytes = stackalloc byte[4];
        ReadExactly(bytes);
        var number = BinaryPrimitives.ReadInt32BigEndian(bytes);
        return number >= 0 && number <= max
            ? number
            : throw new InvalidDataException("SPDY header block is out of bounds");
    }

    private string ReadText()
    {
        var bytes = new byte[ReadNumber(MaxTextBytes)];
        ReadExactly(bytes);
        return Encoding.UTF8.GetString(bytes);
    }

    private void ReadExactly(Span<byte> bytes)
    {
        try
        {
            _inflater.ReadExactly(bytes);
        }
        catch (EndOfStreamException exception)
        {
            throw new InvalidDataException("SPDY header block ends early", exception);
        }
    }

    /// <summary>What the inflater reads from: the bytes that have arrived, and an end that is only for now.</summary>
    private sealed class Feed : SequentialStream
    {
        private readonly Queue<byte[]> _chunks = new();
        private int _offset;

        public override bool CanRead => true;

        public override bool CanWrite => false;

        public void Add(ReadOnlySpan<byte> bytes) => _chunks.Enqueue(bytes.ToArray());

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            if (!_chunks.TryPeek(out var chunk))
            {
                return 0;
            }

            var count = Math.Min(buffer.Length, chunk.Length - _offset);
            chunk.AsSpan(_offset, count).CopyTo(buffer);
            _offset += count;
            if (_offset == chunk.Length)
            {
                _chunks.Dequeue();
                _offset = 0;
            }

            return count;
        }
    }
}

/// <summary>Writes header blocks; one instance per connection, because the zlib header comes once.</summary>
public sealed class SpdyHeaderWriter
{
    private static readonly byte[] ZlibHeader = [0x78, 0x01];

    private bool _begun;

    public byte[] Write(IReadOnlyDictionary<string, string> headers)
    {
        var plain = new MemoryStream();
        WriteNumber(plain, headers.Count);
        foreach (var (name, value) in headers)
        {
            WriteText(plain, name.ToLowerInvariant());
            WriteText(plain, value);
        }

        // The empty block is zlib's sync flush: Go's inflater hands out what it has only when it meets one.
        byte[] block = [.. StoredBlock.Of(plain.ToArray()), .. StoredBlock.Of([])];
        byte[] result = _begun ? block : [.. ZlibHeader, .. block];
        _begun = true;
        return result;
    }

    private static void WriteText(MemoryStream output, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        WriteNumber(output, bytes.Length);
        output.Write(bytes);
    }

    private static void WriteNumber(MemoryStream output, int number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        output.Write(bytes);
    }
}

/// <summary>A deflate block without compression that is not the last one (RFC 1951, section 3.2.4).</summary>
internal static class StoredBlock
{
    public static byte[] Of(ReadOnlySpan<byte> content)
    {
        const int HeadBytes = 5;
        var block = new byte[HeadBytes + content.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(block.AsSpan(1), checked((ushort)content.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(block.AsSpan(3), unchecked((ushort)~content.Length));
        content.CopyTo(block.AsSpan(HeadBytes));
        return block;
    }
}
