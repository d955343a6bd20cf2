using System.ComponentModel;
using System.Diagnostics;
using OrleansOrchestrator.Logs.Shipping;
using OrleansOrchestrator.NodeAgent.Credentials;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Dra;
using OrleansOrchestrator.NodeAgent.Images;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Logs.Shipping;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Shutdown;
using OrleansOrchestrator.NodeAgent.StaticPods;
using OrleansOrchestrator.NodeAgent.Volumes;

namespace OrleansOrchestrator.NodeAgent.Stats;

/// <summary><c>/metrics</c>: the agent itself.</summary>
public sealed class AgentMetrics(
    NodeAgentOptions options, IPodRegistry pods, KubeletMeters meters, VolumeMeters volumes, CriClient cri,
    ClaimedVolumes claims, CsiVolumes drivers, ShippingCounts logs, OwnLines ownLines, NodeCredentials credentials,
    StaticPodSource statics, ManifestFollower manifests, PreparedClaims devices, ShutdownRecord shutdown,
    PullRecords pulls, TimeProvider time)
{
    public string Write()
    {
        var text = new MetricsText();
        var entries = pods.List().Select(p => pods.FindByUid(p.Metadata.Uid)).OfType<PodEntry>().ToList();
        Build(text);
        text.Family("kubelet_node_name", "gauge", "[ALPHA] The node's name. The count is always 1.")
            .Sample("kubelet_node_name", 1, null, ("node", options.NodeName));
        text.Family("kubelet_running_pods", "gauge", "[BETA] Number of pods that have a running pod sandbox")
            .Sample("kubelet_running_pods", entries.Count(e => e.SandboxId is not null), null);
        text.Family("kubelet_running_containers", "gauge", "[BETA] Number of containers currently running");
        foreach (var state in entries.SelectMany(e => e.Runtime.Containers).GroupBy(c => StateOf(c.State)).OrderBy(
                g => g.Key, StringComparer.Ordinal))
        {
            text.Sample("kubelet_running_containers", state.Count(), null, ("container_state", state.Key));
        }

        text.Family(
            "kubelet_mirror_pods", "gauge",
            "[ALPHA] The number of mirror pods the kubelet will try to create (one per admitted static pod)")
            .Sample("kubelet_mirror_pods", statics.Count, null);
        manifests.Failures.Write(text);
        meters.Write(text);
        pulls.Write(text);
        shutdown.Write(text);
        devices.Book.Write(text);
        volumes.Write(text);
        cri.Calls.Write(text);
        credentials.Calls.Write(text);
        CertificateMetrics.Write(text, options, credentials, time.GetUtcNow());
        Claims(text);
        text.Family("orc_log_lines_sent_total", "counter", "Lines of containers that the cluster has taken.")
            .Sample("orc_log_lines_sent_total", logs.Sent, null);
        text.Family("orc_log_lines_refused_total", "counter", "Lines that the cluster has refused for good.")
            .Sample("orc_log_lines_refused_total", logs.Refused, null);
        text.Family("orc_log_files_lost_total", "counter", "Files of logs removed before all their lines were sent.")
            .Sample("orc_log_files_lost_total", logs.FilesLost, null);
        text.Family(
            "orc_log_own_lines_dropped_total", "counter", "Lines of the agent's own log that found no room to wait.")
            .Sample("orc_log_own_lines_dropped_total", ownLines.Dropped, null);
        Process(text);
        return text.ToString();
    }

    private static void Build(MetricsText text)
    {
        var version = NodeStatusComputer.KubeletVersion;
        var parts = version[1..].Split('.');
        text.Family(
            "kubernetes_build_info", "gauge", "[ALPHA] A metric with a constant '1' value, labelled by what runs here.")
            .Sample(
                "kubernetes_build_info", 1, null, ("git_version", version), ("major", parts[0]), ("minor", parts[1]));
    }

    // What claims hold: the file system on which their directories lie, or what their drivers tell.
    private void Claims(MetricsText text)
    {
        var ofNode = claims.InUse.Select(static c => (c.Namespace, c.Claim, Usage: UsageOf(c.Path)))
            .Where(static c => c.Usage is not null).Select(static c => new ClaimUsage(
                c.Namespace, c.Claim, c.Usage!.Value, c.Usage.Value.CapacityBytes - c.Usage.Value.AvailableBytes,
                c.Usage.Value.Inodes - c.Usage.Value.InodesFree));
        var ofDrivers = drivers.Published.Select(static p => (Claim: p.Mount.Persistent?.Spec.ClaimRef, p.Used))
            .Where(static p => p is { Claim: not null, Used: not null }).Select(static p => new ClaimUsage(
                p.Claim!.NamespaceProperty, p.Claim.Name, p.Used!.Own, p.Used.UsedBytes, p.Used.UsedInodes));
        var used = ofNode.Concat(ofDrivers).DistinctBy(static c => (c.Namespace, c.Claim))
            .OrderBy(static c => (c.Namespace, c.Claim)).ToList();
        void Write(string name, string help, Func<ClaimUsage, double> figure)
        {
            text.Family(name, "gauge", help);
            foreach (var usage in used)
            {
                text.Sample(
                    name, figure(usage), null, ("namespace", usage.Namespace), ("persistentvolumeclaim", usage.Claim));
            }
        }

        Write("kubelet_volume_stats_available_bytes", "[ALPHA] Number of available bytes in the volume",
            static u => u.Disk.AvailableBytes);
        Write("kubelet_volume_stats_capacity_bytes", "[ALPHA] Capacity in bytes of the volume",
            static u => u.Disk.CapacityBytes);
        Write("kubelet_volume_stats_inodes", "[ALPHA] Maximum number of inodes in the volume",
            static u => u.Disk.Inodes);
        Write("kubelet_volume_stats_inodes_free", "[ALPHA] Number of free inodes in the volume",
            static u => u.Disk.InodesFree);
        Write("kubelet_volume_stats_inodes_used", "[ALPHA] Number of used inodes in the volume",
            static u => u.UsedInodes);
        Write("kubelet_volume_stats_used_bytes", "[ALPHA] Number of used bytes in the volume",
            static u => u.UsedBytes);
    }

    private sealed record ClaimUsage(
        string Namespace, string Claim, FileSystemUsage Disk, long UsedBytes, long UsedInodes);

    // A volume may be on its way out.
    private static FileSystemUsage? UsageOf(string path)
    {
        try
        {
            return Linux.UsageOf(path);
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    private static string StateOf(Cri.V1.ContainerState state) => state switch
    {
        Cri.V1.ContainerState.ContainerRunning => "running",
        Cri.V1.ContainerState.ContainerExited => "exited",
        Cri.V1.ContainerState.ContainerCreated => "created",
        _ => "unknown",
    };

    private static void Process(MetricsText text)
    {
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        text.Family("process_cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds.")
            .Sample("process_cpu_seconds_total", process.TotalProcessorTime.TotalSeconds, null);
        text.Family("process_resident_memory_bytes", "gauge", "Resident memory size in bytes.")
            .Sample("process_resident_memory_bytes", process.WorkingSet64, null);
        text.Family("process_virtual_memory_bytes", "gauge", "Virtual memory size in bytes.")
            .Sample("process_virtual_memory_bytes", process.VirtualMemorySize64, null);
        text.Family("process_start_time_seconds", "gauge", "Start time of the process since unix epoch in seconds.")
            .Sample("process_start_time_seconds", new DateTimeOffset(process.StartTime).ToUnixTimeSeconds(), null);
        text.Family("process_open_fds", "gauge", "Number of open file descriptors.")
            .Sample("process_open_fds", Directory.EnumerateFileSystemEntries("/proc/self/fd").Count(), null);
    }
}
