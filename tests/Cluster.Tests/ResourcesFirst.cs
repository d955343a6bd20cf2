using System.Runtime.CompilerServices;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Cluster.Tests;

/// <summary>
/// Has the client library's serializer know our quantities before any test uses it: which test comes first is not said,
/// and after its first use the serializer takes nothing more.
/// </summary>
internal static class ResourcesFirst
{
#pragma warning disable CA2255 // As in Resources itself: whoever comes first.
    [ModuleInitializer]
    internal static void Load() => RuntimeHelpers.RunModuleConstructor(typeof(ResourceCodec).Module.ModuleHandle);
#pragma warning restore CA2255
}
