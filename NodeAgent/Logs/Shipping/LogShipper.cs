using OrleansOrchestrator.Logs.Lines;
using OrleansOrchestrator.Logs.Shipping;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Logs.Shipping;

/// <summary>
/// Sends the lines of all containers to the cluster, once a second and as fast as it takes them. The log files are the
/// spool: while the cluster does not answer nothing is read, and nothing but one batch is ever in memory. What rotation
/// removes before it was sent is lost, and counted.
/// </summary>
public sealed partial class LogShipper(
    LogSources sources, ILogSink sink, IPodRegistry pods, ShippingCounts counts, TimeProvider time,
    ILogger<LogShipper> logger) : BackgroundService
{
    /// <summary>
    /// Pod annotation: <c>indent</c> joins lines that begin with a blank, as those of stack traces do, to the line
    /// before.
    /// </summary>
    private const string MultiLine = "logs.orc.dev/multiline";

    /// <summary>Text in a batch: compressed, it is well below what the API takes of one request.</summary>
    private const int BatchBytes = 1536 * 1024;
    private const int BatchLines = 64 * 1024;
    private const int StreamsAtOnce = 500;

    /// <summary>Rounds for which a container may wait to be known to the cluster, once its files are gone.</summary>
    private const int UnknownRounds = 60;

    /// <summary>
    /// A look at each file costs less than being told of each write: a container writes thousands of lines in a second.
    /// </summary>
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private const int LongestPause = 30;

    private readonly Dictionary<ContainerLog, int> _unknown = [];
    private int _failures;
    private int _pause;
    private int _turn;

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        sources.IsShipped = true;
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        Task tick = timer.WaitForNextTickAsync(stoppingToken).AsTask();
        while (true)
        {
            if (await Task.WhenAny(tick, sources.Wanted) == tick)
            {
                await tick.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (stoppingToken.IsCancellationRequested)
                {
                    return;
                }

                tick = timer.WaitForNextTickAsync(stoppingToken).AsTask();
                if (_pause > 0)
                {
                    _pause--;
                    continue;
                }
            }

            // Who waits for a round gets one, pause or not.
            try
            {
                await RoundAsync(stoppingToken);
                _failures = 0;
                _pause = 0;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                _pause = Math.Min(LongestPause, 1 << Math.Min(_failures, 5));
                if (_failures++ == 0)
                {
                    LogFailed(failure.Message);
                }
            }
        }
    }

    /// <summary>Sends all that is there.</summary>
    public async Task RoundAsync(CancellationToken cancellationToken)
    {
        var round = sources.BeginRound();
        IReadOnlyList<ContainerLog> logs;
        try
        {
            logs = sources.Scan();
            await OpenAsync(logs, cancellationToken);
        }
        finally
        {
            round.SetResult();
        }

        var open = logs.Where(static l => l.Stream != 0).ToList();
        while (await SendAsync(open, cancellationToken))
        {
            // There may be more.
        }

        foreach (var done in open.Where(static l => l.IsGone && l.Stream != 0))
        {
            counts.Add(filesLost: done.FilesLost);
            sources.Forget(done);
        }
    }

    private async Task OpenAsync(IReadOnlyList<ContainerLog> logs, CancellationToken cancellationToken)
    {
        foreach (var some in logs.Where(static l => l.Stream == 0).Chunk(StreamsAtOnce))
        {
            var answers = await sink.OpenAsync([.. some.Select(static l => l.Name)], cancellationToken);
            foreach (var (log, answer) in some.Zip(answers))
            {
                if (answer.Id != 0)
                {
                    log.Joins = pods.FindByUid(log.Name.Uid)?.Pod.Metadata.Annotations?.TryGetValue(MultiLine,
                        out var how) == true
                        && how == "indent";
                    log.Open(answer);
                    _unknown.Remove(log);
                }
                else if (log.IsGone && (_unknown[log] = _unknown.GetValueOrDefault(log) + 1) > UnknownRounds)
                {
                    counts.Add(filesLost: 1);
                    _unknown.Remove(log);
                    sources.Forget(log);
                }
            }
        }
    }

    /// <summary>
    /// One batch; false when there is nothing to send. Each begins with another log, so that all get on.
    /// </summary>
    private async Task<bool> SendAsync(List<ContainerLog> open, CancellationToken cancellationToken)
    {
        var (runs, lines, read) = (new List<BatchRun>(), new LineBlock(), new List<ContainerLog>());
        for (var i = 0; i < open.Count && lines.TextBytes < BatchBytes && lines.Count < BatchLines; i++)
        {
            var log = open[(_turn + i) % open.Count];
            if (log.Stream != 0 && log.Read(lines, BatchBytes) is { } run)
            {
                runs.Add(run);
                read.Add(log);
            }
        }

        _turn++;
        if (runs.Count == 0)
        {
            return false;
        }

        SendResult? answer = null;
        try
        {
            answer = await sink.SendAsync(new LogBatch(runs, lines).Encode(), cancellationToken);
        }
        finally
        {
            if (answer is null)
            {
                read.ForEach(static l => l.GoBack());
            }
        }

        var result = answer.Value;

        for (var i = 0; i < runs.Count; i++)
        {
            if (result == SendResult.Moved)
            {
                read[i].GoBack();
                read[i].Close();
            }
            else
            {
                read[i].Keep(runs[i]);
            }
        }

        counts.Add(
            sent: result == SendResult.Kept ? lines.Count : 0, refused: result == SendResult.Refused ? lines.Count : 0);
        return true;
    }

    [LoggerMessage(1, LogLevel.Warning, "The cluster does not take logs now; they wait in their files: {Problem}")]
    private partial void LogFailed(string problem);
}
