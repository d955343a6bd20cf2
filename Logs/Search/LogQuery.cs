using OrleansOrchestrator.Logs.Queries;

namespace OrleansOrchestrator.Logs.Search;

/// <summary>What is searched for.</summary>
public sealed record LogQuery
{
    public StreamFilter Streams { get; init; } = new();

    /// <summary>Lines of which origins are found.</summary>
    public LogOrigins Origins { get; init; } = LogOrigins.All;

    /// <summary>What holds for a line's text.</summary>
    public LineFilter Lines { get; init; } = new([]);

    /// <summary>The earliest time, inclusive, in nanoseconds since 1970.</summary>
    public long From { get; init; } = long.MinValue;

    /// <summary>The latest time, inclusive.</summary>
    public long To { get; init; } = long.MaxValue;

    public bool OldestFirst { get; init; }

    /// <summary>How many lines at most; 1 or more.</summary>
    public int Limit { get; init; } = 100;

    /// <summary>Goes on after this line, in the order of the search; null begins.</summary>
    public LogCursor? After { get; init; }
}

/// <summary>A line that was found.</summary>
/// <param name="Cursor">Its place.</param>
/// <param name="Flags">Of the line.</param>
/// <param name="Text">Its text; what is no UTF-8 is replaced.</param>
public sealed record FoundLine(LogCursor Cursor, Lines.LineFlags Flags, string Text);

/// <summary>Some of what was found.</summary>
/// <param name="Lines">In the order of the search.</param>
/// <param name="Continue">Where to go on; null when all was found.</param>
/// <param name="IsTimedOut">
/// True when the search ended for want of time: there may be more before the next page.
/// </param>
/// <param name="SegmentsRead">How many segments were read.</param>
/// <param name="BytesRead">Bytes of text in them.</param>
public sealed record LogPage(
    IReadOnlyList<FoundLine> Lines, LogCursor? Continue, bool IsTimedOut, int SegmentsRead, long BytesRead);
