using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Pods.Resizing;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>Running containers get what their pod has been given since they started.</summary>
public sealed partial class PodWorker
{
    private bool _resizeFails;

    /// <summary>
    /// A resize is in progress as long as the plan has one in it. A plan for what the pod was given before says nothing
    /// about what it was given since.
    /// </summary>
    private void NoteResize(V1Pod pod, PodPlan plan)
    {
        if (!ReferenceEquals(_services.Allocations.Apply(pod), pod))
        {
            return;
        }

        var conditions = _services.Allocations.Conditions(pod);
        if (!plan.Resize.IsEmpty)
        {
            conditions.Continue(pod.Metadata.Generation, _services.Time.GetUtcNow());
        }
        else if (conditions.Complete() is { } generation)
        {
            _volumesStale = true; // they may show the pod's amounts
            _services.Events.Pod(
                pod, EventRecorder.Normal, "ResizeCompleted", ResizeMessages.Completed(pod, generation));
            _services.Allocations.NoteFreed();
        }
    }

    private async Task ResizeAsync(V1Pod pod, PodResize resize, CancellationToken cancellationToken)
    {
        var problem = await _services.Resizes.ApplyAsync(pod, resize, cancellationToken);
        _resizeFails = problem is not null;
        var now = _services.Time.GetUtcNow();
        if (problem is not null
            && _services.Allocations.Conditions(pod).Fail(problem, pod.Metadata.Generation, now) is { } generation)
        {
            _services.Events.Pod(
                pod, EventRecorder.Warning, "ResizeError", ResizeMessages.Failed(pod, generation, problem));
        }
    }

    /// <summary>What the kernel holds running containers to, by container id, as far as it is known.</summary>
    private Dictionary<string, CgroupLimits> ActualLimits(V1Pod pod, PodRuntimeState observed)
    {
        var limits = new Dictionary<string, CgroupLimits>();
        foreach (var container in observed.Containers.Where(c => c.IsRunning))
        {
            if ((CgroupLimits.From(container.Resources) ?? _services.Cgroups.Limits(pod, container.Id)) is { } actual)
            {
                limits[container.Id] = Pinned(pod, container, actual);
            }
        }

        return limits;
    }

    /// <summary>A container that has CPUs to itself is held to its limit by their number, not by the kernel.</summary>
    private CgroupLimits Pinned(V1Pod pod, ContainerRecord record, CgroupLimits actual) =>
        _services.Cpus.ExclusiveOf(Uid, record.Name).IsEmpty || pod.FindContainer(record.Name) is not { } container
            ? actual
            : actual.WithQuota(PodResources.ForContainer(pod, container, nodeMemoryBytes: 0));
}
