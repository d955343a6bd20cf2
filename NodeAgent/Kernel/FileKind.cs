namespace OrleansOrchestrator.NodeAgent.Kernel;

/// <summary>What lies at a path; the numbers are the kernel's.</summary>
public enum FileKind
{
    /// <summary>Nothing.</summary>
    None = 0,
    CharacterDevice = 0x2000,
    Directory = 0x4000,
    BlockDevice = 0x6000,
    Regular = 0x8000,
    Socket = 0xC000,
}
