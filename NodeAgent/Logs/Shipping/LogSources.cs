using System.Globalization;
using OrleansOrchestrator.Logs.Search;

namespace OrleansOrchestrator.NodeAgent.Logs.Shipping;

/// <summary>
/// The logs of all containers of the node, found by the directories in which the runtime writes them:
/// <c>NAMESPACE_POD_UID/CONTAINER/RESTART.log</c>.
/// </summary>
public sealed class LogSources(NodeAgentOptions options, TimeProvider time)
{
    /// <summary>How long a pod that ends waits for the cluster to hear of its logs: a cluster that is well takes
    /// milliseconds, and one that is not must not keep pods.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Followed logs: those of several times the pods that a node takes. Others are not found until these end.
    /// </summary>
    private const int MaxLogs = 5000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, ContainerLog> _logs = new(StringComparer.Ordinal);
    private TaskCompletionSource _wanted = NewSignal();
    private TaskCompletionSource _round = NewSignal();

    /// <summary>Ends when somebody waits for the cluster to hear of new logs.</summary>
    public Task Wanted
    {
        get
        {
            lock (_lock)
            {
                return _wanted.Task;
            }
        }
    }

    /// <summary>True while somebody asks the cluster for the streams of new logs.</summary>
    public bool IsShipped { get; set; }

    /// <summary>All logs, those that are new included.</summary>
    public IReadOnlyList<ContainerLog> Scan()
    {
        lock (_lock)
        {
            if (Directory.Exists(options.PodLogsDirectory))
            {
                foreach (var pod in Directory.EnumerateDirectories(options.PodLogsDirectory))
                {
                    Find(pod);
                }
            }

            foreach (var log in _logs.Values)
            {
                log.Look();
            }

            return [.. _logs.Values];
        }
    }

    /// <summary>
    /// To be called before logs of a pod are deleted: what is not sent yet stays readable until it is.
    /// </summary>
    public void Hold(string podDirectory)
    {
        lock (_lock)
        {
            if (Directory.Exists(podDirectory))
            {
                Find(podDirectory);
            }

            foreach (var (path, log) in _logs)
            {
                if (path.StartsWith(podDirectory + "/", StringComparison.Ordinal))
                {
                    log.Look();
                }
            }
        }
    }

    /// <summary>
    /// To be called before a pod's object is deleted: the cluster takes logs of pods alone that it knows. Returns once
    /// it has heard of this pod's logs or does not answer.
    /// </summary>
    public async Task MakeKnownAsync(string podDirectory, CancellationToken cancellationToken)
    {
        Hold(podDirectory);
        Task heard;
        lock (_lock)
        {
            if (!IsShipped || !_logs.Any(l => l.Value.Stream == 0
                && l.Key.StartsWith(podDirectory + "/", StringComparison.Ordinal)))
            {
                return;
            }

            heard = _round.Task;
            _wanted.TrySetResult();
        }

        await heard.WaitAsync(Patience, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>The cluster is about to be asked for all logs of the next scan: to be ended once it was.</summary>
    public TaskCompletionSource BeginRound()
    {
        lock (_lock)
        {
            var round = _round;
            (_round, _wanted) = (NewSignal(), NewSignal());
            return round;
        }
    }

    /// <summary>The log is followed no more.</summary>
    public void Forget(ContainerLog log)
    {
        lock (_lock)
        {
            foreach (var (path, _) in _logs.Where(l => l.Value == log).ToList())
            {
                _logs.Remove(path);
            }

            log.Dispose();
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Find(string podDirectory)
    {
        if (Path.GetFileName(podDirectory).Split('_') is not [var space, var pod, var uid])
        {
            return;
        }

        try
        {
            foreach (var container in Directory.EnumerateDirectories(podDirectory))
            {
                foreach (var file in Directory.EnumerateFiles(container, "*.log"))
                {
                    if (_logs.Count < MaxLogs && !_logs.ContainsKey(file) && int.TryParse(
                        Path.GetFileNameWithoutExtension(file), NumberStyles.None, CultureInfo.InvariantCulture,
                            out var restart))
                    {
                        _logs.Add(file, new ContainerLog(
                            container, new StreamName(space, pod, uid, Path.GetFileName(container), restart)));
                    }
                }
            }
        }
        catch (DirectoryNotFoundException)
        {
            // Deleted meanwhile.
        }
    }
}
