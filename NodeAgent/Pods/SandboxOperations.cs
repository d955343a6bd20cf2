using Grpc.Core;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Logs;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.Volumes;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>Makes and removes sandboxes, and stops whole pods.</summary>
public sealed class SandboxOperations(
    NodeAgentOptions options,
    CriClient cri,
    SandboxConfigBuilder configs,
    Cgroups cgroups,
    PodPaths paths,
    NodeFacts node,
    ContainerOperations containers,
    EventRecorder events)
{
    private static readonly TimeSpan LeastSidecarGrace = TimeSpan.FromSeconds(2);

    public string LogDirectory(V1Pod pod) => Path.Combine(options.PodLogsDirectory, pod.LogDirectoryName());

    public async Task CreateAsync(V1Pod pod, uint attempt, CancellationToken cancellationToken)
    {
        cgroups.CreatePod(pod);
        Directory.CreateDirectory(LogDirectory(pod));
        try
        {
            await cri.Runtime.RunPodSandboxAsync(
                new RunPodSandboxRequest { Config = configs.Build(pod, attempt) }, cancellationToken: cancellationToken);
        }
        catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
        {
            events.Pod(pod, EventRecorder.Warning, "FailedCreatePodSandBox",
                $"Failed to create pod sandbox: {CriErrors.Text(exception)}");
            throw;
        }
    }

    /// <summary>Writes /etc/hosts of the pod; it changes when the sandbox, and with it the address, does.</summary>
    public void WriteHosts(V1Pod pod, PodRuntimeState observed)
    {
        const string nodeHosts = "/etc/hosts";
        var text = pod.UsesHostNetwork()
            ? PodHostname.HostNetworkHostsFile(pod, File.Exists(nodeHosts) ? File.ReadAllText(nodeHosts) : "")
            : PodHostname.HostsFile(pod, observed.ReadySandbox?.Ips ?? [], options.ClusterDomain);
        var path = paths.HostsFile(pod.Metadata.Uid);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (!File.Exists(path) || File.ReadAllText(path) != text)
        {
            File.WriteAllText(path, text); // in place: containers have this very file mounted
        }
    }

    public PodSandboxConfig Config(V1Pod pod, uint attempt) => configs.Build(pod, attempt);

    /// <summary>
    /// Stops every container, regular ones together, then sidecars from the last to the first, all within the grace;
    /// then the sandboxes, which takes the network away.
    /// </summary>
    public async Task KillPodAsync(
        V1Pod pod, PodRuntimeState observed, TimeSpan grace, TimeProvider time, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var sidecars = pod.Sidecars().Select(c => c.Name).Reverse().ToList();
        var ip = observed.PodIp;
        var running =
            observed.Containers.Where(c => c.IsRunning || c.State == ContainerState.ContainerUnknown).ToList();
        await Task.WhenAll(running.Where(c => !sidecars.Contains(c.Name))
            .Select(c => containers.KillAsync(pod, c, ip, null, grace, cancellationToken)));
        foreach (var sidecar in sidecars)
        {
            var left = grace - time.GetElapsedTime(started);
            left = grace > TimeSpan.Zero && left < LeastSidecarGrace ? LeastSidecarGrace : left;
            await Task.WhenAll(running.Where(c => c.Name == sidecar)
                .Select(c => containers.KillAsync(pod, c, ip, null, left, cancellationToken)));
        }

        foreach (var sandbox in observed.Sandboxes.Where(s => s.Ready))
        {
            await StopAsync(sandbox.Id, cancellationToken);
        }
    }

    /// <summary>
    /// Removes what is left of the pod in the runtime, and its logs; the logs first, because without anything in the
    /// runtime nobody would look for them after a crash.
    /// </summary>
    public async Task RemoveAllAsync(V1Pod pod, PodRuntimeState observed, CancellationToken cancellationToken)
    {
        FileTrees.Delete(LogDirectory(pod));
        await RemoveFromRuntimeAsync(observed, cancellationToken);
    }

    public async Task RemoveFromRuntimeAsync(PodRuntimeState observed, CancellationToken cancellationToken)
    {
        foreach (var container in observed.Containers)
        {
            await RemoveContainerAsync(container.Id, cancellationToken);
        }

        foreach (var sandbox in observed.Sandboxes)
        {
            await StopAsync(sandbox.Id, cancellationToken);
            await cri.Runtime.RemovePodSandboxAsync(
                new RemovePodSandboxRequest { PodSandboxId = sandbox.Id }, cancellationToken: cancellationToken);
        }
    }

    /// <summary>
    /// Keeps of each container the instance that its status shows and so many dead ones before it, with the sandboxes
    /// that still have containers.
    /// </summary>
    public async Task PruneAsync(PodRuntimeState observed, CancellationToken cancellationToken)
    {
        var superfluous = observed.Containers.GroupBy(c => c.Name)
            .SelectMany(
                g => g.Skip(1 + options.Housekeeping.DeadContainersPerContainer).Where(c => !c.IsRunning)).ToList();
        foreach (var container in superfluous)
        {
            await RemoveContainerAsync(container.Id, cancellationToken);
            LogRotator.DeleteAll(container.LogPath);
        }

        foreach (var sandbox in observed.Sandboxes.Skip(1).Where(s => !s.Ready))
        {
            if (observed.Containers.Except(superfluous).All(c => c.SandboxId != sandbox.Id))
            {
                await cri.Runtime.RemovePodSandboxAsync(
                    new RemovePodSandboxRequest { PodSandboxId = sandbox.Id }, cancellationToken: cancellationToken);
            }
        }
    }

    public IReadOnlyList<string> HostIps => node.Addresses;

    private async Task StopAsync(string id, CancellationToken cancellationToken) =>
        await cri.Runtime.StopPodSandboxAsync(
            new StopPodSandboxRequest { PodSandboxId = id }, cancellationToken: cancellationToken);

    private async Task RemoveContainerAsync(string id, CancellationToken cancellationToken) =>
        await cri.Runtime.RemoveContainerAsync(
            new RemoveContainerRequest { ContainerId = id }, cancellationToken: cancellationToken);
}
