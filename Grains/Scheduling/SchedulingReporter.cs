using System.Globalization;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// Tells the world what the scheduler decided: events, and the condition of pods that fit nowhere. It never holds up
/// scheduling: queues are bounded,
/// what does not fit is lost (a condition is written again with the next attempt), and while pods are being bound the
/// events about it wait.
/// </summary>
internal sealed partial class SchedulingReporter(
    IResourceClient client, TimeProvider time, Func<bool> isBusy, ILogger logger)
{
    public const int MaxWaitingSuccesses = 16_384;
    public const int MaxWaitingFailures = 16_384;

    /// <summary>Writers of either kind.</summary>
    private const int Writers = 4;

    /// <summary>An event about a binding waits at most this long for a quiet moment.</summary>
    private static readonly TimeSpan MaxHold = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan HoldStep = TimeSpan.FromMilliseconds(200);

    private readonly Channel<(SchedulingNote Note, long Since)> _successes = NewChannel(MaxWaitingSuccesses);
    private readonly Channel<(SchedulingNote Note, long Since)> _failures = NewChannel(MaxWaitingFailures);
    private readonly RepeatedEvents _repeated = new(time);
    private long _lastName;

    /// <summary>Notes that were lost because too many waited.</summary>
    public long Lost { get; private set; }

    public void Succeeded(SchedulingNote note) => Offer(_successes, note);

    public void Failed(SchedulingNote note) => Offer(_failures, note);

    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(
        Enumerable.Range(0, Writers).SelectMany(_ => new[]
        {
            DrainAsync(_failures, WriteFailureAsync, cancellationToken),
            DrainAsync(_successes, WriteSuccessAsync, cancellationToken),
        }).Append(KeepSeriesAsync(cancellationToken)));

    private static Channel<(SchedulingNote, long)> NewChannel(int capacity) =>
        Channel.CreateBounded<(SchedulingNote, long)>(
            new BoundedChannelOptions(capacity) { FullMode = BoundedChannelFullMode.Wait });

    private void Offer(Channel<(SchedulingNote, long)> channel, SchedulingNote note)
    {
        if (!channel.Writer.TryWrite((note, time.GetTimestamp())))
        {
            Lost++;
        }
    }

    private async Task DrainAsync(
        Channel<(SchedulingNote Note, long Since)> channel,
        Func<SchedulingNote, long, CancellationToken, Task> write,
        CancellationToken cancellationToken)
    {
        await foreach (var (note, since) in channel.Reader.ReadAllAsync(cancellationToken))
        {
            try
            {
                await write(note, since, cancellationToken);
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
            {
                LogLost(note.Reason, note.Pod.Key, error.Message);
            }
        }
    }

    private async Task WriteSuccessAsync(SchedulingNote note, long since, CancellationToken cancellationToken)
    {
        while (isBusy() && time.GetElapsedTime(since) < MaxHold)
        {
            await Task.Delay(HoldStep, time, cancellationToken);
        }

        await CreateEventAsync(note, NextName(note.Pod.Key.Name), cancellationToken);
    }

    private async Task WriteFailureAsync(SchedulingNote note, long since, CancellationToken cancellationToken)
    {
        await WriteConditionAsync(note, cancellationToken);
        var name = NextName(note.Pod.Key.Name);
        var repeated = _repeated.Count(note, name);
        if (repeated is null)
        {
            await CreateEventAsync(note, name, cancellationToken);
        }
        else if (repeated.IsFirst)
        {
            await WriteSeriesAsync(repeated, cancellationToken);
        }
    }

    /// <summary>Counts that changed since they were written, when their time has come.</summary>
    private async Task KeepSeriesAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(RepeatedEvents.End, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            foreach (var repeated in _repeated.Take())
            {
                await WriteSeriesAsync(repeated, cancellationToken);
            }
        }
    }

    private async Task WriteSeriesAsync(RepeatedEvent repeated, CancellationToken cancellationToken)
    {
        bool mayBeRetried;
        try
        {
            var refusal = await TryWriteSeriesAsync(repeated, cancellationToken);
            mayBeRetried = refusal?.Code is 429 or >= 500;
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            LogLost(repeated.Note.Reason, repeated.Note.Pod.Key, error.Message);
            mayBeRetried = true;
        }

        if (mayBeRetried)
        {
            _repeated.PutBack(repeated);
        }
    }

    /// <summary>
    /// Null when the count is written. An event that is gone, or was never written, is made again; another writer may
    /// be about to make it, too.
    /// </summary>
    private async Task<Status?> TryWriteSeriesAsync(RepeatedEvent repeated, CancellationToken cancellationToken)
    {
        var written = await CountAsync();
        if (!written.Succeeded && written.Error.Reason == StatusReasons.NotFound)
        {
            var made = await CreateEventAsync(repeated.Note, repeated.Name, cancellationToken);
            if (made is { Reason: not StatusReasons.AlreadyExists })
            {
                return made;
            }

            written = await CountAsync();
        }

        return written.Succeeded ? null : written.Error;

        ValueTask<Outcome<ResourceObject>> CountAsync() => client.PatchAsync(
            new PatchRequest
            {
                Resource = WellKnown.Events,
                Key = new ObjectKey(repeated.Note.Pod.Key.Namespace, repeated.Name),
                Kind = PatchKind.Merge,
                Patch = SchedulingJson.Series(repeated.Count, repeated.Seen),
            },
            cancellationToken);
    }

    /// <summary>Sets the condition (and nomination) of a pod that fits nowhere; false when the pod is gone.</summary>
    public async Task<bool> WriteConditionAsync(SchedulingNote note, CancellationToken cancellationToken)
    {
        var (pod, reason) = (note.Pod, note.ConditionReason);
        var isNominated = note.Nomination is null || note.Nomination == pod.NominatedNodeName;
        if (reason is null
            || (isNominated && pod.UnschedulableReason == reason && pod.UnschedulableMessage == note.Message))
        {
            return true;
        }

        var written = await client.PatchAsync(
            new PatchRequest
            {
                Resource = WellKnown.Pods,
                Key = pod.Key,
                Subresource = "status",
                Kind = PatchKind.Strategic,
                Patch = SchedulingJson.Unscheduled(pod, reason, note.Message, note.Nomination, time.GetUtcNow()),
            },
            cancellationToken);
        if (!written.Succeeded && written.Error.Reason != StatusReasons.NotFound)
        {
            LogLost("condition", pod.Key, written.Error.Message ?? "");
        }

        return written.Succeeded;
    }

    /// <summary>Null when it is created; else why not.</summary>
    private async Task<Status?> CreateEventAsync(SchedulingNote note, string name, CancellationToken cancellationToken)
    {
        var written = await client.CreateAsync(
            new CreateRequest
            {
                Resource = WellKnown.Events,
                Namespace = note.Pod.Key.Namespace,
                Name = name,
                Json = SchedulingJson.Event(note, name, time.GetUtcNow()),
            },
            cancellationToken);
        if (!written.Succeeded)
        {
            LogLost(note.Reason, note.Pod.Key, written.Error.Message ?? "");
        }

        return written.Succeeded ? null : written.Error;
    }

    /// <summary>
    /// Upstream's shape: the pod's name and nanoseconds since 1970 in hexadecimal; never twice the same.
    /// </summary>
    private string NextName(string pod)
    {
        var now = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;
        long last, next;
        do
        {
            last = Interlocked.Read(ref _lastName);
            next = Math.Max(now, last + 1);
        }
        while (Interlocked.CompareExchange(ref _lastName, next, last) != last);

        return string.Create(CultureInfo.InvariantCulture, $"{pod}.{next:x}");
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{What} about pod {Pod} was not recorded: {Error}")]
    private partial void LogLost(string what, ObjectKey pod, string error);
}
