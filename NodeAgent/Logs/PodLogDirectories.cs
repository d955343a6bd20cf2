using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Logs;

/// <summary>
/// The directories of pods' logs. Where they are others may have theirs, so each of ours has a note in the data
/// directory, which is there before the directory is and goes after it: who takes the node away for good finds all of
/// its logs by the notes, and nobody else's.
/// </summary>
public sealed class PodLogDirectories(NodeAgentOptions options, ContainerLogLinks links)
{
    private string Notes => Path.Combine(options.DataDirectory, "pod-logs");

    /// <summary>Makes the directory of one pod.</summary>
    public void Make(string name)
    {
        OwnFiles.MakePrivate(Notes);
        OwnFiles.Create(Path.Combine(Notes, name)).Dispose();
        OwnFiles.MakePrivate(Path.Combine(options.PodLogsDirectory, name));
    }

    /// <summary>Removes the logs of one pod, and the links to them.</summary>
    public void Remove(string name)
    {
        var directory = Path.Combine(options.PodLogsDirectory, name);
        FileTrees.Delete(directory);
        links.Remove(directory);
        if (Directory.Exists(Notes))
        {
            File.Delete(Path.Combine(Notes, name));
        }
    }

    /// <summary>Removes the logs of all pods that this node ever ran.</summary>
    public void RemoveAll()
    {
        if (!Directory.Exists(Notes))
        {
            return;
        }

        foreach (var note in Directory.EnumerateFiles(Notes).ToList())
        {
            Remove(Path.GetFileName(note));
        }
    }
}
