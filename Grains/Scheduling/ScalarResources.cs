namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>Gives the names of extended resources small numbers, so that amounts live in arrays.</summary>
public sealed class ScalarResources
{
    private readonly Dictionary<string, int> _indexes = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];

    public int Count => _names.Count;

    public string Name(int index) => _names[index];

    public int IndexOf(string name)
    {
        if (!_indexes.TryGetValue(name, out var index))
        {
            index = _names.Count;
            _names.Add(name);
            _indexes.Add(name, index);
        }

        return index;
    }
}
