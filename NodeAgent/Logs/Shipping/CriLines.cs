using System.Buffers;
using OrleansOrchestrator.Logs.Lines;

namespace OrleansOrchestrator.NodeAgent.Logs.Shipping;

/// <summary>What comes after a piece of a log.</summary>
public enum PieceEnd
{
    /// <summary>More may come at any time.</summary>
    Open,

    /// <summary>
    /// Nothing came for a while: the last line is not continued any more, but one of parts still may be.
    /// </summary>
    Quiet,

    /// <summary>Nothing will come: what is not complete is a line as it is.</summary>
    Final,
}

/// <summary>
/// Reads whole lines out of a piece of a CRI log: parts joined, and what continues a line (a stack trace) joined to it
/// when that is wanted. What is not complete at the end of the piece is left for the next one, together with all that
/// follows its beginning: so nothing has to be remembered between two pieces, and whoever reads on from the same place
/// after a restart gets the same lines. Pure.
/// </summary>
public static class CriLines
{
    /// <summary>A longer line is kept as several.</summary>
    public const int MaxLineBytes = 64 * 1024;

    /// <summary>Adds the lines of a piece that begins at a line of the file.</summary>
    /// <param name="piece">Bytes of the file.</param>
    /// <param name="end">What is known of what follows.</param>
    /// <param name="joins">Whether lines that begin with a blank belong to the one before.</param>
    /// <param name="into">Gets the lines.</param>
    /// <returns>How many bytes of the piece are done.</returns>
    public static int Read(ReadOnlySpan<byte> piece, PieceEnd end, bool joins, LineBlock into)
    {
        var reader = new Reader(into, joins);
        var at = 0;
        for (var length = piece.IndexOf((byte)'\n'); length >= 0; length = piece[at..].IndexOf((byte)'\n'))
        {
            if (CriLogLine.TryParse(piece.Slice(at, length), out var line)
                && LogTime.TryParse(line.Timestamp, out var time))
            {
                reader.Take(at, line, time);
            }

            at += length + 1;
        }

        return end == PieceEnd.Final ? reader.Finish(at) : reader.HoldBack(at, end);
    }

    private ref struct Reader(LineBlock into, bool joins)
    {
        private readonly LineBlock _into = into;
        private readonly int _first = into.Count;
        private readonly ArrayBufferWriter<byte>?[] _parts = new ArrayBufferWriter<byte>?[2];
        private readonly (long Time, int Offset)[] _begun = new (long, int)[2];

        /// <summary>
        /// Where the first line that is not complete begins, and how many lines came before; -1 for none.
        /// </summary>
        private (int Offset, int Count) _open = (-1, 0);

        /// <summary>Where the last line begins, which another one may continue.</summary>
        private (int Offset, int Count) _last = (-1, 0);

        public void Take(int offset, CriLogLine line, long time)
        {
            var source = line.IsStderr ? 1 : 0;
            if (_parts[source] is not { } parts)
            {
                if (!line.IsPartial)
                {
                    Add(offset, time, line.IsStderr, line.Content);
                    return;
                }

                _open = _open.Offset < 0 ? (offset, _into.Count) : _open;
                _parts[source] = parts = new ArrayBufferWriter<byte>();
                _begun[source] = (time, offset);
            }

            parts.Write(line.Content);
            if (!line.IsPartial || parts.WrittenCount >= MaxLineBytes)
            {
                Close(source);
            }
        }

        /// <summary>Takes back what is not complete.</summary>
        public readonly int HoldBack(int at, PieceEnd end)
        {
            var hold = _open;
            if (joins && end == PieceEnd.Open && _last.Offset >= 0 && (hold.Offset < 0 || _last.Offset < hold.Offset))
            {
                hold = _last;
            }

            if (hold.Offset < 0)
            {
                return at;
            }

            _into.Truncate(hold.Count);
            return hold.Offset;
        }

        public int Finish(int at)
        {
            for (var source = 0; source < _parts.Length; source++)
            {
                if (_parts[source] is not null)
                {
                    Close(source);
                }
            }

            return at;
        }

        private void Close(int source)
        {
            var (time, offset) = _begun[source];
            Add(offset, time, source == 1, _parts[source]!.WrittenSpan);
            _parts[source] = null;
            if (_parts[1 - source] is null)
            {
                _open = (-1, 0);
            }
        }

        private void Add(int offset, long time, bool isStderr, ReadOnlySpan<byte> text)
        {
            var last = _into.Count - 1;
            if (joins && last >= _first && text is [(byte)' ' or (byte)'\t', ..]
                && _into.Flags(last).IsStderr == isStderr
                && _into.Text(last).Length + text.Length < MaxLineBytes)
            {
                _into.Join(text);
                return;
            }

            _last = (offset, _into.Count);
            _into.Add(time, LineFlags.Of(isStderr), text);
        }
    }
}
