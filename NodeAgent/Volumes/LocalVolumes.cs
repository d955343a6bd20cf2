using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>
/// The directories that this node keeps for volumes which the cluster has made on it. Whoever runs in a container may
/// write in one, whatever user or group that is; on the way there other users of the machine find no way.
/// </summary>
public sealed class LocalVolumes(NodeAgentOptions options)
{
    private const UnixFileMode EveryoneMode = (UnixFileMode)0x1FF;
    private const int MaxNameLength = 253;

    private readonly Lock _removing = new();

    /// <summary>A name that can be a volume's and nothing else: neither a path nor hidden.</summary>
    public static bool IsName(string name) =>
        name is [(>= 'a' and <= 'z') or (>= '0' and <= '9'), ..] && name.Length <= MaxNameLength
            && name.All(c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-' or '.');

    /// <summary>Makes the directory, which appears with its mode or not at all; returns its path.</summary>
    public string Make(string name)
    {
        var path = PathOf(name);
        OwnFiles.MakePrivate(options.VolumesDirectory);
        if (!Directory.Exists(path))
        {
            HeldDirectory.MakeWhole(path, EveryoneMode, null);
        }

        return path;
    }

    /// <summary>
    /// Removes the directory with all that is in it; false when another removal is still at work. What was begun is
    /// finished by the next one.
    /// </summary>
    public bool TryRemove(string name)
    {
        if (!_removing.TryEnter())
        {
            return false;
        }

        try
        {
            FileTrees.Delete(PathOf(name));
            return true;
        }
        finally
        {
            _removing.Exit();
        }
    }

    public string PathOf(string name) => Path.Combine(options.VolumesDirectory, name);
}
