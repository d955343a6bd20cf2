using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Api.Kernel;

namespace OrleansOrchestrator.Api.Audit;

/// <summary>
/// A place to which events go. Requests wait for it or not, as its mode says; where they do not, a bounded buffer lies
/// between, from which batches are delivered one after the other. What finds no room, or cannot be delivered, is lost,
/// counted and told.
/// </summary>
internal abstract partial class AuditSink : BackgroundService, IAuditSink
{
    /// <summary>Upstream's name of what loses events that are too large.</summary>
    private const string Truncate = "truncate";

    /// <summary>Upstream's name of what loses events for which there is no room.</summary>
    private const string Buffered = "buffered";

    private readonly string _name;
    private readonly AuditDelivery _delivery;
    private readonly AuditMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly TokenBucket? _batches;
    private readonly Channel<ReadOnlyMemory<byte>> _events;

    /// <param name="name">Upstream's name of it in metrics.</param>
    /// <param name="delivery">How events get there.</param>
    /// <param name="metrics">Counts what is lost.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Tells what is lost.</param>
    protected AuditSink(string name, AuditDelivery delivery, AuditMetrics metrics, TimeProvider time, ILogger logger)
    {
        (_name, _delivery, _metrics, _time, _logger) = (name, delivery, metrics, time, logger);
        _batches = delivery.BatchesPerSecond is { } rate ? new TokenBucket(rate, delivery.Burst, time) : null;
        _events = Channel.CreateBounded<ReadOnlyMemory<byte>>(
            new BoundedChannelOptions(delivery.Buffer) { SingleReader = true });
    }

    /// <inheritdoc/>
    public virtual async ValueTask<bool> TakeAsync(AuditEvent item)
    {
        if (Fitting(item) is not { } json)
        {
            _metrics.Lost(Truncate, 1);
            LogLost(_logger, 1, _name, "event is too large even after truncating");
            return true;
        }

        if (_delivery.Mode != AuditMode.Batch)
        {
            return await TryDeliverAsync([json], CancellationToken.None) || _delivery.Mode == AuditMode.Blocking;
        }

        if (!_events.Writer.TryWrite(json))
        {
            _metrics.Lost(Buffered, 1);
        }

        return true;
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

    /// <summary>Delivers a batch; says why it could not. Several may be on their way where requests wait.</summary>
    protected abstract Task<string?> DeliverAsync(
        IReadOnlyList<ReadOnlyMemory<byte>> events, CancellationToken cancellationToken);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var batch = new List<ReadOnlyMemory<byte>>();
        try
        {
            while (await _events.Reader.WaitToReadAsync(stoppingToken))
            {
                await DeliverNextAsync(batch, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Patience with the end is over, or the host goes without having been stopped, which would take it for a
            // failure of its own. What still comes finds no room.
            _events.Writer.TryComplete();
            Lose(batch.Count + _events.Reader.Count, "the server ended before they were delivered");
        }
    }

    /// <summary>Delivers one batch, which is empty before and afterwards.</summary>
    private async Task DeliverNextAsync(List<ReadOnlyMemory<byte>> batch, CancellationToken stoppingToken)
    {
        await FillAsync(batch, stoppingToken);
        while (_batches is { } batches && !batches.TryTake())
        {
            await Task.Delay(TimeSpan.FromSeconds(1 / _delivery.BatchesPerSecond!.Value), _time, stoppingToken);
        }

        await TryDeliverAsync(batch, stoppingToken);
        batch.Clear();
    }

    /// <summary>
    /// The event, without bodies where it is too large with them; null when it is too large all the same.
    /// </summary>
    private ReadOnlyMemory<byte>? Fitting(AuditEvent item)
    {
        if (_delivery.Truncation is not { } truncation || item.Json.Length <= truncation.MaxEvent)
        {
            return item.Json;
        }

        var less = item.Record.WantsRequest ? item.Truncate() : item;
        return less.Json.Length <= truncation.MaxEvent ? less.Json : (ReadOnlyMemory<byte>?)null;
    }

    private async Task<bool> TryDeliverAsync(
        IReadOnlyList<ReadOnlyMemory<byte>> events, CancellationToken cancellationToken)
    {
        if (await DeliverAsync(events, cancellationToken) is not { } problem)
        {
            return true;
        }

        Lose(events.Count, problem);
        return false;
    }

    private void Lose(int count, string why)
    {
        if (count > 0)
        {
            _metrics.Lost(_name, count);
            LogLost(_logger, count, _name, why);
        }
    }

    /// <summary>All that waits, and what comes soon.</summary>
    private async Task FillAsync(List<ReadOnlyMemory<byte>> batch, CancellationToken stoppingToken)
    {
        using var over =
            _delivery.MaxWait > TimeSpan.Zero ? new CancellationTokenSource(_delivery.MaxWait, _time) : null;
        using var both = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, over?.Token ?? default);
        var room = (long)(_delivery.Truncation?.MaxBatch ?? int.MaxValue);
        while (true)
        {
            while (batch.Count < _delivery.MaxBatch && _events.Reader.TryPeek(out var next)
                && (batch.Count == 0 || next.Length <= room) && _events.Reader.TryRead(out next))
            {
                batch.Add(next);
                room -= next.Length;
            }

            if (batch.Count == _delivery.MaxBatch || over is null || _events.Reader.TryPeek(out _))
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
