using System.Collections.Concurrent;

namespace OrleansOrchestrator.NodeAgent.Metrics;

/// <summary>
/// Which volumes of pods are to be there and which are, and how long it takes to get them there and away: under
/// upstream's names, by the plugins that upstream has for them.
/// </summary>
public sealed class VolumeMeters
{
    private const string Mount = "volume_mount";
    private const string Unmount = "volume_unmount";
    private const string Total = "volume_manager_total_volumes";

    private readonly ConcurrentDictionary<(string Pod, string Volume), string> _desired = new();
    private readonly ConcurrentDictionary<(string Pod, string Volume), string> _actual = new();

    private readonly DurationMetric _operations = new(
        "storage_operation_duration_seconds", "[ALPHA] Storage operation duration",
        [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 25, 50, 120, 300, 600],
        "migrated", "operation_name", "status", "volume_plugin");

    /// <summary>A volume of a pod is to be there.</summary>
    public void Wanted(string pod, string volume, string plugin) => _desired[(pod, volume)] = plugin;

    /// <summary>It is there, or still is.</summary>
    public void Mounted(string pod, string volume, string plugin, TimeSpan took)
    {
        _actual[(pod, volume)] = plugin;
        Record(Mount, plugin, succeeded: true, took);
    }

    public void MountFailed(string plugin, TimeSpan took) => Record(Mount, plugin, succeeded: false, took);

    /// <summary>None of the pod's volumes is to be there any more.</summary>
    public void Unwanted(string pod) => Remove(_desired, pod, static (_, _) => { });

    /// <summary>
    /// All of them, which are taken down together, are gone; or something is still in use, and they will be taken down
    /// again.
    /// </summary>
    public void TakenDown(string pod, bool succeeded, TimeSpan took)
    {
        if (succeeded)
        {
            Remove(_actual, pod, (meters, plugin) => meters.Record(Unmount, plugin, succeeded: true, took));
            return;
        }

        foreach (var (_, plugin) in _actual.Where(v => v.Key.Pod == pod))
        {
            Record(Unmount, plugin, succeeded: false, took);
        }
    }

    public void Write(MetricsText text)
    {
        _operations.Write(text);
        text.Family(Total, "gauge", "[ALPHA] Number of volumes in Volume Manager");
        Write(text, "actual_state_of_world", _actual);
        Write(text, "desired_state_of_world", _desired);
    }

    private static void Write(
        MetricsText text, string state, ConcurrentDictionary<(string Pod, string Volume), string> volumes)
    {
        foreach (var plugin in volumes.Values.GroupBy(static p => p).OrderBy(static p => p.Key, StringComparer.Ordinal))
        {
            text.Sample(Total, plugin.Count(), null, ("plugin_name", plugin.Key), ("state", state));
        }
    }

    private void Remove(
        ConcurrentDictionary<(string Pod, string Volume), string> volumes, string pod,
        Action<VolumeMeters, string> removed)
    {
        foreach (var key in volumes.Keys.Where(k => k.Pod == pod))
        {
            if (volumes.TryRemove(key, out var plugin))
            {
                removed(this, plugin);
            }
        }
    }

    // What was migrated from in-tree plugins to drivers is none of this node's.
    private void Record(string operation, string plugin, bool succeeded, TimeSpan took) =>
        _operations.Record(took, "false", operation, succeeded ? "success" : "fail-unknown", plugin);
}
