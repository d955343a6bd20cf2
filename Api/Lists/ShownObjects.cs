using System.Runtime.CompilerServices;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Lists;

/// <summary>
/// Stored objects of a custom kind as a version shows them, for selectors: the fields by which clients select are the
/// version's own. Where showing takes asking somebody, that is done ahead (<see cref="AskAsync"/>).
/// </summary>
internal sealed class ShownObjects
{
    private readonly ResourceDefinition _definition;
    private readonly ConditionalWeakTable<ResourceObject, ResourceObject> _shown = [];

    private ShownObjects(ResourceDefinition definition) => _definition = definition;

    /// <summary>Null where a selector can be judged by what is stored.</summary>
    public static ShownObjects? For(ResourceDefinition definition, FieldSelector fields) =>
        definition is { Of.IsCustom: true, Conversion: not null }
            && fields.Terms.Any(static t => t.Field.Label is not ("metadata.name" or "metadata.namespace"))
            ? new ShownObjects(definition)
            : null;

    /// <summary>Asks for what is not known yet; a failure is a StatusException.</summary>
    public async ValueTask AskAsync(IEnumerable<ResourceObject> stored, CancellationToken cancellationToken)
    {
        if (_definition.Asked is null)
        {
            return;
        }

        var unknown = stored.Where(s => s.Refusal is null && !_shown.TryGetValue(s, out _)).ToList();
        foreach (var (item, shown) in unknown.Zip(await _definition.ShowAsync(unknown, cancellationToken)))
        {
            _shown.AddOrUpdate(item, shown);
        }
    }

    /// <summary>One of them; what cannot be read stands for itself.</summary>
    public ResourceObject Of(ResourceObject stored)
    {
        if (stored.Refusal is not null)
        {
            return stored;
        }

        if (_shown.TryGetValue(stored, out var known))
        {
            return known;
        }

        if (_definition.Asked is not null)
        {
            throw new InvalidOperationException($"{_definition} {stored.Key} was not asked for.");
        }

        var shown = new ResourceObject(stored.Key, stored.Uid, stored.Revision, _definition.Show(stored.Json));
        _shown.AddOrUpdate(stored, shown);
        return shown;
    }
}
