using OrleansOrchestrator.Logs.Lines;
using OrleansOrchestrator.Logs.Segments;

namespace OrleansOrchestrator.Logs.Search;

/// <summary>
/// Where all logs are kept: streams with their positions, and segments of lines. Used by all silos at once. What fails
/// for want of the store throws <see cref="LogStoreException"/>.
/// </summary>
public interface ILogStore
{
    /// <summary>The stream of that name, which is added when there is none yet.</summary>
    Task<LogStream> OpenStreamAsync(LogStream stream, CancellationToken cancellationToken);

    /// <summary>The stream of that name; null when there is none.</summary>
    Task<LogStream?> FindStreamAsync(StreamName name, CancellationToken cancellationToken);

    /// <summary>Streams by number; those that there are.</summary>
    Task<IReadOnlyList<LogStream>> ReadStreamsAsync(
        IReadOnlyCollection<long> streams, CancellationToken cancellationToken);

    /// <summary>Streams that are meant, the newest first, so many at most.</summary>
    Task<IReadOnlyList<LogStream>> FindStreamsAsync(
        StreamFilter filter, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Moves streams on and adds the segments with their lines, both or nothing: false, and nothing was done, when a
    /// stream is not where its run begins. After an exception it may have been done or not; the same call again tells.
    /// </summary>
    Task<bool> AppendAsync(
        IReadOnlyList<BatchRun> runs, IReadOnlyList<NewSegment> segments, CancellationToken cancellationToken);

    /// <summary>The segments that may hold what is searched for, in the order of the search.</summary>
    Task<IReadOnlyList<SegmentEntry>> ListSegmentsAsync(SegmentFilter filter, CancellationToken cancellationToken);

    /// <summary>Bodies of segments, in any order; those that are gone meanwhile are left out.</summary>
    Task<IReadOnlyList<SegmentBody>> ReadSegmentsAsync(
        IReadOnlyCollection<long> segments, CancellationToken cancellationToken);

    /// <summary>The number of the newest segment.</summary>
    Task<long> NewestSegmentAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Completes when segments were added since a mark was given, by whichever silo, or after some seconds without
    /// any. What it returns is the next mark, to be had before one looks for what was added; the first is 0.
    /// </summary>
    Task<long> WaitAsync(long mark, CancellationToken cancellationToken);
}

/// <summary>The store does not answer, or refuses; the message says why.</summary>
public sealed class LogStoreException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A segment that is to be added.</summary>
/// <param name="Namespace">Whose lines it has; of events as <see cref="LogSpaces"/> names them.</param>
/// <param name="Segment">The lines.</param>
public sealed record NewSegment(string Namespace, EncodedSegment Segment);

/// <summary>A segment's body.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Body">For <see cref="LogSegment.Decode"/>.</param>
public sealed record SegmentBody(long Id, byte[] Body);

/// <summary>What is known of a segment before it is read.</summary>
/// <param name="Id">Its number.</param>
/// <param name="FirstTime">Of its earliest line.</param>
/// <param name="LastTime">Of its latest line.</param>
/// <param name="RawBytes">Bytes of its texts.</param>
/// <param name="WordBlocks">For each word of the filter the block of the segment's words that would have it.</param>
public sealed record SegmentEntry(long Id, long FirstTime, long LastTime, int RawBytes, byte[] WordBlocks);

/// <summary>Which segments are meant.</summary>
public sealed record SegmentFilter
{
    /// <summary>Empty for all.</summary>
    public string Namespace { get; init; } = "";

    public LogOrigins Origins { get; init; } = LogOrigins.All;

    /// <summary>Segments with lines at or after this time, in nanoseconds since 1970.</summary>
    public long From { get; init; } = long.MinValue;

    /// <summary>Segments with lines at or before this time.</summary>
    public long To { get; init; } = long.MaxValue;

    public Severity AtLeast { get; init; }

    /// <summary>Segments with lines of any of these; null for any.</summary>
    public IReadOnlyList<long>? Streams { get; init; }

    /// <summary>Hashes of words whose blocks are wanted.</summary>
    public IReadOnlyList<ulong> Words { get; init; } = [];

    /// <summary>By the time of the first line, else by that of the last and the newest first.</summary>
    public bool OldestFirst { get; init; }

    /// <summary>Only segments as nodes sent them, after this one; null for all.</summary>
    public long? FreshAfter { get; init; }

    public required int Limit { get; init; }
}
