using Grpc.Core;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Environments;
using OrleansOrchestrator.NodeAgent.Images;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Logs;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Pods.Resizing;
using OrleansOrchestrator.NodeAgent.Probes;
using OrleansOrchestrator.NodeAgent.Volumes;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>A container did not come to run: reason and message of its waiting state.</summary>
public sealed class ContainerStartException(string reason, string message) : Exception(message)
{
    public string Reason { get; } = reason;

    /// <summary>The runtime has made it all the same.</summary>
    public bool HasContainer { get; init; }
}

/// <summary>Starts and stops single containers, with their hooks and events.</summary>
public sealed partial class ContainerOperations(
    CriClient cri,
    ImagePuller images,
    ImageVolumes imageVolumes,
    ContainerConfigBuilder configs,
    PodAllocations allocations,
    HandlerRunner handlers,
    ContainerLogLinks links,
    EventRecorder events,
    KubeletMeters meters,
    TimeProvider time,
    ILogger<ContainerOperations> logger)
{
    /// <summary>
    /// How long the runtime may take to start a prepared container: upstream's bound of a request to it.
    /// </summary>
    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(2);

    /// <summary>Whatever ends a container: its preStop hook gets this much.</summary>
    private static readonly TimeSpan LeastGrace = TimeSpan.FromSeconds(1);

    /// <summary>However long a preStop hook took, the process gets this much between SIGTERM and SIGKILL.</summary>
    private static readonly TimeSpan LeastTimeToStop = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan HookTimeout = TimeSpan.FromSeconds(30);

    public async Task StartAsync(
        ContainerStartFacts facts, string sandboxId, PodSandboxConfig sandbox, CancellationToken cancellationToken)
    {
        var type = TypeOf(facts.Pod, facts.Container.Name);
        meters.StartedContainers.Add(type);
        try
        {
            await CreateAndStartAsync(facts, sandboxId, sandbox, cancellationToken);
        }
        catch (ContainerStartException problem)
        {
            meters.StartedContainerErrors.Add(problem.Reason, type);
            throw;
        }
    }

    private static string TypeOf(V1Pod pod, string container) =>
        pod.Spec.InitContainers?.Any(c => c.Name == container) == true ? "init_container"
        : pod.Spec.EphemeralContainers?.Any(c => c.Name == container) == true ? "ephemeral_container"
        : "container";

    private async Task CreateAndStartAsync(
        ContainerStartFacts facts, string sandboxId, PodSandboxConfig sandbox, CancellationToken cancellationToken)
    {
        var id = await CreateAsync(facts, sandboxId, sandbox, cancellationToken);
        var (pod, container) = (facts.Pod, facts.Container);
        try
        {
            // Never cancelled half-way: the runtime would kill the program that has just started, without a word to it.
            // Whoever wants the pod to end waits for this moment, and then stops it in order.
            await UnixChannels.CallAsync(
                options => cri.Runtime.StartContainerAsync(new StartContainerRequest { ContainerId = id }, options),
                StartPatience, CancellationToken.None);
        }
        catch (RpcException exception)
        {
            events.Pod(pod, container, EventRecorder.Warning, "Failed", $"Error: {exception.Status.Detail}");
            throw new ContainerStartException("RunContainerError", exception.Status.Detail) { HasContainer = true };
        }

        events.Pod(pod, container, EventRecorder.Normal, "Started", "Container started");
        links.Add(
            pod.Metadata.Name, pod.Metadata.NamespaceProperty, container.Name, id,
            Path.Combine(sandbox.LogDirectory, ContainerConfigBuilder.LogPath(container.Name, facts.RestartCount)));
        await RunPostStartAsync(facts, id, cancellationToken);
    }

    /// <summary>
    /// Runs the preStop hook, waits for its turn, if others are to end before it, then stops the container: SIGTERM,
    /// what is left of the grace, SIGKILL. Every end of a container comes through here, so that none goes without the
    /// least of all this.
    /// </summary>
    public async Task KillAsync(
        V1Pod pod,
        ContainerRecord record,
        string podIp,
        string? message,
        TimeSpan grace,
        CancellationToken cancellationToken,
        Task? turn = null)
    {
        var container = pod.FindContainer(record.Name) ?? new V1Container { Name = record.Name };
        events.Pod(pod, container, EventRecorder.Normal, "Killing", message ?? $"Stopping container {record.Name}");
        var started = time.GetTimestamp();
        grace = grace < LeastGrace ? LeastGrace : grace;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            if (PreStop(container, record) is { } hook)
            {
                await RunPreStopAsync(pod, new HandlerTarget(container, record.Id, podIp), hook, grace, ended.Token);
            }

            if (turn is not null && grace - time.GetElapsedTime(started) is var left && left > TimeSpan.Zero)
            {
                // Those before it may fail to end: that is told by whoever waits for all, and keeps nobody else.
                await PatientlyAsync(turn, left, cancellationToken);
            }

            await StopAsync(record.Id, grace - time.GetElapsedTime(started), cancellationToken);
        }
        finally
        {
            await ended.CancelAsync();
        }
    }

    /// <summary>
    /// Ends an instance that begins anew with all others of its pod, without its hook and its grace as upstream does,
    /// and removes it; its log stays.
    /// </summary>
    public async Task ResetAsync(V1Pod pod, ContainerRecord record, CancellationToken cancellationToken)
    {
        if (!record.IsExited)
        {
            events.Pod(pod, pod.FindContainer(record.Name), EventRecorder.Normal, "Killing", "killing");
            await StopAsync(record.Id, TimeSpan.Zero, cancellationToken);
        }

        await cri.Runtime.RemoveContainerAsync(
            new RemoveContainerRequest { ContainerId = record.Id }, cancellationToken: cancellationToken);
    }

    private async Task StopAsync(string id, TimeSpan grace, CancellationToken cancellationToken)
    {
        var left = grace < LeastTimeToStop ? LeastTimeToStop : grace;
        try
        {
            await cri.Runtime.StopContainerAsync(
                new StopContainerRequest { ContainerId = id, Timeout = (long)Math.Ceiling(left.TotalSeconds) },
                cancellationToken: cancellationToken);
        }
        catch (RpcException exception) when (exception.StatusCode == StatusCode.NotFound)
        {
            // it is gone: that was wanted
        }
    }

    private async Task<string> CreateAsync(
        ContainerStartFacts facts, string sandboxId, PodSandboxConfig sandbox, CancellationToken cancellationToken)
    {
        var (pod, container) = (facts.Pod, facts.Container);
        var config = await ConfigureAsync(facts, cancellationToken);
        var request = new CreateContainerRequest { PodSandboxId = sandboxId, Config = config, SandboxConfig = sandbox };
        try
        {
            var answer = await cri.Runtime.CreateContainerAsync(request, cancellationToken: cancellationToken);
            allocations.Actuated.SetContainer(pod.Metadata.Uid, container.Name, PodResources.Effective(pod, container));
            events.Pod(pod, container, EventRecorder.Normal, "Created", "Container created");
            return answer.ContainerId;
        }
        catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
        {
            events.Pod(pod, container, EventRecorder.Warning, "Failed", $"Error: {exception.Status.Detail}");
            throw new ContainerStartException("CreateContainerError", exception.Status.Detail);
        }
    }

    private async Task<ContainerConfig> ConfigureAsync(ContainerStartFacts facts, CancellationToken cancellationToken)
    {
        var (pod, container) = (facts.Pod, facts.Container);
        try
        {
            await imageVolumes.MountAsync(pod, container, cancellationToken);
            var image = await images.EnsureAsync(WantedImage.Of(pod, container), cancellationToken);
            return await configs.BuildAsync(facts with { ImageId = image }, cancellationToken);
        }
        catch (ImageException exception)
        {
            events.Pod(pod, container, EventRecorder.Warning, "Failed", $"Error: {exception.Reason}");
            throw new ContainerStartException(exception.Reason, exception.Message);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            // whatever keeps a container from being prepared, its user must see it
            var problem = CriErrors.Detail(exception);
            events.Pod(pod, container, EventRecorder.Warning, "Failed", $"Error: {problem}");
            throw new ContainerStartException("CreateContainerConfigError", problem);
        }
    }

    private async Task RunPostStartAsync(ContainerStartFacts facts, string id, CancellationToken cancellationToken)
    {
        var (pod, container) = (facts.Pod, facts.Container);
        if (container.Lifecycle?.PostStart is not { } hook)
        {
            return;
        }

        var ip = facts.Environment.Addresses.PodIps.FirstOrDefault("127.0.0.1");
        var result = await RunHookAsync(new HandlerTarget(container, id, ip), hook, HookTimeout, cancellationToken);
        if (result.Succeeded)
        {
            return;
        }

        LogHookFailed("PostStart", pod.Display(), container.Name, result.Output);
        events.Pod(pod, container, EventRecorder.Warning, "FailedPostStartHook", "PostStartHook failed");
        await KillAsync(
            pod, new ContainerRecord { Id = id, SandboxId = "", Name = container.Name, State = ContainerState.ContainerRunning },
            ip, "FailedPostStartHook", pod.Grace(), cancellationToken);
        throw new ContainerStartException("PostStartHookError", "PostStartHook failed") { HasContainer = true };
    }

    /// <summary>
    /// A hook that takes too long is not waited for, but goes on until its container has ended, as upstream has it: it
    /// may be doing what the container needs to end.
    /// </summary>
    private async Task RunPreStopAsync(
        V1Pod pod, HandlerTarget target, V1LifecycleHandler hook, TimeSpan grace, CancellationToken ended)
    {
        var patience = Periods.ForTimer(grace);
        var running = TellPreStopAsync(pod, target, hook, ended);
        await PatientlyAsync(running, patience, ended);
        if (!running.IsCompleted)
        {
            LogHookFailed(
                "PreStop", pod.Display(), target.Container.Name, "it did not end within the grace period");
        }
    }

    private async Task TellPreStopAsync(
        V1Pod pod, HandlerTarget target, V1LifecycleHandler hook, CancellationToken ended)
    {
        try
        {
            var result = await RunHookAsync(target, hook, Timeout.InfiniteTimeSpan, ended);
            if (!result.Succeeded)
            {
                LogHookFailed("PreStop", pod.Display(), target.Container.Name, result.Output);
                events.Pod(pod, target.Container, EventRecorder.Warning, "FailedPreStopHook", "PreStopHook failed");
            }
        }
        catch (Exception exception) when (!ended.IsCancellationRequested)
        {
            // Whatever becomes of its hook, the container ends.
            LogHookFailed("PreStop", pod.Display(), target.Container.Name, exception.Message);
        }
    }

    /// <summary>Waits for something to be over, in whichever way, but not for ever.</summary>
    private async Task PatientlyAsync(Task task, TimeSpan patience, CancellationToken cancellationToken)
    {
        await task.WaitAsync(Periods.ForTimer(patience), time, cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
    }

    private async Task<HandlerResult> RunHookAsync(
        HandlerTarget target, V1LifecycleHandler hook, TimeSpan timeout, CancellationToken cancellationToken)
    {
        switch (hook)
        {
            case { Exec: { } exec }:
                return await handlers.ExecAsync(target, exec.Command ?? [], TimeSpan.Zero, cancellationToken);
            case { HttpGet: { } http }:
                return await handlers.NotifyHttpAsync(target, http, timeout, cancellationToken);
            case { Sleep: { } sleep }:
                await Task.Delay(Periods.ForTimer(Periods.Of(sleep.Seconds)), time, cancellationToken);
                return HandlerResult.Success();
            default:
                return HandlerResult.Unknown("invalid handler: it names no action");
        }
    }

    /// <summary>An orphan's hook is known from its annotation only.</summary>
    private static V1LifecycleHandler? PreStop(V1Container container, ContainerRecord record) =>
        container.Lifecycle?.PreStop
        ?? (record.Annotations.TryGetValue(CriLabels.PreStopHandler, out var json)
            ? KubernetesJson.Deserialize<V1LifecycleHandler>(json)
            : null);

    [LoggerMessage(1, LogLevel.Warning, "{Kind} hook of {Pod} container {Container} failed: {Problem}")]
    private partial void LogHookFailed(string kind, string pod, string container, string problem);
}
