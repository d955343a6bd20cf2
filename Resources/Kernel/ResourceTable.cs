using System.Collections.Frozen;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>All kinds that this server serves, at one moment.</summary>
public sealed class ResourceTable
{
    private readonly FrozenDictionary<ResourceName, ResourceDefinition[]> _byName;
    private readonly FrozenDictionary<(string ApiVersion, string Kind), ResourceDefinition> _byKind;

    /// <summary>Throws ArgumentException when two rows are the same.</summary>
    public ResourceTable(IEnumerable<ResourceKind> kinds)
    {
        Kinds = [.. kinds];
        All = [.. Kinds.SelectMany(k => k.Versions).Where(d => d.IsServed)];
        _byName = Kinds.SelectMany(k => k.Versions).GroupBy(d => d.Name)
            .ToFrozenDictionary(g => g.Key, g => g.OrderBy(d => !d.IsServed).ToArray());
        _byKind = All.ToFrozenDictionary(d => (d.ApiVersion, d.Kind));
    }

    /// <summary>The kinds, in the order in which discovery has them.</summary>
    public IReadOnlyList<ResourceKind> Kinds { get; }

    /// <summary>Every kind in every version that is served, in the order in which discovery has them.</summary>
    public IReadOnlyList<ResourceDefinition> All { get; }

    /// <summary>This one and further kinds, but for those whose name something else has already.</summary>
    public ResourceTable With(IEnumerable<ResourceKind> more)
    {
        var (names, kinds) = (_byName.Keys.ToHashSet(), _byKind.Keys.ToHashSet());
        return new ResourceTable(
        [
            .. Kinds,
            .. more.Where(k => !k.Versions.Any(v => kinds.Contains((v.ApiVersion, v.Kind))) && names.Add(k.Name)
                && k.Versions.All(v => kinds.Add((v.ApiVersion, v.Kind)))),
        ]);
    }

    /// <summary>A resource in its preferred version; null when there is no such resource.</summary>
    public ResourceDefinition? Find(ResourceName name) => _byName.GetValueOrDefault(name)?[0];

    /// <summary>A resource in one version; null when it is not served.</summary>
    public ResourceDefinition? Find(ResourceName name, string version)
    {
        foreach (var definition in _byName.GetValueOrDefault(name, []))
        {
            if (definition.Version == version && definition.IsServed)
            {
                return definition;
            }
        }

        return null;
    }

    /// <summary>A kind by what objects and references say of themselves; null when it is not served.</summary>
    public ResourceDefinition? Find(string apiVersion, string kind) => _byKind.GetValueOrDefault((apiVersion, kind));
}
