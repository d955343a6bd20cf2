using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>Labels of namespaces, which terms of pod affinity may select.</summary>
public sealed class NamespaceTable : IObjectTable
{
    private static readonly Dictionary<string, string> None = [];

    private readonly Dictionary<string, IReadOnlyDictionary<string, string>> _labels = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, string> LabelsOf(string name) => _labels.GetValueOrDefault(name, None);

    /// <inheritdoc/>
    public void Apply(ChangeKind kind, ResourceObject item)
    {
        if (kind == ChangeKind.Deleted)
        {
            _labels.Remove(item.Key.Name);
        }
        else
        {
            _labels[item.Key.Name] = item.Metadata.Labels;
        }
    }

    /// <inheritdoc/>
    public void KeepOnly(IReadOnlySet<ObjectKey> present)
    {
        foreach (var name in _labels.Keys.Where(n => !present.Contains(new ObjectKey("", n))).ToArray())
        {
            _labels.Remove(name);
        }
    }
}
