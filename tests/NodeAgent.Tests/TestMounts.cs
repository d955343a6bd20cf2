using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Tests;

/// <summary>What tests mounted. No server has any of it: nothing is waited for.</summary>
internal static class TestMounts
{
    public static void UnmountBelow(string directory) =>
        Mounts.UnmountBelowAsync(directory, TimeProvider.System, CancellationToken.None).GetAwaiter().GetResult();
}
