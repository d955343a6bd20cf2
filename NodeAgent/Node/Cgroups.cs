using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Pods;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>
/// The cgroups above containers: root, QoS classes, pods. Below the root, <c>podUID</c> for guaranteed pods,
/// <c>burstable/podUID</c> and <c>besteffort/podUID</c> for the others. Both cgroup versions; the containers' own groups
/// are the runtime's.
/// </summary>
public sealed class Cgroups(NodeAgentOptions options)
{
    private const string MountRoot = "/sys/fs/cgroup";
    private static readonly string[] Controllers = ["cpu", "memory", "pids", "cpuset"];

    private readonly string _root = "/" + options.CgroupRoot.Trim('/');
    private readonly bool _version2 = Linux.IsCgroup2;

    /// <summary>The cgroup that the pod's sandbox and containers get as their parent.</summary>
    public string PodPath(V1Pod pod) => PodResources.Qos(pod) switch
    {
        PodResources.Burstable => $"{_root}/burstable/pod{pod.Metadata.Uid}",
        PodResources.BestEffort => $"{_root}/besteffort/pod{pod.Metadata.Uid}",
        _ => $"{_root}/pod{pod.Metadata.Uid}",
    };

    /// <summary>Makes the root and the class groups; best effort gets the least share of CPU.</summary>
    public void Prepare()
    {
        Create($"{_root}/burstable");
        Create($"{_root}/besteffort");
        SetShares($"{_root}/besteffort", PodResources.Shares(0));
    }

    /// <summary>The burstable class competes with guaranteed pods by the sum of its requests.</summary>
    public void SetBurstableShares(long milliCpu) => SetShares($"{_root}/burstable", PodResources.Shares(milliCpu));

    public void CreatePod(V1Pod pod)
    {
        var path = PodPath(pod);
        var limits = PodResources.ForPod(pod);
        Create(path);
        SetShares(path, limits.CpuShares);
        if (limits.CpuQuota > 0)
        {
            SetQuota(path, limits.CpuQuota, limits.CpuPeriod);
        }

        if (limits.MemoryLimitInBytes > 0)
        {
            Write("memory", path, _version2 ? "memory.max" : "memory.limit_in_bytes", limits.MemoryLimitInBytes);
        }
    }

    /// <summary>Removes the pod's group; false while something is left in it.</summary>
    public bool RemovePod(string uid)
    {
        var removed = true;
        foreach (var parent in new[] { _root, $"{_root}/burstable", $"{_root}/besteffort" })
        {
            foreach (var hierarchy in Hierarchies())
            {
                removed &= RemoveTree($"{hierarchy}{parent}/pod{uid}");
            }
        }

        return removed;
    }

    /// <summary>A file of the pod's group.</summary>
    public string FileOf(V1Pod pod, string controller, string file) => FileOf(controller, PodPath(pod), file);

    private string FileOf(string controller, string path, string file) =>
        _version2 ? $"{MountRoot}{path}/{file}" : $"{MountRoot}/{controller}{path}/{file}";

    private void SetShares(string path, long shares)
    {
        const long maxShares = 262142;
        const long maxWeight = 9999;
        if (_version2)
        {
            Write("cpu", path, "cpu.weight", 1 + ((shares - 2) * maxWeight / maxShares));
        }
        else
        {
            Write("cpu", path, "cpu.shares", shares);
        }
    }

    private void SetQuota(string path, long quota, long period)
    {
        if (_version2)
        {
            WriteText("cpu", path, "cpu.max", $"{quota} {period}");
        }
        else
        {
            Write("cpu", path, "cpu.cfs_period_us", period);
            Write("cpu", path, "cpu.cfs_quota_us", quota);
        }
    }

    private void Create(string path)
    {
        if (!_version2)
        {
            foreach (var controller in Controllers.Where(c => Directory.Exists($"{MountRoot}/{c}")))
            {
                CreateVersion1(controller, path);
            }

            return;
        }

        var current = MountRoot;
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            Delegate(current);
            current = $"{current}/{part}";
            Directory.CreateDirectory(current);
        }

        Delegate(current);
    }

    /// <summary>A new cpuset group is empty and takes no process until it got its parent's values.</summary>
    private static void CreateVersion1(string controller, string path)
    {
        var current = $"{MountRoot}/{controller}";
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            var parent = current;
            current = $"{current}/{part}";
            if (Directory.Exists(current))
            {
                continue;
            }

            Directory.CreateDirectory(current);
            foreach (var file in controller == "cpuset" ? ["cpuset.cpus", "cpuset.mems"] : Array.Empty<string>())
            {
                File.WriteAllText($"{current}/{file}", File.ReadAllText($"{parent}/{file}"));
            }
        }
    }

    private static void Delegate(string group)
    {
        var available = File.ReadAllText($"{group}/cgroup.controllers").Split((char[])[' ', '\n']);
        var wanted = string.Join(' ', Controllers.Where(available.Contains).Select(c => "+" + c));
        File.WriteAllText($"{group}/cgroup.subtree_control", wanted);
    }

    private IEnumerable<string> Hierarchies() => _version2
        ? [MountRoot]
        : Directory.EnumerateDirectories(MountRoot);

    private static bool RemoveTree(string directory)
    {
        if (!Directory.Exists(directory))
        {
            return true;
        }

        try
        {
            foreach (var child in Directory.EnumerateDirectories(directory))
            {
                RemoveTree(child);
            }

            return Linux.RemoveDirectory(directory);
        }
        catch (IOException)
        {
            return !Directory.Exists(directory);
        }
    }

    private void Write(string controller, string path, string file, long value) =>
        WriteText(controller, path, file, value.ToString(CultureInfo.InvariantCulture));

    private void WriteText(string controller, string path, string file, string value)
    {
        var target = FileOf(controller, path, file);
        if (File.Exists(target))
        {
            File.WriteAllText(target, value);
        }
    }
}
