using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.PodRecords;

/// <summary>
/// The pods of this node, for those who serve them (logs, exec, attach, port-forward, stats): from a name to the
/// runtime's ids and log files. Answers are snapshots.
/// </summary>
public interface IPodRegistry
{
    /// <summary>All pods the agent works on, with the status as last computed here.</summary>
    IReadOnlyList<V1Pod> List();

    /// <summary>The pod of that name; when an old and a new one share it, the new one.</summary>
    PodEntry? Find(string podNamespace, string podName);

    PodEntry? FindByUid(string uid);
}

/// <summary>One pod: the object with its current status, what the runtime has of it, and where its logs are.</summary>
public sealed record PodEntry(V1Pod Pod, PodRuntimeState Runtime, string LogDirectory)
{
    /// <summary>Id of the newest sandbox that is ready, for port-forward; null when there is none.</summary>
    public string? SandboxId => Runtime.ReadySandbox?.Id;

    /// <summary>The newest instance of a container.</summary>
    public ContainerRecord? Container(string name) => Runtime.Newest(name);

    /// <summary>The instance before the newest, for <c>kubectl logs --previous</c>.</summary>
    public ContainerRecord? PreviousContainer(string name) =>
        Runtime.Containers.Where(c => c.Name == name).Skip(1).FirstOrDefault();
}
