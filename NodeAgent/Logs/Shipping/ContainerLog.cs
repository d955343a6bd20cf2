using System.Buffers;
using OrleansOrchestrator.Logs.Lines;
using OrleansOrchestrator.Logs.Search;

namespace OrleansOrchestrator.NodeAgent.Logs.Shipping;

/// <summary>
/// Follows the log of one container instance from the position that the cluster has, through rotation, compression
/// and deletion. What was read counts only once the cluster has it; else it is read again.
/// </summary>
public sealed class ContainerLog(string directory, StreamName name) : IDisposable
{
    private const int PieceBytes = 256 * 1024;

    private readonly Lock _lock = new();
    private readonly string _current = $"{name.Restart}.log";
    private readonly List<ContainerLogFile> _files = [];
    private string _names = "";
    private LogPosition _kept;
    private LogPosition _at;
    private (long File, long End, long Round) _seenEnd;
    private long _round;

    public StreamName Name => name;

    /// <summary>The cluster's number of the stream; 0 before it was told.</summary>
    public long Stream { get; private set; }

    /// <summary>Whether lines that begin with a blank belong to the one before.</summary>
    public bool Joins { get; set; }

    /// <summary>True when its files are gone from the directory.</summary>
    public bool IsGone { get; private set; }

    /// <summary>Files that were removed before they were read to the end.</summary>
    public long FilesLost { get; private set; }

    /// <summary>The cluster says how far it has the log.</summary>
    public void Open(LogStreamAnswer answer)
    {
        lock (_lock)
        {
            Stream = answer.Id;
            _kept = _at = new LogPosition(answer.File, answer.Offset, answer.Sequence);
            _seenEnd = default;
        }
    }

    /// <summary>The cluster has to be asked again.</summary>
    public void Close() => Stream = 0;

    /// <summary>Opens what is new in the directory, so that it can be read even when it is deleted.</summary>
    public void Look()
    {
        lock (_lock)
        {
            _round++;
            var names = Names();
            IsGone = names.Count == 0;
            foreach (var file in _files)
            {
                file.Refresh();
            }

            var joined = string.Join('/', names);
            if (joined != _names)
            {
                _names = TryOpenNew(names) ? joined : "";
            }
        }
    }

    /// <summary>Adds lines from where it was read up to; null when there are none.</summary>
    /// <param name="into">Gets them.</param>
    /// <param name="maxBytes">Ends when the block has so many bytes of text.</param>
    public BatchRun? Read(LineBlock into, int maxBytes)
    {
        lock (_lock)
        {
            var first = into.Count;
            var piece = ArrayPool<byte>.Shared.Rent(PieceBytes);
            while (into.TextBytes < maxBytes && Find() is { } file && ReadPiece(file, piece, into))
            {
                // There may be more.
            }

            ArrayPool<byte>.Shared.Return(piece);
            var count = into.Count - first;
            return count == 0 ? null : new BatchRun(Stream, _kept.Sequence, count, _at.File, _at.Offset);
        }
    }

    /// <summary>The cluster has what was read.</summary>
    public void Keep(BatchRun run)
    {
        lock (_lock)
        {
            _kept = _at = run.After;
            foreach (var done in _files.FindAll(f => f.Head != 0 && f.Head < _kept.File))
            {
                done.Dispose();
                _files.Remove(done);
            }
        }
    }

    /// <summary>The cluster has not got what was read.</summary>
    public void GoBack()
    {
        lock (_lock)
        {
            _at = _kept;
            _seenEnd = default;
        }
    }

    public void Dispose()
    {
        foreach (var file in _files)
        {
            file.Dispose();
        }
    }

    /// <summary>
    /// One piece of a file; false when there is nothing more to be had now. A file that has a successor is left only
    /// in a later round than its end was seen: the runtime opens the next one before it has written its last lines.
    /// </summary>
    private bool ReadPiece(ContainerLogFile file, byte[] piece, LineBlock into)
    {
        var length = file.Read(_at.Offset, piece);
        var isEnd = length < piece.Length;
        var next = NextAfter(file.Head);
        var isFinished = isEnd && ((next is not null && file.DrainedIn > 0 && file.DrainedIn < _round) || IsGone);
        var end = _at.Offset + length;
        var isKnownEnd = isEnd && (_seenEnd.File, _seenEnd.End) == (_at.File, end);
        var follows = isFinished ? PieceEnd.Final
            : isKnownEnd && _seenEnd.Round < _round ? PieceEnd.Quiet
            : PieceEnd.Open;
        var done = CriLines.Read(piece.AsSpan(0, length), follows, Joins, into);
        if (done == 0 && !isEnd)
        {
            done = CriLines.Read(piece.AsSpan(0, length), PieceEnd.Final, Joins, into);
            done = done == 0 ? length : done;
        }

        _at = _at with { Offset = _at.Offset + done };
        if (!isEnd)
        {
            return true;
        }

        _seenEnd = isKnownEnd ? _seenEnd : (_at.File, end, _round);
        if (next is null)
        {
            return false;
        }

        if (isFinished)
        {
            _at = _at with { File = next.Head, Offset = 0 };
            return true;
        }

        file.DrainedIn = file.DrainedIn == 0 ? _round : file.DrainedIn;
        return false;
    }

    /// <summary>The file that is to be read: that of the position, else the one after it.</summary>
    private ContainerLogFile? Find()
    {
        if (_files.Find(f => f.Head == _at.File && f.Head != 0) is { } known)
        {
            return known;
        }

        if (NextAfter(_at.File) is not { } next)
        {
            return null;
        }

        FilesLost += _at.File == 0 ? 0 : 1;
        _at = _at with { File = next.Head, Offset = 0 };
        return next;
    }

    private ContainerLogFile? NextAfter(long head) =>
        _files.Where(f => f.Head > head).MinBy(static f => f.Head);

    private List<string> Names()
    {
        try
        {
            return
            [
                .. Directory.EnumerateFiles(directory, _current + "*").Select(static p => Path.GetFileName(p))
                    .Where(n => n == _current || (n.StartsWith(_current + ".", StringComparison.Ordinal)
                        && !n.EndsWith(".tmp", StringComparison.Ordinal))).Order(StringComparer.Ordinal),
            ];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    /// <summary>False when one could not be opened: the next look tries again.</summary>
    private bool TryOpenNew(List<string> names)
    {
        var isWhole = true;
        foreach (var each in names)
        {
            try
            {
                Add(new ContainerLogFile(Path.Combine(directory, each)), isCurrent: each == _current);
            }
            catch (Exception gone) when (gone is IOException or InvalidDataException)
            {
                // Removed or compressed meanwhile, or still being written: the next look finds what is there.
                isWhole = false;
            }
        }

        return isWhole;
    }

    /// <summary>Keeps a file that is not known yet; of those without a line, the one that is being written.</summary>
    private void Add(ContainerLogFile file, bool isCurrent)
    {
        if (file.Head == 0 && isCurrent)
        {
            _files.FindAll(static f => f.Head == 0).ForEach(static f => f.Dispose());
            _files.RemoveAll(static f => f.Head == 0);
            _files.Add(file);
        }
        else if (file.Head == 0 || file.Head < _kept.File || _files.Exists(f => f.Head == file.Head))
        {
            file.Dispose();
        }
        else
        {
            _files.Add(file);
        }
    }
}
