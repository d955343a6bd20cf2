using System.IO.Compression;
using OrleansOrchestrator.Logs.Lines;

namespace OrleansOrchestrator.NodeAgent.Logs.Shipping;

/// <summary>
/// One file of a container's log, held open: what is deleted meanwhile can still be read. It is known by the time of
/// its first line, which stays when the file is renamed or compressed.
/// </summary>
public sealed class ContainerLogFile : IDisposable
{
    /// <summary>For a file whose first line is none of a container's.</summary>
    private const long Strange = 1;

    private const int HeadBytes = 64;

    private readonly string _path;
    private readonly FileStream _file;
    private GZipStream? _unpacked;
    private long _unpackedAt;

    public ContainerLogFile(string path)
    {
        _path = path;
        _file = LogFile.Open(path);
        Head = ReadHead();
    }

    /// <summary>The time of its first line; 0 while there is none.</summary>
    public long Head { get; private set; }

    /// <summary>In which round it had been read to its end while there was a next one; 0 for never.</summary>
    public long DrainedIn { get; set; }

    private bool IsCompressed => _path.EndsWith(".gz", StringComparison.Ordinal);

    /// <summary>Looks for the first line again, where it was not there, or may be another one.</summary>
    public void Refresh() => Head = IsCompressed && Head != 0 ? Head : ReadHead();

    /// <summary>Fills the buffer from a place on, as far as the file goes.</summary>
    public int Read(long offset, Span<byte> buffer)
    {
        if (!IsCompressed)
        {
            return ReadPlain(offset, buffer);
        }

        if (_unpacked is null || offset < _unpackedAt)
        {
            _file.Position = 0;
            _unpacked = new GZipStream(_file, CompressionMode.Decompress, leaveOpen: true);
            _unpackedAt = 0;
        }

        while (_unpackedAt < offset && ReadPacked(buffer[..(int)Math.Min(buffer.Length, offset - _unpackedAt)]) > 0)
        {
            // Skipped.
        }

        return _unpackedAt == offset ? ReadPacked(buffer) : 0;
    }

    public void Dispose()
    {
        _unpacked?.Dispose();
        _file.Dispose();
    }

    private int ReadPlain(long offset, Span<byte> buffer)
    {
        var length = 0;
        while (length < buffer.Length
            && RandomAccess.Read(_file.SafeFileHandle, buffer[length..], offset + length) is > 0 and var count)
        {
            length += count;
        }

        return length;
    }

    private int ReadPacked(Span<byte> buffer)
    {
        var length = _unpacked!.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        _unpackedAt += length;
        return length;
    }

    private long ReadHead()
    {
        Span<byte> head = stackalloc byte[HeadBytes];
        head = head[..Read(0, head)];
        var end = head.IndexOf((byte)' ');
        return end > 0 && LogTime.TryParse(head[..end], out var time) ? Math.Max(time, Strange + 1)
            : head.Length == HeadBytes ? Strange
            : 0;
    }
}
