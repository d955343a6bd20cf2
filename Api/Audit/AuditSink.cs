using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Api.Kernel;

namespace OrleansOrchestrator.Api.Audit;

/// <summary>
/// A place to which events go. Requests never wait for it: a bounded buffer lies between, from which batches are
/// delivered one after the other. What finds no room, or cannot be delivered, is lost, counted and told.
/// </summary>
internal abstract partial class AuditSink : BackgroundService, IAuditSink
{
    private readonly AuditSinkShape _shape;
    private readonly AuditMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Channel<ReadOnlyMemory<byte>> _events;

    protected AuditSink(AuditSinkShape shape, AuditMetrics metrics, TimeProvider time, ILogger logger)
    {
        (_shape, _metrics, _time, _logger) = (shape, metrics, time, logger);
        _events = Channel.CreateBounded<ReadOnlyMemory<byte>>(
            new BoundedChannelOptions(shape.Buffer) { SingleReader = true });
    }

    /// <inheritdoc/>
    public virtual void Take(AuditRecord record, AuditStages stage, ReadOnlyMemory<byte> json)
    {
        if (!_events.Writer.TryWrite(json))
        {
            _metrics.Lost(_shape.Name, 1);
        }
    }

    /// <summary>What has been taken is delivered before the silo ends.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        _events.Writer.TryComplete();
        if (ExecuteTask is { } delivering)
        {
            await delivering.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await base.StopAsync(cancellationToken);
    }

    /// <summary>Delivers a batch; says why it could not.</summary>
    protected abstract Task<string?> DeliverAsync(
        IReadOnlyList<ReadOnlyMemory<byte>> events, CancellationToken cancellationToken);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var batch = new List<ReadOnlyMemory<byte>>(_shape.MaxBatch);
        while (await _events.Reader.WaitToReadAsync(stoppingToken))
        {
            batch.Clear();
            await FillAsync(batch, stoppingToken);
            if (await DeliverAsync(batch, stoppingToken) is { } problem)
            {
                _metrics.Lost(_shape.Name, batch.Count);
                LogLost(_logger, batch.Count, _shape.Name, problem);
            }
        }
    }

    /// <summary>All that waits, and what comes soon.</summary>
    private async Task FillAsync(List<ReadOnlyMemory<byte>> batch, CancellationToken stoppingToken)
    {
        using var over = _shape.MaxWait > TimeSpan.Zero ? new CancellationTokenSource(_shape.MaxWait, _time) : null;
        using var both = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, over?.Token ?? default);
        while (true)
        {
            while (batch.Count < _shape.MaxBatch && _events.Reader.TryRead(out var next))
            {
                batch.Add(next);
            }

            if (batch.Count == _shape.MaxBatch || over is null)
            {
                return;
            }

            try
            {
                if (!await _events.Reader.WaitToReadAsync(both.Token))
                {
                    return;
                }
            }
            catch (OperationCanceledException) when (!stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    [LoggerMessage(1, LogLevel.Error, "{Count} audit event(s) for {Sink} were lost: {Reason}")]
    private static partial void LogLost(ILogger logger, int count, string sink, string reason);
}

/// <summary>How a sink gathers events.</summary>
/// <param name="Name">Upstream's name of it in metrics.</param>
/// <param name="Buffer">Events that may wait.</param>
/// <param name="MaxBatch">Events that are delivered at once.</param>
/// <param name="MaxWait">How long a batch that is not full waits for more.</param>
internal sealed record AuditSinkShape(string Name, int Buffer, int MaxBatch, TimeSpan MaxWait = default);
