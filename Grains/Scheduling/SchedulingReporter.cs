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
        }));

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
        _repeated.Forget(note.Pod.Uid);
    }

    private async Task WriteFailureAsync(SchedulingNote note, long since, CancellationToken cancellationToken)
    {
        await WriteConditionAsync(note, cancellationToken);
        var name = NextName(note.Pod.Key.Name);
        var repeat = _repeated.Count(note.Pod, name);
        if (repeat is null)
        {
            if (!await CreateEventAsync(note, name, cancellationToken))
            {
                _repeated.Forget(note.Pod.Uid);
            }
        }
        else if (repeat.Value.IsDue)
        {
            await client.PatchAsync(
                new PatchRequest
                {
                    Resource = WellKnown.Events,
                    Key = new ObjectKey(note.Pod.Key.Namespace, repeat.Value.EventName),
                    Kind = PatchKind.Merge,
                    Patch = SchedulingJson.Series(repeat.Value.Count, time.GetUtcNow()),
                },
                cancellationToken);
        }
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

    private async Task<bool> CreateEventAsync(SchedulingNote note, string name, CancellationToken cancellationToken)
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

        return written.Succeeded;
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

    /// <summary>
    /// Pods whose failure has an event already: within six minutes a repetition only counts on it, as long as the pod
    /// is the same version, for an event is about a version. Thread-safe.
    /// </summary>
    private sealed class RepeatedEvents(TimeProvider time)
    {
        private const int MaxRemembered = 8_192;
        private static readonly TimeSpan SeriesEnd = TimeSpan.FromMinutes(6);

        /// <summary>After the first repetition the count is written at most this often.</summary>
        private static readonly TimeSpan WritePeriod = TimeSpan.FromSeconds(30);

        private readonly Dictionary<string, Series> _series = new(StringComparer.Ordinal);
        private readonly Lock _lock = new();

        /// <summary>
        /// The repetition that this failure is; null when it is the first, whose event then has the new name. It is
        /// known before it is written: the next failure may come while it is.
        /// </summary>
        public (string EventName, int Count, bool IsDue)? Count(PodInfo pod, string newName)
        {
            lock (_lock)
            {
                var now = time.GetUtcNow();
                if (!_series.TryGetValue(pod.Uid, out var series) || series.Revision != pod.Revision
                    || now - series.Seen > SeriesEnd)
                {
                    Remember(pod, newName, now);
                    return null;
                }

                series.Seen = now;
                series.Count++;
                var isDue = series.Count == 2 || now - series.Written >= WritePeriod;
                series.Written = isDue ? now : series.Written;
                return (series.EventName, series.Count, isDue);
            }
        }

        public void Forget(string uid)
        {
            lock (_lock)
            {
                _series.Remove(uid);
            }
        }

        private void Remember(PodInfo pod, string eventName, DateTimeOffset now)
        {
            if (_series.Count >= MaxRemembered)
            {
                _series.Clear();
            }

            _series[pod.Uid] =
                new Series { EventName = eventName, Revision = pod.Revision, Seen = now, Written = now };
        }

        private sealed class Series
        {
            public required string EventName { get; init; }

            public required long Revision { get; init; }

            public int Count { get; set; } = 1;

            public DateTimeOffset Seen { get; set; }

            public DateTimeOffset Written { get; set; }
        }
    }
}
