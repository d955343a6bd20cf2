using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Logs.Lines;
using OrleansOrchestrator.Logs.Search;

namespace OrleansOrchestrator.Logs.Shipping;

/// <summary>
/// Sends the lines of a part of the cluster to the store, once a second when there are any. A batch whose fate is not
/// known is sent again only when the store has not got it: the stream's position tells. What waits when the process is
/// killed is lost here; its own log on the machine has it.
/// </summary>
/// <param name="lines">What is sent.</param>
/// <param name="sink">Where to.</param>
/// <param name="name">The stream; every start of the part goes on where the one before ended.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Where trouble is said, once each time.</param>
public sealed partial class OwnLineShipper(
    OwnLines lines, ILogSink sink, StreamName name, TimeProvider time, ILogger<OwnLineShipper> logger)
    : BackgroundService
{
    private const int MaxBatch = 2000;
    private const int MaxBatchBytes = 1024 * 1024;

    /// <summary>What comes within it goes into the same batch.</summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private LogStreamAnswer? _stream;
    private readonly CancellationTokenSource _ending = new();

    /// <summary>What waits is sent before the part ends, but only if the store takes it at once.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        lines.Close();
        await _ending.CancelAsync();
        if (ExecuteTask is { } shipping)
        {
            await shipping.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await base.StopAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _ending.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        OwnLines.Silence();
        try
        {
            while (await lines.WaitAsync(stoppingToken))
            {
                await PauseAsync(Gathering);
                await SendUntilKnownAsync(Take(), stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The part ends, and the store does not answer.
        }
    }

    /// <summary>Ends at once when the part ends.</summary>
    private async Task PauseAsync(TimeSpan pause) =>
        await Task.Delay(pause, time, _ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private LineBlock Take()
    {
        var batch = new LineBlock();
        while (batch.Count < MaxBatch && batch.TextBytes < MaxBatchBytes && lines.TryTake(out var line))
        {
            batch.Add(line.Time, LineFlags.Of(isStderr: false), line.Text);
        }

        return batch;
    }

    /// <summary>
    /// Until it is kept or refused, however long: meanwhile lines gather in their bounds. Not when the part ends.
    /// </summary>
    private async Task SendUntilKnownAsync(LineBlock batch, CancellationToken cancellationToken)
    {
        LogStreamAnswer? unanswered = null;
        for (var pause = Gathering; ;)
        {
            try
            {
                _stream ??= (await sink.OpenAsync([name], cancellationToken))[0];
                if (_stream.Sequence >= unanswered?.Sequence + batch.Count)
                {
                    return; // it was kept, and only the answer was lost
                }

                if (await TrySendAsync(batch, _stream, cancellationToken))
                {
                    return;
                }
            }
            catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
            {
                unanswered ??= _stream;
                if (pause == Gathering)
                {
                    LogFailed(failure.Message);
                }
            }

            _stream = null;
            if (_ending.IsCancellationRequested)
            {
                lines.Drop(batch.Count);
                return;
            }

            await PauseAsync(pause);
            pause = Periods.AfterAnother(pause, LongestPause);
        }
    }

    /// <summary>False when the stream is to be opened anew.</summary>
    private async Task<bool> TrySendAsync(LineBlock batch, LogStreamAnswer stream, CancellationToken cancellationToken)
    {
        var run = new BatchRun(stream.Id, stream.Sequence, batch.Count, 0, 0);
        var result = stream.Id == 0
            ? SendResult.Refused
            : await sink.SendAsync(new LogBatch([run], batch).Encode(), cancellationToken);
        switch (result)
        {
            case SendResult.Kept:
                _stream = stream with { Sequence = run.After.Sequence };
                return true;
            case SendResult.Refused:
                lines.Drop(batch.Count);
                _stream = null;
                return true;
            default:
                return false;
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The lines of this log do not reach the cluster now; they wait: {Problem}")]
    private partial void LogFailed(string problem);
}
