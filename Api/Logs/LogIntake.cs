using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Logs.Lines;
using OrleansOrchestrator.Logs.Search;
using OrleansOrchestrator.Logs.Segments;

namespace OrleansOrchestrator.Api.Logs;

/// <summary>
/// Takes what nodes send: checks whose it is, finds out how bad each line says it is, makes segments of it by
/// namespace and stores them together with the new positions.
/// </summary>
internal sealed class LogIntake(ILogStore store, LogStreams streams, TimeProvider time)
{
    /// <summary>Of zstd. What is merged later is compressed better.</summary>
    private const int Level = 3;

    /// <summary>How far clocks of nodes may be ahead: a line from the far future would never grow old.</summary>
    private static readonly TimeSpan Ahead = TimeSpan.FromDays(1);

    /// <summary>Null when it is stored; a refusal else. 409 means that a stream is elsewhere: open it anew.</summary>
    public async Task<Status?> TakeAsync(string node, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        LogBatch batch;
        try
        {
            batch = LogBatch.Decode(body.Span);
        }
        catch (InvalidDataException wrong)
        {
            return StatusErrors.BadRequest($"the body is no batch of logs: {wrong.Message}");
        }

        if (batch.Runs.DistinctBy(static r => r.Stream).Count() < batch.Runs.Count
            || batch.Runs.Any(static r => r.Sequence < 0 || r.Offset < 0))
        {
            return StatusErrors.BadRequest("the runs of a batch make no sense: each has a stream of its own");
        }

        var known = await streams.ReadAsync(batch.Runs.Select(static r => r.Stream), cancellationToken);
        if (batch.Runs.Any(r => known.GetValueOrDefault(r.Stream) is not { } stream || stream.Node != node
            || stream.Name.Container == StreamName.EventContainer))
        {
            return Moved(node, "a stream is not known to be this node's");
        }

        Judge(batch.Lines, LogTime.Of(time.GetUtcNow() + Ahead));
        var segments = Segments(batch, known);
        if (await store.AppendAsync(batch.Runs, segments, cancellationToken))
        {
            return null;
        }

        streams.Forget(batch.Runs.Select(static r => r.Stream));
        return Moved(node, "a stream is not where its run begins");
    }

    private static Status Moved(string node, string why) =>
        StatusErrors.Conflict(new ResourceName(Kernel.LogResources.Group, Kernel.LogResources.Nodes), node,
            $"{why}; open it again");

    private static void Judge(LineBlock lines, long latest)
    {
        for (var i = 0; i < lines.Count; i++)
        {
            lines.SetFlags(i, LineFlags.Of(lines.Flags(i).IsStderr, SeverityDetector.Detect(lines.Text(i))));
            lines.SetTime(i, Math.Clamp(lines.Time(i), 0, latest));
        }
    }

    private static List<NewSegment> Segments(LogBatch batch, IReadOnlyDictionary<long, LogStream> known)
    {
        var spaces = new Dictionary<string, (List<SegmentRun> Runs, LineBlock Lines)>(StringComparer.Ordinal);
        var isOne = known.Values.Select(static s => s.Name.Namespace).Distinct().Count() == 1;
        var first = 0;
        foreach (var run in batch.Runs)
        {
            var space = known[run.Stream].Name.Namespace;
            if (!spaces.TryGetValue(space, out var made))
            {
                spaces.Add(space, made = ([], isOne ? batch.Lines : new LineBlock()));
            }

            if (run.Count > 0)
            {
                made.Runs.Add(new SegmentRun(run.Stream, run.Sequence, run.Count));
            }

            if (!isOne)
            {
                made.Lines.AddRange(batch.Lines, first, run.Count);
            }

            first += run.Count;
        }

        return
        [
            .. from space in spaces
               where space.Value.Lines.Count > 0
               from segment in LogSegment.Split(new LogSegment(space.Value.Runs, space.Value.Lines))
               select new NewSegment(space.Key, segment.Encode(Level)),
        ];
    }
}
