using System.Runtime.CompilerServices;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.NodeAgent.Cluster;

/// <summary>
/// Lets the rules of resources teach the client library their quantities, which they do when they are first used,
/// before the agent uses that library itself: later it takes nothing any more.
/// </summary>
internal static class ModelQuantities
{
#pragma warning disable CA2255 // The library's options must be extended before their first use, whoever makes it.
    [ModuleInitializer]
    public static void Register() =>
        RuntimeHelpers.RunModuleConstructor(typeof(ParsedQuantity).Module.ModuleHandle);
#pragma warning restore CA2255
}
