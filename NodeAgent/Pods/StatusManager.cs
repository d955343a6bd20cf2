using System.Collections.Concurrent;
using System.Threading.Channels;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Logs.Shipping;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>
/// Brings computed statuses to the API: the newest one per pod wins, one request per pod at a time, several pods at
/// once; failures are repeated. When a terminated pod's last status has arrived, it deletes the object. The status of a
/// static pod goes to its mirror.
/// </summary>
public sealed partial class StatusManager(
    IClusterApi api, LogSources logs, NodeAgentOptions options, TimeProvider time, ILogger<StatusManager> logger)
    : BackgroundService
{
    private const int Parallelism = 8;
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan MaxRetry = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, Entry> _entries = new();
    private readonly Channel<Entry> _queue = Channel.CreateUnbounded<Entry>();

    /// <summary>The API's version of a pod, as the newest watch event or answer had it.</summary>
    public void Observe(V1Pod pod)
    {
        var entry = Get(pod);
        if (entry.Observe(pod))
        {
            Enqueue(entry);
        }
    }

    /// <summary>The API's version of the mirror of a static pod; null while it has none.</summary>
    public void ObserveMirror(V1Pod pod, V1Pod? mirror)
    {
        var entry = Get(pod);
        if (entry.Replace(mirror))
        {
            Enqueue(entry);
        }
    }

    public void Set(V1Pod pod, V1PodStatus status)
    {
        var entry = Get(pod);
        entry.Wanted = StatusLimits.Apply(pod, StatusTimes.Truncate(status));
        Enqueue(entry);
    }

    /// <summary>Everything of the pod is gone from the node: its object goes after its last status.</summary>
    public void Finish(V1Pod pod)
    {
        var entry = Get(pod);
        entry.DeleteAfterwards = true;
        Enqueue(entry);
    }

    public void Forget(string uid)
    {
        if (_entries.TryRemove(uid, out var entry))
        {
            entry.Forgotten = true;
        }
    }

    /// <summary>The status as computed last; null before the first one.</summary>
    public V1PodStatus? Current(string uid) => _entries.TryGetValue(uid, out var entry) ? entry.Wanted : null;

    /// <summary>Completes when the API has the pod's status as it is now.</summary>
    public Task WhenTold(string uid) =>
        _entries.TryGetValue(uid, out var entry) ? entry.WhenIdle() : Task.CompletedTask;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(Enumerable.Range(0, Parallelism).Select(_ => WorkAsync(stoppingToken)));

    private Entry Get(V1Pod pod) => _entries.GetOrAdd(pod.Metadata.Uid, _ => new Entry(pod));

    private void Enqueue(Entry entry)
    {
        if (entry.TryQueue())
        {
            _queue.Writer.TryWrite(entry);
        }
    }

    private async Task WorkAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var entry in _queue.Reader.ReadAllAsync(stoppingToken))
            {
                await WriteAsync(entry, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // stopping
        }
    }

    private async Task WriteAsync(Entry entry, CancellationToken cancellationToken)
    {
        try
        {
            entry.BeginWork();
            await SyncAsync(entry, cancellationToken);
            entry.Retry = FirstRetry;
            if (entry.EndWork())
            {
                Enqueue(entry);
            }

            entry.TellWaiting();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception exception)
        {
            LogFailed(entry.Name, exception.Message);
            _ = RetryAsync(entry, cancellationToken);
        }
    }

    private async Task RetryAsync(Entry entry, CancellationToken cancellationToken)
    {
        await Task.Delay(entry.Retry, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        entry.Retry = entry.Retry * 2 < MaxRetry ? entry.Retry * 2 : MaxRetry;
        entry.EndWork();
        Enqueue(entry);
    }

    private async Task SyncAsync(Entry entry, CancellationToken cancellationToken)
    {
        if (entry.Forgotten || entry.Stored is not { } stored)
        {
            return;
        }

        if (entry.Missing(stored) is { } patch)
        {
            var patched = await api.PatchPodStatusAsync(stored, patch, cancellationToken);
            if (patched is null)
            {
                return; // the object is gone; the source will say so
            }

            entry.Observe(patched);
        }

        if (entry.DeleteAfterwards && !entry.Deleted)
        {
            await logs.MakeKnownAsync(
                Path.Combine(options.PodLogsDirectory, stored.LogDirectoryName()), cancellationToken);
            await api.DeletePodAsync(stored, cancellationToken);
            entry.Deleted = true;
        }
    }

    /// <summary>One pod: what the API has, what we want it to have, and whether it waits for a worker.</summary>
    private sealed class Entry(V1Pod pod)
    {
        private readonly Lock _lock = new();
        private readonly bool _isStatic = pod.IsStatic();
        private bool _queued;
        private bool _working;
        private bool _again;
        private TaskCompletionSource? _waiting;

        /// <summary>For the log.</summary>
        public string Name { get; } = pod.Display();

        /// <summary>What the API has; null where nothing in it stands for the pod.</summary>
        public V1Pod? Stored { get; private set; } = pod.IsStatic() ? null : pod;

        public V1PodStatus? Wanted { get; set; }

        public bool DeleteAfterwards { get; set; }

        public bool Deleted { get; set; }

        public bool Forgotten { get; set; }

        public TimeSpan Retry { get; set; } = FirstRetry;

        /// <summary>
        /// Takes a newer version of the object; true when its status is not what we want. A watch event may come after
        /// the answer to our own patch and still be older: taking it would write the same status once more.
        /// </summary>
        public bool Observe(V1Pod newer)
        {
            if (Stored is { } known && newer.Revision() < known.Revision())
            {
                return false;
            }

            Stored = newer;
            return Missing(newer) is not null;
        }

        /// <summary>
        /// What the API's version lacks of what we want; null for nothing. A pod that others have ended is not revived
        /// by a status that was computed before we knew: the next one will have their phase. Mirrors follow our own.
        /// </summary>
        public string? Missing(V1Pod stored) =>
            Wanted is not { } wanted
            || (!_isStatic && stored.HasTerminalPhase()
                && wanted.Phase is not (PodFacts.Failed or PodFacts.Succeeded))
                ? null : StatusPatch.Compute(stored.Status, wanted, stored.Metadata.Uid);

        /// <summary>Takes the object that stands for the pod now; true when its status is not what we want.</summary>
        public bool Replace(V1Pod? other)
        {
            if (other is not null)
            {
                return Observe(other);
            }

            Stored = null;
            return false;
        }

        public bool TryQueue()
        {
            lock (_lock)
            {
                if (_working)
                {
                    _again = true;
                    return false;
                }

                return !_queued && (_queued = true);
            }
        }

        public void BeginWork()
        {
            lock (_lock)
            {
                (_queued, _working, _again) = (false, true, false);
            }
        }

        /// <summary>True when something changed meanwhile.</summary>
        public bool EndWork()
        {
            lock (_lock)
            {
                _working = false;
                return _again;
            }
        }

        /// <summary>Completes when nothing of it waits to be written.</summary>
        public Task WhenIdle()
        {
            lock (_lock)
            {
                return IsIdle ? Task.CompletedTask
                    : (_waiting ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }
        }

        public void TellWaiting()
        {
            lock (_lock)
            {
                if (IsIdle)
                {
                    _waiting?.TrySetResult();
                    _waiting = null;
                }
            }
        }

        private bool IsIdle => !_queued && !_working && !_again;
    }

    [LoggerMessage(1, LogLevel.Warning, "Status of {Pod} could not be written: {Problem}")]
    private partial void LogFailed(string pod, string problem);
}
