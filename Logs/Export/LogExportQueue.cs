using System.Diagnostics.Metrics;
using System.Threading.Channels;
using OrleansOrchestrator.Logs.Search;
using OrleansOrchestrator.Logs.Segments;

namespace OrleansOrchestrator.Logs.Export;

/// <summary>
/// Segments that were stored and are to be sent. Whoever stores never waits: what finds no room is dropped and counted.
/// </summary>
public sealed class LogExportQueue(LogExportOptions options)
{
    /// <summary>Of a segment without lines, about: many small ones are no less bounded than a few large ones.</summary>
    private const int BytesOfSegment = 512;

    private static readonly Meter Meter = new("OrleansOrchestrator.Logs");

    private static readonly Counter<long> SentLines = Meter.CreateCounter<long>(
        "orc_log_export_lines_total", description: "Lines that an OTLP endpoint took.");

    private static readonly Counter<long> DroppedLines = Meter.CreateCounter<long>(
        "orc_log_export_dropped_lines_total",
        description: "Lines that were not sent to the OTLP endpoint: it did not answer for too long, or refused them.");

    private readonly Channel<EncodedSegment> _segments = Channel.CreateUnbounded<EncodedSegment>(
        new UnboundedChannelOptions { SingleReader = true });

    private long _waitingBytes;
    private long _sent;
    private long _dropped;

    /// <summary>Lines that were taken at the other end.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    /// <summary>Lines that will never be sent.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Takes segments that have been stored, as far as there is room.</summary>
    public void Add(IReadOnlyList<NewSegment> segments)
    {
        foreach (var (_, segment) in segments)
        {
            if (Interlocked.Add(ref _waitingBytes, WeightOf(segment)) > options.MaxWaitingBytes)
            {
                Free(segment);
                Drop(segment.LineCount);
                continue;
            }

            _segments.Writer.TryWrite(segment);
        }
    }

    /// <summary>The next segment, which has its room until it is <see cref="Free"/>d.</summary>
    public ValueTask<EncodedSegment> TakeAsync(CancellationToken cancellationToken) =>
        _segments.Reader.ReadAsync(cancellationToken);

    /// <summary>The next one, if there is one now.</summary>
    public bool TryTake(out EncodedSegment? segment) => _segments.Reader.TryRead(out segment);

    /// <summary>Makes room.</summary>
    public void Free(EncodedSegment segment) => Interlocked.Add(ref _waitingBytes, -WeightOf(segment));

    private static long WeightOf(EncodedSegment segment) =>
        segment.Body.Length + segment.Words.Length + BytesOfSegment;

    /// <summary>Counts lines that were taken.</summary>
    public void Send(long lines)
    {
        Interlocked.Add(ref _sent, lines);
        SentLines.Add(lines);
    }

    /// <summary>Counts lines that are lost.</summary>
    public void Drop(long lines)
    {
        Interlocked.Add(ref _dropped, lines);
        DroppedLines.Add(lines);
    }
}
