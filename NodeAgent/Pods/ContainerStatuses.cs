using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Pods.Resizing;
using OrleansOrchestrator.NodeAgent.Volumes;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>Why a container that should run does not, in the API's words.</summary>
public readonly record struct WaitingReason(string Reason, string Message);

/// <summary>Turns runtime records into the container statuses of the API. Pure.</summary>
public static class ContainerStatuses
{
    public const string PodInitializing = "PodInitializing";
    public const string ContainerCreating = "ContainerCreating";
    public const string CrashLoopBackOff = "CrashLoopBackOff";
    public const string RestartingAllContainers = "RestartingAllContainers";

    public static V1ContainerStatus Compute(PodStatusInput input, V1Container container)
    {
        var records = input.Observed.Containers.Where(c => c.Name == container.Name).Take(2).ToList();
        var newest = records.Count > 0 ? records[0] : null;
        var previous = records.Count > 1 ? records[1] : null;
        var before = Before(input.Pod.Status, container.Name);
        var status = newest is null
            ? WithoutRecord(input, container, before)
            : FromRecord(input, container, newest, before);
        if (newest is null && input.WasRestartingAll && before is { State.Waiting: null })
        {
            return Reset(status, before);
        }

        status.LastState = previous is { IsExited: true }
            ? new V1ContainerState { Terminated = Terminated(input, previous) }
            : newest is null ? status.LastState ?? new V1ContainerState() : LastStateBefore(before, newest);
        return Override(input, container, newest, status);
    }

    /// <summary>An instance that was taken away so that all begin anew.</summary>
    private static V1ContainerStatus Reset(V1ContainerStatus status, V1ContainerStatus before)
    {
        const string message = "The container is removed because RestartAllContainers in place";
        status.State = Waiting(RestartingAllContainers, message);
        status.LastState = new V1ContainerState
        {
            Terminated = new V1ContainerStateTerminated
            {
                ExitCode = LostContainers.ExitCode, Reason = RestartingAllContainers, Message = message,
            },
        };
        status.RestartCount = before.RestartCount + 1;
        return status;
    }

    /// <summary>
    /// A start that fails or is delayed shows as waiting; how the last instance ended moves to lastState.
    /// </summary>
    private static V1ContainerStatus Override(
        PodStatusInput input, V1Container container, ContainerRecord? newest, V1ContainerStatus status)
    {
        if (newest is { IsRunning: true } || !input.Waiting.TryGetValue(container.Name, out var waiting)
            || input.IsTerminated || !PodFacts.ShouldRestart(input.Pod, container, newest))
        {
            return status;
        }

        if (status.State?.Terminated is not null)
        {
            status.LastState = new V1ContainerState { Terminated = status.State.Terminated };
        }

        status.State = Waiting(waiting.Reason, waiting.Message);
        return status;
    }

    /// <summary>
    /// What has ended stays told when its record was collected; what was seen running last, and is nowhere now, has
    /// ended in some way and is to be started again.
    /// </summary>
    private static V1ContainerStatus WithoutRecord(
        PodStatusInput input, V1Container container, V1ContainerStatus? before)
    {
        if (before?.State?.Terminated is { } ended)
        {
            return before with { Ready = input.Pod.IsPlainInit(container) && ended.ExitCode == 0, Started = false };
        }

        var initializing = input.Pod.Spec.InitContainers is { Count: > 0 };
        var status = new V1ContainerStatus
        {
            Name = container.Name,
            Image = container.Image ?? "",
            ImageID = "",
            RestartCount = before?.RestartCount ?? 0,
            Ready = false,
            Started = false,
            State = Waiting(initializing ? PodInitializing : ContainerCreating, null),
            LastState = before?.LastState,
            VolumeMounts = VolumeMounts(container, input.Abilities),
        };
        if (IsPast(input, container))
        {
            (status.Ready, status.State) = (true, new V1ContainerState
            {
                Terminated = new V1ContainerStateTerminated
                {
                    ExitCode = 0, Reason = "Completed",
                    Message = "Unable to get init container status from container runtime and pod has been " +
                        "initialized, treat it as exited normally",
                },
            });
        }
        else if (before?.State?.Running is not null && status.LastState?.Terminated is null)
        {
            status.LastState = LostContainers.State(
                "The container could not be located when the pod was deleted.  The container used to be Running");
            status.RestartCount += input.Pod.Metadata.DeletionTimestamp is null ? 1 : 0;
        }

        return status;
    }

    /// <summary>An init container without which no regular one would have been made.</summary>
    private static bool IsPast(PodStatusInput input, V1Container container) =>
        input.Pod.IsPlainInit(container) && input is { IsRestartingAll: false, WasRestartingAll: false }
            && input.Pod.Spec.Containers.Any(c => input.Observed.Containers.Any(r =>
                r.Name == c.Name && r.State != ContainerState.ContainerUnknown));

    private static V1ContainerStatus FromRecord(
        PodStatusInput input, V1Container container, ContainerRecord record, V1ContainerStatus? before)
    {
        var started = record.IsRunning && input.Started.Contains(record.Id);
        var isLost = record.State == ContainerState.ContainerUnknown && before?.State?.Running is not null;
        return new V1ContainerStatus
        {
            Name = container.Name,
            ContainerID = $"containerd://{record.Id}",
            Image = record.Image,
            ImageID = record.ImageRef,
            RestartCount = isLost ? before!.RestartCount + 1 : RestartCounts.Told(record, before),
            Started = started,
            Ready = IsReady(input, container, record, started),
            State = isLost ? LostContainers.State(LostContainers.WhenTerminated) : State(input, record),
            Resources = ActualResources.Of(
                container,
                input.Limits.GetValueOrDefault(record.Id),
                input.Actuated?.Containers.GetValueOrDefault(container.Name)),
            AllocatedResources = container.Resources?.Requests,
            VolumeMounts = VolumeMounts(container, input.Abilities),
            User = User(record),
        };
    }

    /// <summary>An init container is ready when it has done its work, all others while they can do theirs.</summary>
    private static bool IsReady(PodStatusInput input, V1Container container, ContainerRecord record, bool started) =>
        input.Pod.IsPlainInit(container)
            ? record is { IsExited: true, ExitCode: 0 }
            : started && (container.ReadinessProbe is null || input.Ready.Contains(record.Id));

    private static V1ContainerState State(PodStatusInput input, ContainerRecord record) => record.State switch
    {
        ContainerState.ContainerRunning => new V1ContainerState
        {
            Running = new V1ContainerStateRunning { StartedAt = (record.StartedAt ?? record.CreatedAt).UtcDateTime },
        },
        ContainerState.ContainerExited => new V1ContainerState { Terminated = Terminated(input, record) },
        _ => new V1ContainerState { Waiting = new V1ContainerStateWaiting() },
    };

    private static V1ContainerStateTerminated Terminated(PodStatusInput input, ContainerRecord record)
    {
        var message = input.TerminationMessages.TryGetValue(record.Id, out var read)
            ? string.Join(": ", ((string[])[record.Message, read]).Where(static m => m.Length > 0))
            : Remembered(Before(input.Pod.Status, record.Name), $"containerd://{record.Id}");
        return new V1ContainerStateTerminated
        {
            ExitCode = record.ExitCode,
            Reason = record.Reason,
            Message = string.IsNullOrEmpty(message) ? NullIfEmpty(record.Message) : message,
            StartedAt = record.StartedAt?.UtcDateTime,
            FinishedAt = record.FinishedAt?.UtcDateTime,
            ContainerID = $"containerd://{record.Id}",
        };
    }

    private static string? Remembered(V1ContainerStatus? before, string id) =>
        new[] { before?.State?.Terminated, before?.LastState?.Terminated }
            .FirstOrDefault(t => t?.ContainerID == id)?.Message;

    /// <summary>The record of the previous instance may be collected already: then the API remembers it.</summary>
    private static V1ContainerState LastStateBefore(V1ContainerStatus? before, ContainerRecord newest) =>
        before?.LastState is { Terminated: { } ended } state && ended.ContainerID != $"containerd://{newest.Id}"
            ? state
            : new V1ContainerState();

    private static V1ContainerStatus? Before(V1PodStatus? status, string name) =>
        (status?.ContainerStatuses ?? []).Concat(status?.InitContainerStatuses ?? [])
            .Concat(status?.EphemeralContainerStatuses ?? []).FirstOrDefault(s => s.Name == name);

    private static List<V1VolumeMountStatus>? VolumeMounts(V1Container container, RuntimeAbilities abilities) =>
        container.VolumeMounts is not { Count: > 0 } mounts
            ? null
            : [.. mounts.Select(m => new V1VolumeMountStatus
            {
                Name = m.Name,
                MountPath = m.MountPath,
                ReadOnlyProperty = m.ReadOnlyProperty == true ? true : null,
                RecursiveReadOnly = RecursiveReadOnly.Reported(m, abilities.RecursiveReadOnlyMounts),
            })];

    private static V1ContainerUser? User(ContainerRecord record) => record.User?.Linux is not { } user
        ? null
        : new V1ContainerUser
        {
            Linux = new V1LinuxContainerUser
            {
                Uid = user.Uid,
                Gid = user.Gid,
                SupplementalGroups = [.. user.SupplementalGroups.Select(g => (long?)g)],
            },
        };

    private static V1ContainerState Waiting(string reason, string? message) => new()
    {
        Waiting = new V1ContainerStateWaiting { Reason = reason, Message = message },
    };

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
