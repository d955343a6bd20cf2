using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>Names a subresource of a resource.</summary>
/// <param name="Resource">Of which resource.</param>
/// <param name="Name">For example <c>binding</c>.</param>
public sealed record SubresourceName(ResourceName Resource, string Name);
