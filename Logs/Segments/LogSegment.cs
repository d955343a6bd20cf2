using System.Buffers;
using OrleansOrchestrator.Logs.Lines;

namespace OrleansOrchestrator.Logs.Segments;

/// <summary>Lines that follow each other in one stream.</summary>
/// <param name="Stream">The stream's number.</param>
/// <param name="Sequence">Number of the first line.</param>
/// <param name="Count">How many.</param>
public readonly record struct SegmentRun(long Stream, long Sequence, int Count);

/// <summary>
/// Lines of one namespace, some seconds to hours of it, as they are kept: runs of streams, and their lines in the same
/// order. Never changed once it is stored.
/// </summary>
public sealed class LogSegment(IReadOnlyList<SegmentRun> runs, LineBlock lines)
{
    /// <summary>
    /// Of a segment's texts. Larger ones compress a little better, smaller ones need less to be read for one line.
    /// </summary>
    public const int TargetBytes = 2 * 1024 * 1024;

    /// <summary>Texts one after the other, as earlier releases wrote them.</summary>
    internal const byte PlainTexts = 1;

    /// <summary>Texts as <see cref="TextColumns"/> has them.</summary>
    internal const byte Columns = 2;

    public IReadOnlyList<SegmentRun> Runs => runs;

    public LineBlock Lines => lines;

    /// <summary>The segment as it is stored.</summary>
    /// <param name="level">Of zstd.</param>
    public EncodedSegment Encode(int level)
    {
        var output = new ArrayBufferWriter<byte>(lines.TextBytes + (lines.Count * 8) + 256);
        output.Write([Columns]);
        output.WriteNumber((ulong)runs.Count);
        foreach (var run in runs)
        {
            output.WriteSigned(run.Stream);
            output.WriteSigned(run.Sequence);
            output.WriteNumber((ulong)run.Count);
        }

        lines.WriteHead(output);
        TextColumns.Write(lines, output);
        var (first, last, worst) = (long.MaxValue, long.MinValue, Severity.None);
        for (var i = 0; i < lines.Count; i++)
        {
            first = Math.Min(first, lines.Time(i));
            last = Math.Max(last, lines.Time(i));
            worst = lines.Flags(i).Severity > worst ? lines.Flags(i).Severity : worst;
        }

        return new EncodedSegment(
            first, last, lines.Count, lines.TextBytes, worst, [.. runs.Select(static r => r.Stream).Distinct().Order()],
            WordFilter.Build(WordScanner.AllOf(lines.AllText)), Zstd.Compress(output.WrittenSpan, level));
    }

    /// <summary>Throws <see cref="InvalidDataException"/> for what is no segment.</summary>
    public static LogSegment Decode(ReadOnlySpan<byte> body)
    {
        using var stored = StoredSegment.Open(body);
        var lines = LineBlock.WithRoom(stored.Count, (int)stored.TextBytes);
        for (var i = 0; i < stored.Count; i++)
        {
            lines.Add(stored.Time(i), stored.Flags(i), stored.Text(i));
        }

        return new LogSegment(stored.Runs, lines);
    }

    /// <summary>
    /// The same lines in as few segments as the target allows, those of a stream side by side in their order.
    /// </summary>
    public static IEnumerable<LogSegment> Merge(IEnumerable<LogSegment> segments)
    {
        var parts = segments.SelectMany(static s => s.Parts())
            .OrderBy(static p => p.Run.Stream).ThenBy(static p => p.Run.Sequence);
        var (runs, lines) = (new List<SegmentRun>(), new LineBlock());
        foreach (var (run, from, first) in parts)
        {
            for (var done = 0; done < run.Count;)
            {
                var count = Fitting(from, first + done, run.Count - done, TargetBytes - lines.TextBytes);
                if (count == 0 && lines.Count > 0)
                {
                    yield return new LogSegment(runs, lines);
                    (runs, lines) = ([], new LineBlock());
                    continue;
                }

                count = Math.Max(1, count);
                Add(runs, new SegmentRun(run.Stream, run.Sequence + done, count));
                lines.AddRange(from, first + done, count);
                done += count;
            }
        }

        if (lines.Count > 0)
        {
            yield return new LogSegment(runs, lines);
        }
    }

    /// <summary>The same lines in segments of the target's size; most are one already.</summary>
    public static IEnumerable<LogSegment> Split(LogSegment segment) =>
        segment.Lines.TextBytes <= TargetBytes * 2 ? [segment] : Merge([segment]);

    private IEnumerable<(SegmentRun Run, LineBlock From, int First)> Parts()
    {
        var first = 0;
        foreach (var run in runs)
        {
            yield return (run, lines, first);
            first += run.Count;
        }
    }

    /// <summary>How many lines from the first on have room in so many bytes.</summary>
    private static int Fitting(LineBlock lines, int first, int count, int room)
    {
        var end = lines.Start(first) + room;
        var last = first;
        while (last < first + count && lines.Start(last) + lines.Text(last).Length < end)
        {
            last++;
        }

        return last - first;
    }

    private static void Add(List<SegmentRun> runs, SegmentRun next)
    {
        if (runs is [.., var last] && last.Stream == next.Stream && last.Sequence + last.Count == next.Sequence)
        {
            runs[^1] = last with { Count = last.Count + next.Count };
            return;
        }

        runs.Add(next);
    }
}

/// <summary>A segment with what is known of it without reading it.</summary>
/// <param name="FirstTime">Of its earliest line, in nanoseconds since 1970.</param>
/// <param name="LastTime">Of its latest line.</param>
/// <param name="LineCount">Lines.</param>
/// <param name="RawBytes">Bytes of its texts.</param>
/// <param name="Worst">The worst severity of a line.</param>
/// <param name="Streams">Whose lines it has.</param>
/// <param name="Words">Its <see cref="WordFilter"/>.</param>
/// <param name="Body">The lines, for <see cref="LogSegment.Decode"/>.</param>
public sealed record EncodedSegment(
    long FirstTime, long LastTime, int LineCount, int RawBytes, Severity Worst, IReadOnlyList<long> Streams,
    byte[] Words, byte[] Body);
