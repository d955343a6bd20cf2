using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using System.Threading.Channels;
using OrleansOrchestrator.Logs.Lines;

namespace OrleansOrchestrator.Logs.Shipping;

/// <summary>
/// What a part of the cluster says of itself, on its way to the store. Whoever logs never waits: what finds no room is
/// dropped and counted. What is logged in the course of shipping is not taken, so that no line brings another one
/// forever.
/// </summary>
public sealed class OwnLines(TimeProvider time)
{
    /// <summary>Some minutes of a part that has trouble; a few megabytes.</summary>
    public const int MaxWaiting = 4096;

    private const int MaxLineBytes = 16 * 1024;

    private static readonly AsyncLocal<bool> Silent = new();

    private static readonly Counter<long> DroppedLines = new Meter("OrleansOrchestrator.Logs").CreateCounter<long>(
        "orc_log_own_lines_dropped_total",
        description: "Lines of the cluster's own parts that found no room on their way to the store of logs.");

    private readonly Channel<OwnLine> _waiting = Channel.CreateBounded<OwnLine>(
        new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
    private long _dropped;

    /// <summary>Lines that found no room, or that the cluster refused.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Takes what an entry of a log says, unless the entry is about shipping.</summary>
    public void Offer(string text)
    {
        if (Silent.Value)
        {
            return;
        }

        var line = new OwnLine(LogTime.Of(time.GetUtcNow()), LineCut.ToUtf8(text, MaxLineBytes));
        if (!_waiting.Writer.TryWrite(line))
        {
            Drop(1);
        }
    }

    /// <summary>Whatever this flow of execution and those that it starts log is not taken.</summary>
    internal static void Silence() => Silent.Value = true;

    internal void Drop(int count)
    {
        Interlocked.Add(ref _dropped, count);
        DroppedLines.Add(count);
    }

    /// <summary>No more lines come.</summary>
    internal void Close() => _waiting.Writer.TryComplete();

    /// <summary>Ends when there is a line; false when none comes any more.</summary>
    internal ValueTask<bool> WaitAsync(CancellationToken cancellationToken) =>
        _waiting.Reader.WaitToReadAsync(cancellationToken);

    internal bool TryTake([NotNullWhen(true)] out OwnLine? line) => _waiting.Reader.TryRead(out line);
}

/// <summary>A line of a part of the cluster.</summary>
/// <param name="Time">Nanoseconds since 1970.</param>
/// <param name="Text">What it says.</param>
internal sealed record OwnLine(long Time, byte[] Text);
