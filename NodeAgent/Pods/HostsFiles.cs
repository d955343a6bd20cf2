using System.Text;
using k8s.Models;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Volumes;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>The hosts file of each pod, which all of its containers have mounted, and may write.</summary>
public sealed class HostsFiles(NodeAgentOptions options, PodPaths paths)
{
    private const string NodeHosts = "/etc/hosts";
    private const UnixFileMode Mode = (UnixFileMode)0x1A4;

    /// <summary>Writes it in place; it changes when the sandbox, and with it the address, does.</summary>
    public void Write(V1Pod pod, IReadOnlyList<string> podIps)
    {
        var text = pod.UsesHostNetwork()
            ? PodHostname.HostNetworkHostsFile(pod, File.Exists(NodeHosts) ? File.ReadAllText(NodeHosts) : "")
            : PodHostname.HostsFile(pod, podIps, options.ClusterDomain);
        var path = paths.HostsFile(pod.Metadata.Uid);
        OwnFiles.MakePrivate(Path.GetDirectoryName(path)!);
        using var directory = HeldDirectory.Open(Path.GetDirectoryName(path)!);
        directory.WriteInPlace(Path.GetFileName(path), Encoding.UTF8.GetBytes(text), Mode);
    }
}
