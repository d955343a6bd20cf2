using System.Globalization;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>
/// Writes the silo's events as core/v1 Events, in the background: those about one object one after the other, those of
/// several side by side, so that their journal commits many at a time. What does not fit into its queue is dropped: a
/// cluster in trouble has better things to write. Repeated notes become counts (<see cref="EventCorrelator"/>).
/// </summary>
public sealed partial class EventSink : BackgroundService
{
    /// <summary>Notes that may wait.</summary>
    public const int MaxWaiting = 1_000;

    /// <summary>Notes that are taken from the queue together.</summary>
    private const int MaxBatch = 128;

    /// <summary>Objects whose events are written at one time.</summary>
    private const int Writers = 16;

    private readonly Channel<Waiting> _waiting = Channel.CreateBounded<Waiting>(
        new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private readonly IResourceClient? _client;
    private readonly TimeProvider _time;
    private readonly ILogger<EventSink> _logger;
    private readonly EventCorrelator _correlator;

    /// <summary>Guards the correlator and the last name.</summary>
    private readonly Lock _lock = new();
    private long _lastName;

    public EventSink(IResourceClient client, TimeProvider time, ILogger<EventSink> logger)
    {
        _client = client;
        _time = time;
        _logger = logger;
        _correlator = new EventCorrelator(time);
    }

    private EventSink()
    {
        _time = TimeProvider.System;
        _logger = NullLogger<EventSink>.Instance;
        _correlator = new EventCorrelator(_time);
    }

    internal static EventSink Closed { get; } = new();

    /// <summary>Recorder in the name of a component.</summary>
    /// <param name="component">What its events say that they come from.</param>
    /// <param name="controller">The controller that writes them; null for the one of that name.</param>
    public EventRecorder For(string component, string? controller = null) =>
        new(this, component, controller ?? component);

    /// <summary>Writes what waits, and returns when nothing does: for tests without a running loop.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        while (_waiting.Reader.TryRead(out var next))
        {
            await WriteAsync(next, cancellationToken);
        }
    }

    internal void Offer(EventRecorder of, EventNote note)
    {
        if (_client is not null)
        {
            _waiting.Writer.TryWrite(new Waiting(of, note, _time.GetUtcNow()));
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await _waiting.Reader.WaitToReadAsync(stoppingToken))
            {
                await WriteBatchAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The silo is stopping.
        }
    }

    private Task WriteBatchAsync(CancellationToken cancellationToken)
    {
        var batch = new List<Waiting>();
        while (batch.Count < MaxBatch && _waiting.Reader.TryRead(out var next))
        {
            batch.Add(next);
        }

        return Parallel.ForEachAsync(
            batch.GroupBy(static n => n.Note.Involved.Uid, StringComparer.Ordinal),
            new ParallelOptions { MaxDegreeOfParallelism = Writers, CancellationToken = cancellationToken },
            async (aboutOne, token) =>
            {
                foreach (var one in aboutOne)
                {
                    await TryWriteAsync(one, token);
                }
            });
    }

    private async Task TryWriteAsync(Waiting waiting, CancellationToken cancellationToken)
    {
        try
        {
            await WriteAsync(waiting, cancellationToken);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            LogLost(error.Message);
        }
    }

    private async Task WriteAsync(Waiting waiting, CancellationToken cancellationToken)
    {
        var client = _client!.As(UserIdentity.Controller(waiting.Of.Controller));
        if (Correlate(waiting) is not { } record)
        {
            return;
        }

        if (record.Name.Length > 0 && await TryCountAsync(client, waiting, record, cancellationToken))
        {
            return;
        }

        record.Name = NextName(waiting.Note.Involved.Name);
        var written = await client.CreateAsync(ToEvent(waiting, record), cancellationToken);
        if (!written.Succeeded)
        {
            LogLost(written.Error.Message);
        }
    }

    private EventRecord? Correlate(Waiting waiting)
    {
        var (note, about) = (waiting.Note, waiting.Note.Involved);
        var facts = new EventFacts(
            waiting.Of.Component, EventFacts.AboutOf(about.Kind, about.NamespaceProperty, about.Name, about.Uid),
            about.FieldPath ?? "", note.Type, note.Reason, note.Message);
        lock (_lock)
        {
            return _correlator.Correlate(facts, waiting.At);
        }
    }

    private async Task<bool> TryCountAsync(
        IResourceClient client, Waiting waiting, EventRecord record, CancellationToken cancellationToken)
    {
        var patch = new JsonObject
        {
            ["count"] = record.Count,
            ["lastTimestamp"] = waiting.At.ToApiText(),
            ["message"] = record.Message,
        };
        var key = new ObjectKey(NamespaceOf(waiting.Note.Involved), record.Name);
        var written = await client.MergeAsync<Corev1Event>(key, patch, cancellationToken);
        return written.Succeeded || written.Error.Reason != StatusReasons.NotFound;
    }

    private static Corev1Event ToEvent(Waiting waiting, EventRecord record) => new()
    {
        Metadata = new V1ObjectMeta { Name = record.Name, NamespaceProperty = NamespaceOf(waiting.Note.Involved) },
        InvolvedObject = waiting.Note.Involved,
        Type = waiting.Note.Type,
        Reason = waiting.Note.Reason,
        Message = record.Message,
        Count = record.Count,
        FirstTimestamp = record.First.UtcDateTime,
        LastTimestamp = waiting.At.UtcDateTime,
        Source = new V1EventSource { Component = waiting.Of.Component },
        ReportingComponent = waiting.Of.Component,
        ReportingInstance = "",
    };

    /// <summary>Upstream's shape: the object's name and nanoseconds since 1970 in hexadecimal.</summary>
    private string NextName(string involved)
    {
        var nanoseconds = (_time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;
        lock (_lock)
        {
            _lastName = Math.Max(nanoseconds, _lastName + 1);
            return string.Create(CultureInfo.InvariantCulture, $"{involved}.{_lastName:x}");
        }
    }

    private static string NamespaceOf(V1ObjectReference involved) =>
        string.IsNullOrEmpty(involved.NamespaceProperty) ? "default" : involved.NamespaceProperty;

    [LoggerMessage(Level = LogLevel.Debug, Message = "an event was not recorded: {Error}")]
    private partial void LogLost(string error);

    /// <summary>A note, who tells it, and when it was told.</summary>
    private sealed record Waiting(EventRecorder Of, EventNote Note, DateTimeOffset At);
}
