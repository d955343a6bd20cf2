using System.Collections.Concurrent;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Tables;

/// <summary>The <see cref="ObjectSlices"/> of every definition in use.</summary>
internal sealed class SlicesTable
{
    private readonly ConcurrentDictionary<ResourceDefinition, ObjectSlices> _slices =
        new(ReferenceEqualityComparer.Instance);

    public ObjectSlices Of(ResourceDefinition definition) =>
        _slices.GetOrAdd(definition, static d => new ObjectSlices(d));
}
