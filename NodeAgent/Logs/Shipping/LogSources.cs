using System.Globalization;
using OrleansOrchestrator.Logs.Search;

namespace OrleansOrchestrator.NodeAgent.Logs.Shipping;

/// <summary>
/// The logs of all containers of the node, found by the directories in which the runtime writes them:
/// <c>NAMESPACE_POD_UID/CONTAINER/RESTART.log</c>.
/// </summary>
public sealed class LogSources(NodeAgentOptions options)
{
    /// <summary>
    /// Followed logs: those of several times the pods that a node takes. Others are not found until these end.
    /// </summary>
    private const int MaxLogs = 5000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, ContainerLog> _logs = new(StringComparer.Ordinal);

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
