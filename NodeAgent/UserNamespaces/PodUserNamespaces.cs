using k8s.Models;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Volumes;

namespace OrleansOrchestrator.NodeAgent.UserNamespaces;

/// <summary>
/// User ids that pods have for themselves (<c>hostUsers: false</c>): a range of the machine's ids each, written into
/// the pod's directory and free again when that goes. The files are all that is known: an agent that starts again finds
/// the same, also where pods that come from then on get more ids or fewer, and no id is ever two pods'.
/// </summary>
public sealed class PodUserNamespaces(NodeAgentOptions options, PodPaths paths, RuntimeHealth runtime)
{
    private readonly Lock _lock = new();

    /// <summary>Gives the pod a range, if it wants one and has none. Messages are upstream's.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="handler">What the runtime is to run it with; empty for its own choice.</param>
    /// <exception cref="UserNamespaceException">The runtime cannot do it, or no range is left.</exception>
    public void Allocate(V1Pod pod, string handler)
    {
        if (pod.Spec.HostUsers != false)
        {
            return;
        }

        RequireSupport(handler);
        lock (_lock)
        {
            if (Find(pod.Metadata.Uid) is null)
            {
                Write(pod.Metadata.Uid, Free());
            }
        }
    }

    /// <summary>Whose user ids the pod has: the machine's, or those that it was given.</summary>
    public UserNamespace Of(V1Pod pod)
    {
        if (pod.Spec.HostUsers != false)
        {
            return new UserNamespace { Mode = NamespaceMode.Node };
        }

        var range = Find(pod.Metadata.Uid)
            ?? throw new UserNamespaceException($"pod \"{pod.Metadata.Uid}\" has no user namespace");
        return new UserNamespace { Mode = NamespaceMode.Pod, Uids = { range.Mapping }, Gids = { range.Mapping } };
    }

    private void RequireSupport(string handler)
    {
        var known = runtime.Abilities.Handlers.FirstOrDefault(h => h.Name == handler);
        if (known?.Features?.UserNamespaces != true)
        {
            var who = handler.Length == 0 ? "runtime" : $"RuntimeClass handler \"{handler}\"";
            throw new UserNamespaceException(
                $"can't set `spec.hostUsers: false`, {who} does not support user namespaces"
                    + (known is null ? $": the handler \"{handler}\" is not known" : ""));
        }
    }

    private IdRange Free()
    {
        var taken = paths.KnownUids().Select(Taken).OfType<IdRange>().ToList();
        var length = (uint)options.IdsPerPod;
        var free = IdRange.Within(length, options.IdsForPods) // one of another length may be in the way of several
            .FirstOrDefault(range => !taken.Exists(range.Overlaps));
        return free.Length > 0 ? free : throw new UserNamespaceException(
            "create user namespace: could not find an empty slot to allocate a user namespace");
    }

    /// <summary>While a pod has a range that nobody can read, any range may be that one: none is given.</summary>
    private IdRange? Taken(string uid)
    {
        try
        {
            return Find(uid);
        }
        catch (UserNamespaceException problem)
        {
            throw new UserNamespaceException(
                $"create user namespace: pod \"{uid}\" has an unknown one: {problem.Message}");
        }
    }

    private IdRange? Find(string uid)
    {
        try
        {
            return IdRange.Parse(File.ReadAllText(paths.UserNamespace(uid)));
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private void Write(string uid, IdRange range)
    {
        var file = paths.UserNamespace(uid);
        OwnFiles.MakePrivate(Path.GetDirectoryName(file)!);
        OwnFiles.Write(file, range.ToJson());
    }
}
