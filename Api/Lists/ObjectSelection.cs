using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Lists;

/// <summary>
/// Which objects a list or watch is about: a namespace, a name, labels, fields. It finds the cheapest way to them (key,
/// label index, field index, namespace range); <see cref="Matches"/> then decides, so an index may offer too many but
/// never decides alone.
/// </summary>
public sealed class ObjectSelection
{
    private readonly LabelSelector _labels;
    private readonly FieldSelector _fields;
    private readonly ShownObjects? _shown;
    private readonly (string Name, string Value)[] _exactLabels;

    private ObjectSelection(
        ResourceDefinition definition, string inNamespace, string name, LabelSelector labels, FieldSelector fields)
    {
        _labels = labels;
        _fields = fields;
        _shown = ShownObjects.For(definition, fields);
        _exactLabels = [.. ExactLabels(labels)];
        Namespaced = definition.Namespaced;
        Namespace = inNamespace.Length > 0 || !Namespaced ? inNamespace : fields.RequiredValue("metadata.namespace") ?? "";
        RequiredName = fields.RequiredValue("metadata.name");
        Name = name.Length > 0 ? name : RequiredName ?? "";
        AcrossNamespaces = Namespaced && inNamespace.Length == 0;
    }

    /// <summary>The namespace, empty for all (and for cluster-scoped resources).</summary>
    public string Namespace { get; }

    /// <summary>The only name that can match; empty for any.</summary>
    public string Name { get; }

    /// <summary>The name that the field selector demands; null when it demands none.</summary>
    public string? RequiredName { get; }

    /// <summary>The request names no namespace: keys in continue tokens carry one.</summary>
    public bool AcrossNamespaces { get; }

    public bool Namespaced { get; }

    /// <summary>True when labels or fields restrict the result: counts of the rest are then not told.</summary>
    public bool HasSelectors => !_labels.IsEverything || !_fields.IsEverything;

    /// <summary>The one object that can match, if the request says so.</summary>
    public ObjectKey? SingleKey =>
        Name.Length > 0 && (Namespace.Length > 0 || !Namespaced) ? new ObjectKey(Namespace, Name) : null;

    /// <summary>Parses the selectors of a request; the refusal is upstream's 400.</summary>
    /// <param name="definition">The resource.</param>
    /// <param name="inNamespace">Namespace of the path; empty for all.</param>
    /// <param name="name">Name of the path; empty for any.</param>
    /// <param name="labelSelector">In the query syntax.</param>
    /// <param name="fieldSelector">In the query syntax.</param>
    public static Outcome<ObjectSelection> Parse(
        ResourceDefinition definition, string inNamespace, string name, string labelSelector, string fieldSelector)
    {
        var labels = LabelSelector.Parse(labelSelector);
        if (!labels.Succeeded)
        {
            return labels.Error;
        }

        var fields = FieldSelector.Parse(fieldSelector, definition);
        return fields.Succeeded
            ? new ObjectSelection(definition, inNamespace, name, labels.Value, fields.Value)
            : fields.Error;
    }

    /// <summary>
    /// Asks whoever has to be asked before it can be told which of some stored objects belong to the selection; a
    /// failure is a StatusException.
    /// </summary>
    public ValueTask ReadyAsync(IEnumerable<ResourceObject> items, CancellationToken cancellationToken) =>
        _shown?.AskAsync(items, cancellationToken) ?? ValueTask.CompletedTask;

    /// <summary>True when an object belongs to the selection.</summary>
    public bool Matches(ResourceObject item) =>
        (Namespace.Length == 0 || string.Equals(item.Key.Namespace, Namespace, StringComparison.Ordinal)) &&
        (Name.Length == 0 || string.Equals(item.Key.Name, Name, StringComparison.Ordinal)) &&
        (_labels.IsEverything || _labels.Matches(item.Metadata.Labels)) &&
        (_fields.IsEverything || _fields.Matches(_shown?.Of(item) ?? item));

    /// <summary>The selected objects of a snapshot in key order, beginning after a key.</summary>
    public IEnumerable<ResourceObject> Select(CacheSnapshot snapshot, ObjectKey? after = null)
    {
        if (!HasSelectors && Name.Length == 0)
        {
            return snapshot.Range(Namespace, after);
        }

        return Candidates(snapshot, after).Where(Matches);
    }

    /// <summary>The part of a resource's changes that can concern this selection.</summary>
    public CacheWatchRequest ToWatch(long afterRevision)
    {
        // The cache takes the narrowest of these for which it has an index; what it lets through is matched again.
        return new CacheWatchRequest
        {
            AfterRevision = afterRevision,
            NeedsPrevious = HasSelectors,
            Key = SingleKey,
            Field = IndexableField(),
            Namespace = Namespace,
        };
    }

    /// <summary>
    /// Of the labels that every selected object must have, the one that the fewest objects have; null when there is no
    /// such label.
    /// </summary>
    public (string Name, string Value)? NarrowestLabel(CacheSnapshot snapshot) => _exactLabels.Length switch
    {
        0 => null,
        1 => _exactLabels[0],
        _ => _exactLabels.MinBy(label => snapshot.CountWithLabel(label.Name, label.Value)),
    };

    /// <summary>
    /// Objects of a snapshot in key order, beginning after a key, as few as an index tells; all selected ones are among
    /// them.
    /// </summary>
    public IEnumerable<ResourceObject> Candidates(CacheSnapshot snapshot, ObjectKey? after)
    {
        IEnumerable<ResourceObject>? indexed = SingleKey is { } key ? snapshot.Get(key) is { } item ? [item] : []
            : IndexableField() is { } field && snapshot.IsIndexed(field.Path)
                ? snapshot.WithField(field.Path, field.Value)
            : NarrowestLabel(snapshot) is { } label ? snapshot.WithLabel(label.Name, label.Value)
            : null;
        return indexed is null ? snapshot.Range(Namespace, after)
            : after is { } bound ? indexed.Where(i => i.Key > bound)
            : indexed;
    }

    private CacheField? IndexableField()
    {
        if (_shown is not null)
        {
            return null; // indexes are of what is stored
        }

        foreach (var term in _fields.Terms)
        {
            if (!term.Negated && term.Value.Length > 0 && term.Field.Label is not ("metadata.name" or "metadata.namespace"))
            {
                return new CacheField(term.Field.Path ?? term.Field.Label, term.Value);
            }
        }

        return null;
    }

    private static IEnumerable<(string Name, string Value)> ExactLabels(LabelSelector labels) =>
        from requirement in labels.Requirements
        where requirement.Values.Count == 1
            && requirement.Operator is LabelOperator.In or LabelOperator.Equals or LabelOperator.DoubleEquals
        select (requirement.Key, requirement.Values[0]);
}
