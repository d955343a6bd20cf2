using System.Collections.Frozen;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>All kinds that this server serves. Built once at start; look-ups are by group and plural name.</summary>
public sealed class ResourceTable
{
    private readonly FrozenDictionary<ResourceName, ResourceDefinition> _byName;

    public ResourceTable(IEnumerable<ResourceDefinition> definitions)
    {
        All = [.. definitions];
        _byName = All.ToFrozenDictionary(d => d.Name);
    }

    /// <summary>In discovery order.</summary>
    public IReadOnlyList<ResourceDefinition> All { get; }

    /// <summary>Null when there is no such resource.</summary>
    public ResourceDefinition? Find(ResourceName name) => _byName.GetValueOrDefault(name);
}
