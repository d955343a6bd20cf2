using System.Diagnostics.Metrics;
using k8s.Models;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Logs.Lines;
using OrleansOrchestrator.Logs.Search;
using OrleansOrchestrator.Logs.Segments;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Logs;

/// <summary>
/// Writes each Event of the cluster to the store of logs, as a line of the object that it is about. It follows the
/// journal of Events, and how far it is stands in the store as the position of a stream without lines, which moves in
/// the transaction that adds the lines: nothing comes twice, whatever ends in between, and of two that do this at once
/// one is refused and looks anew. The change log is the queue: nothing but one batch is in memory, and what was removed
/// from the change log before it was read is counted as missed. It writes no Events, so it never has itself to tell.
/// </summary>
internal sealed partial class EventFeed(
    ILogStore store, IJournalStore journals, IGrainFactory grains, TimeProvider time, ILogger<EventFeed> logger)
{
    private const int MaxChanges = 500;

    /// <summary>Streams whose positions are remembered; above it all are read anew.</summary>
    private const int MaxKnown = 5_000;

    /// <summary>Of zstd, as for what nodes send.</summary>
    private const int Level = 3;

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(5);

    /// <summary>What comes within it goes into the same segments.</summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromSeconds(1);

    /// <summary>Has no lines, and no namespace that could be searched: only a position, in revisions.</summary>
    private static readonly LogStream Feed = new()
    {
        Name = new StreamName("", "", "feed of events", StreamName.EventContainer, 0), Node = "",
        Labels = new Dictionary<string, string>(),
    };

    private static readonly Meter Meter = new("OrleansOrchestrator.Logs");

    private static readonly Counter<long> Missed = Meter.CreateCounter<long>(
        "orc_log_events_missed_total",
        description: "Changes of Events that left the change log before they were written to the logs.");

    private readonly Dictionary<StreamName, LogStream> _known = [];
    private LogStream? _feed;

    /// <summary>Ends only when cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var isFailing = false;
        while (!cancellationToken.IsCancellationRequested)
        {
            var pause = Gathering;
            try
            {
                await StepAsync(cancellationToken);
                isFailing = false;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                Forget();
                pause = RetryDelay;
                if (!isFailing)
                {
                    isFailing = true;
                    LogFailed(failure);
                }
            }

            await Task.Delay(pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Writes what there is after the position; waits some seconds for something.</summary>
    public async Task StepAsync(CancellationToken cancellationToken)
    {
        _feed ??= await store.OpenStreamAsync(Feed, cancellationToken);
        var from = _feed.Position.Offset;
        var batch = await grains.GetGrain<IJournalGrain>(WellKnown.Events.ToString())
            .ReadAfterAsync(from, MaxChanges, LongestWait, cancellationToken);
        if (batch.TooOld)
        {
            await CatchUpAsync(from, cancellationToken);
            return;
        }

        if (batch.Revision > from)
        {
            var written = batch.Changes.Where(static c => c.Kind != ChangeKind.Deleted).Select(static c => c.Object);
            await WriteAsync([.. written], batch.Revision, cancellationToken);
        }
    }

    /// <summary>The change log does not reach back that far: what there still is of later Events is written.</summary>
    private async Task CatchUpAsync(long from, CancellationToken cancellationToken)
    {
        var snapshot = await journals.ReadSnapshotAsync(WellKnown.Events, cancellationToken);
        var later = snapshot.Objects.Where(o => o.Revision > from).OrderBy(static o => o.Revision).ToList();
        foreach (var some in later.Chunk(MaxChanges))
        {
            if (!await WriteAsync(some, some[^1].Revision, cancellationToken))
            {
                return;
            }
        }

        if (await WriteAsync([], snapshot.Revision, cancellationToken) && from > 0)
        {
            Missed.Add(snapshot.Revision - from - later.Count);
        }
    }

    /// <summary>
    /// Adds the lines and moves the position on, both or nothing: false when somebody else moved a stream.
    /// </summary>
    private async Task<bool> WriteAsync(
        IReadOnlyList<ResourceObject> events, long revision, CancellationToken cancellationToken)
    {
        if (_known.Count > MaxKnown)
        {
            _known.Clear();
        }

        var now = time.GetUtcNow();
        var lines = events.Select(e => EventLine.Of(e, now)).ToList();
        var (streams, runs) = (new List<LogStream>(), new List<BatchRun>());
        var segments = new List<NewSegment>();
        foreach (var space in lines.GroupBy(static l => l.Stream.Name.Namespace, StringComparer.Ordinal))
        {
            var (members, block) = (new List<SegmentRun>(), new LineBlock());
            foreach (var about in space.GroupBy(static l => l.Stream.Name))
            {
                var stream = await OpenAsync(about.First(), cancellationToken);
                members.Add(new SegmentRun(stream.Id, stream.Position.Sequence, about.Count()));
                streams.Add(stream);
                runs.Add(Next(stream, about.Count(), revision));
                foreach (var line in about)
                {
                    block.Add(line.Time, LineFlags.Of(isStderr: false, line.Severity), line.Text);
                }
            }

            segments.AddRange(LogSegment.Split(new LogSegment(members, block)).Select(
                s => new NewSegment(LogSpaces.OfEvents(space.Key), s.Encode(Level))));
        }

        var moved = Next(_feed!, lines.Count, revision);
        if (!await store.AppendAsync([moved, .. runs], segments, cancellationToken))
        {
            Forget();
            return false;
        }

        _feed = _feed! with { Position = moved.After };
        foreach (var (stream, run) in streams.Zip(runs))
        {
            _known[stream.Name] = stream with { Position = run.After };
        }

        return true;
    }

    private static BatchRun Next(LogStream stream, int count, long revision) =>
        new(stream.Id, stream.Position.Sequence, count, 0, revision);

    private async Task<LogStream> OpenAsync(EventLine line, CancellationToken cancellationToken)
    {
        var about = line.Stream;
        if (_known.TryGetValue(about.Name, out var stream) && (line.PodUid is null || stream.Node.Length > 0))
        {
            return stream;
        }

        var described = line.PodUid is { } uid ? await DescribeAsync(about, uid, cancellationToken) : about;
        return stream is not null && described.Node.Length == 0
            ? stream
            : _known[about.Name] = await store.OpenStreamAsync(described, cancellationToken);
    }

    /// <summary>
    /// With the pod's labels and node, as its containers' lines have them. Until it has a node it is looked at anew; of
    /// one that is gone nothing is known.
    /// </summary>
    private async Task<LogStream> DescribeAsync(LogStream about, string uid, CancellationToken cancellationToken)
    {
        var key = new ObjectKey(about.Name.Namespace, about.Name.Pod);
        var pod = await journals.ReadObjectAsync(WellKnown.Pods, key, cancellationToken);
        if (pod is null || (uid.Length > 0 && uid != pod.Uid))
        {
            return about;
        }

        var read = pod.As<V1Pod>();
        return about with
        {
            Node = read.Spec?.NodeName ?? "",
            Labels = read.Metadata.Labels?.ToDictionary(StringComparer.Ordinal) ?? [],
        };
    }

    private void Forget()
    {
        _feed = null;
        _known.Clear();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Events cannot be written to the logs now; trying again")]
    private partial void LogFailed(Exception failure);
}
