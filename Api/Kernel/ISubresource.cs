using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>
/// A subresource that speaks a kind of its own: <c>scale</c>, <c>binding</c>, <c>eviction</c>. Which resources have it
/// is said in their rows; those that are a part of their object (<c>status</c>) need no handler.
/// </summary>
public interface ISubresource
{
    /// <summary>Its name in paths.</summary>
    string Name { get; }

    /// <summary>Carries out a write of it.</summary>
    ValueTask<Outcome<WriteResult>> WriteAsync(WriteRequest request);

    /// <summary>The answer to a read, and to a write that left the object like this.</summary>
    ReadOnlyMemory<byte> Render(ResourceDefinition definition, ResourceObject item);
}
