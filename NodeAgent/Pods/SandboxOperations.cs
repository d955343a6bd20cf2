using Grpc.Core;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Dra;
using OrleansOrchestrator.NodeAgent.Logs;
using OrleansOrchestrator.NodeAgent.Logs.Shipping;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Pods.Resizing;
using OrleansOrchestrator.NodeAgent.UserNamespaces;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>Makes and removes sandboxes, and stops whole pods.</summary>
public sealed class SandboxOperations(
    NodeAgentOptions options,
    CriClient cri,
    SandboxConfigBuilder configs,
    PodUserNamespaces users,
    Cgroups cgroups,
    PodAllocations allocations,
    NodeFacts node,
    ContainerOperations containers,
    LogSources logs,
    ContainerLogLinks links,
    PodLogDirectories directories,
    DynamicResources devices,
    IObjectReader objects,
    EventRecorder events,
    KubeletMeters meters,
    TimeProvider time)
{
    public string LogDirectory(V1Pod pod) => Path.Combine(options.PodLogsDirectory, pod.LogDirectoryName());

    public async Task CreateAsync(V1Pod pod, uint attempt, CancellationToken cancellationToken)
    {
        if (await RefusalAsync(pod, cancellationToken) is { } refusal)
        {
            events.Pod(pod, EventRecorder.Warning, refusal.Reason, refusal.Message);
            throw new NotSupportedException(refusal.Message);
        }

        Count(pod, meters.StartedPods, meters.StartedUserNamespacedPods);
        foreach (var omission in configs.Dns(pod).Omissions)
        {
            events.Pod(pod, EventRecorder.Warning, "DNSConfigForming", omission);
        }

        MakeCgroup(pod, cancellationToken);
        try
        {
            directories.Make(pod.LogDirectoryName());
            var handler = await HandlerAsync(pod, cancellationToken);
            users.Allocate(pod, handler);
            await RunAsync(
                new RunPodSandboxRequest { Config = configs.Build(pod, attempt), RuntimeHandler = handler },
                cancellationToken);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            Count(pod, meters.StartedPodErrors, meters.StartedUserNamespacedPodErrors);
            var failure = SandboxRefusal.FailedCreate(exception is RpcException answer ? CriErrors.Text(answer)
                : exception.Message);
            events.Pod(pod, EventRecorder.Warning, failure.Reason, failure.Message);
            throw;
        }
    }

    private async Task<SandboxRefusal?> RefusalAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        try
        {
            await devices.PrepareAsync(pod, cancellationToken);
            return SandboxRefusal.Of(pod, options.ClusterDomain);
        }
        catch (DraException problem)
        {
            return SandboxRefusal.FailedPrepare(problem);
        }
    }

    private static void Count(V1Pod pod, CountMetric all, CountMetric withOwnUsers)
    {
        all.Add();
        if (pod.Spec.HostUsers == false)
        {
            withOwnUsers.Add();
        }
    }

    private async Task RunAsync(RunPodSandboxRequest request, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        try
        {
            await cri.Runtime.RunPodSandboxAsync(request, cancellationToken: cancellationToken);
        }
        catch (RpcException)
        {
            meters.RunSandboxErrors.Add(request.RuntimeHandler);
            throw;
        }
        finally
        {
            meters.RunSandbox.Record(time.GetElapsedTime(started), request.RuntimeHandler);
        }
    }

    /// <summary>What runs the pods of its class; empty for the runtime's own choice. The class is read when it is
    /// needed, which is seldom: a sandbox lasts as long as its pod.</summary>
    private async Task<string> HandlerAsync(V1Pod pod, CancellationToken cancellationToken) =>
        pod.Spec.RuntimeClassName is not { Length: > 0 } name ? ""
            : (await objects.GetRuntimeClassAsync(name, cancellationToken))?.Handler
                ?? throw new NotSupportedException($"runtimeclass.node.k8s.io \"{name}\" not found");

    private void MakeCgroup(V1Pod pod, CancellationToken cancellationToken)
    {
        try
        {
            cgroups.CreatePod(pod);
            allocations.Actuated.SetPod(pod.Metadata.Uid, pod.Spec.Resources);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            Count(pod, meters.StartedPodErrors, meters.StartedUserNamespacedPodErrors);
            events.Pod(pod, EventRecorder.Warning, "FailedCreatePodContainer",
                $"unable to ensure pod container exists: {exception.Message}");
            throw;
        }
    }

    public PodSandboxConfig Config(V1Pod pod, uint attempt) => configs.Build(pod, attempt);

    /// <summary>
    /// Stops every container, all within the grace; then the sandboxes, which takes the network away. All preStop hooks
    /// run at once; then a sidecar waits until the regular containers and the sidecars after it have ended.
    /// </summary>
    public async Task KillPodAsync(
        V1Pod pod, PodRuntimeState observed, TimeSpan grace, CancellationToken cancellationToken)
    {
        var running =
            observed.Containers.Where(c => c.IsRunning || c.State == ContainerState.ContainerUnknown).ToList();
        List<Task> Kill(Func<string, bool> names, Task? turn) =>
            [.. running.Where(c => names(c.Name)).Select(c => containers.KillAsync(
                pod, c, observed.PodIp, null, grace, cancellationToken, turn))];

        var regular = pod.Spec.Containers.Select(static c => c.Name).ToHashSet();
        var sidecars = pod.Sidecars().Select(static c => c.Name).Reverse().ToList();
        var before = Kill(regular.Contains, null);
        var all = before.Concat(Kill(name => !regular.Contains(name) && !sidecars.Contains(name), null)).ToList();
        foreach (var sidecar in sidecars)
        {
            var kills = Kill(name => name == sidecar, Task.WhenAll(before));
            before.AddRange(kills);
            all.AddRange(kills);
        }

        await Task.WhenAll(all);
        foreach (var sandbox in observed.Sandboxes.Where(s => s.Ready))
        {
            await StopAsync(sandbox.Id, cancellationToken);
        }
    }

    /// <summary>
    /// Ends and removes instances of a pod that begins anew in its sandbox. Of each container the newest log stays: it
    /// says how often it was started.
    /// </summary>
    public async Task ResetAsync(
        V1Pod pod, IReadOnlyList<ContainerRecord> records, CancellationToken cancellationToken)
    {
        foreach (var record in records)
        {
            await containers.ResetAsync(pod, record, cancellationToken);
        }

        logs.Hold(LogDirectory(pod));
        var older = records.GroupBy(static r => r.Name).SelectMany(c => RestartCounts.LogsBefore(
            LogDirectory(pod), c.Key, c.Max(static r => r.RestartCount))).ToList();
        foreach (var log in older)
        {
            File.Delete(log);
            links.Remove(log);
        }
    }

    /// <summary>
    /// Removes what is left of the pod in the runtime, and its logs; the logs first, because without anything in the
    /// runtime nobody would look for them after a crash.
    /// </summary>
    public async Task RemoveAllAsync(V1Pod pod, PodRuntimeState observed, CancellationToken cancellationToken)
    {
        logs.Hold(LogDirectory(pod));
        directories.Remove(pod.LogDirectoryName());
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
            logs.Hold(Path.GetDirectoryName(Path.GetDirectoryName(container.LogPath)) ?? "");
            LogRotator.DeleteAll(container.LogPath);
            links.Remove(container.LogPath);
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
