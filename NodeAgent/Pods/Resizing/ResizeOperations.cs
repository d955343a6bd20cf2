using Grpc.Core;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Swap;

namespace OrleansOrchestrator.NodeAgent.Pods.Resizing;

/// <summary>Carries out resizes: writes the pod's group, and has the runtime write those of its containers.</summary>
public sealed class ResizeOperations(
    CriClient cri, Cgroups cgroups, PodRuntimeCache runtime, PodAllocations allocations, PodSwap swap)
{
    /// <summary>Null when all is done; else why not, and what was done stays. Repeating it does no harm.</summary>
    public async Task<string?> ApplyAsync(V1Pod pod, PodResize resize, CancellationToken cancellationToken)
    {
        if (cgroups.Limits(pod) is not { } current)
        {
            return $"the pod has no cgroup {cgroups.PodPath(pod)}";
        }

        if (Refuse(pod, resize, current) is { } refusal)
        {
            return refusal;
        }

        try
        {
            foreach (var step in resize.Steps(pod, current))
            {
                await ApplyAsync(pod, step, cancellationToken);
            }
        }
        catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
        {
            return CriErrors.Text(exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return exception.Message;
        }

        Record(pod, resize);
        return null;
    }

    /// <summary>
    /// What starts gets what the pod has been given by then, also if nothing ran when it was: the pod's group has to
    /// have room for that.
    /// </summary>
    public void FitPod(V1Pod pod)
    {
        var resize = new PodResize([], PodToo: true);
        if (cgroups.Limits(pod) is { } current && Refuse(pod, resize, current) is null)
        {
            foreach (var step in resize.Steps(pod, current))
            {
                cgroups.Set(pod, step.Amounts);
            }
        }
    }

    private string? Refuse(V1Pod pod, PodResize resize, CgroupLimits current) => resize.Refuse(
        pod, current, cgroups.Usage(pod)?.MemoryBytes, id => cgroups.Usage(pod, id)?.MemoryBytes);

    private async Task ApplyAsync(V1Pod pod, ResizeStep step, CancellationToken cancellationToken)
    {
        if (step.Container is not { } container)
        {
            cgroups.Set(pod, step.Amounts);
            return;
        }

        if (step.Amounts.MemoryLimitInBytes > 0)
        {
            swap.Set(step.Amounts, pod, container.Container);
        }

        await cri.Runtime.UpdateContainerResourcesAsync(
            new UpdateContainerResourcesRequest { ContainerId = container.Id, Linux = step.Amounts },
            cancellationToken: cancellationToken);
        runtime.Forget(container.Id);
    }

    private void Record(V1Pod pod, PodResize resize)
    {
        foreach (var container in resize.Containers.Select(c => c.Container))
        {
            allocations.Actuated.SetContainer(pod.Metadata.Uid, container.Name, PodResources.Effective(pod, container));
        }

        allocations.Actuated.SetPod(pod.Metadata.Uid, pod.Spec.Resources);
    }
}
