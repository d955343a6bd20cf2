using System.Runtime.CompilerServices;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Tables;

/// <summary>The <see cref="ObjectSlices"/> of every definition in use; they go with it.</summary>
internal sealed class SlicesTable
{
    private readonly ConditionalWeakTable<ResourceDefinition, ObjectSlices> _slices = [];

    public ObjectSlices Of(ResourceDefinition definition) =>
        _slices.GetValue(definition, static d => new ObjectSlices(d));
}
