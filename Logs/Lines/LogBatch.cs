using System.Buffers;

namespace OrleansOrchestrator.Logs.Lines;

/// <summary>
/// How far the log of one container instance is kept. The position is stored with the lines, so that a node that
/// begins anew goes on exactly there.
/// </summary>
/// <param name="File">
/// The time of the file's first line, in nanoseconds since 1970: what a file keeps when it is renamed or compressed. 0
/// before any file.
/// </param>
/// <param name="Offset">Bytes of that file, uncompressed, that are kept.</param>
/// <param name="Sequence">Number of the next line.</param>
public readonly record struct LogPosition(long File, long Offset, long Sequence);

/// <summary>Lines of one stream in a batch.</summary>
/// <param name="Stream">The stream, by the number that the cluster gave it.</param>
/// <param name="Sequence">Number of the first line: that of the position so far.</param>
/// <param name="Count">How many lines.</param>
/// <param name="File">The position after them, as <see cref="LogPosition"/> has it.</param>
/// <param name="Offset">The position after them.</param>
public readonly record struct BatchRun(long Stream, long Sequence, int Count, long File, long Offset)
{
    public LogPosition After => new(File, Offset, Sequence + Count);
}

/// <summary>What a node sends at once: lines of some of its containers, all in one compressed block.</summary>
public sealed class LogBatch(IReadOnlyList<BatchRun> runs, LineBlock lines)
{
    /// <summary>The type of the body.</summary>
    public const string ContentType = "application/vnd.orc.log-batch";

    /// <summary>Of a batch, uncompressed.</summary>
    public const int MaxBytes = 8 * 1024 * 1024;

    private const byte Version = 1;
    private const int Level = 1;

    public IReadOnlyList<BatchRun> Runs => runs;

    /// <summary>The lines of the first run, then of the second, and so on.</summary>
    public LineBlock Lines => lines;

    public byte[] Encode()
    {
        var output = new ArrayBufferWriter<byte>(lines.TextBytes + (lines.Count * 8) + 256);
        output.Write([Version]);
        output.WriteNumber((ulong)runs.Count);
        foreach (var run in runs)
        {
            output.WriteSigned(run.Stream);
            output.WriteSigned(run.Sequence);
            output.WriteNumber((ulong)run.Count);
            output.WriteSigned(run.File);
            output.WriteSigned(run.Offset);
        }

        lines.Write(output);
        return Zstd.Compress(output.WrittenSpan, Level);
    }

    /// <summary>Throws <see cref="InvalidDataException"/> for what is none.</summary>
    public static LogBatch Decode(ReadOnlySpan<byte> body)
    {
        const int BytesEach = 5;
        ReadOnlySpan<byte> input = Zstd.Decompress(body, MaxBytes);
        if (ByteCoding.Take(ref input, 1)[0] != Version)
        {
            throw new InvalidDataException("this version of log batches is not known here");
        }

        var runs = new BatchRun[ByteCoding.ReadCount(ref input, BytesEach)];
        var total = 0L;
        for (var i = 0; i < runs.Length; i++)
        {
            runs[i] = new BatchRun(
                ByteCoding.ReadSigned(ref input),
                ByteCoding.ReadSigned(ref input),
                checked((int)Math.Min(int.MaxValue, ByteCoding.ReadNumber(ref input))),
                ByteCoding.ReadSigned(ref input),
                ByteCoding.ReadSigned(ref input));
            total += runs[i].Count;
        }

        var lines = LineBlock.Read(ref input);
        return total == lines.Count && input.IsEmpty
            ? new LogBatch(runs, lines)
            : throw new InvalidDataException($"{total} lines in the runs of a batch that has {lines.Count}");
    }
}
