namespace OrleansOrchestrator.NodeAgent.Kernel;

/// <summary>How the kernel unmounts; the values are those of umount2(2).</summary>
public enum UnmountMode
{
    /// <summary>When nobody uses it, and after what was written is where it belongs.</summary>
    Plain = 0,

    /// <summary>What waits for a server fails first (<c>MNT_FORCE</c>).</summary>
    Forced = 1,

    /// <summary>Out of sight at once, gone with its last user (<c>MNT_DETACH</c>).</summary>
    Lazy = 2,
}
