using System.Runtime.CompilerServices;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Tests;

/// <summary>
/// Has the client library's serializer know our quantities before any test uses it: of a class that is run
/// alone nothing else comes first.
/// </summary>
internal static class ResourcesFirst
{
#pragma warning disable CA2255 // As in Resources itself: whoever comes first.
    [ModuleInitializer]
    internal static void Load() => RuntimeHelpers.RunModuleConstructor(typeof(ResourceCodec).Module.ModuleHandle);
#pragma warning restore CA2255
}
