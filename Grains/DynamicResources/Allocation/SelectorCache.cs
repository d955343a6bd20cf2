using OrleansOrchestrator.Resources.DynamicResources.Selectors;

namespace OrleansOrchestrator.Grains.DynamicResources.Allocation;

/// <summary>Compiled selectors by their text: a cluster has few. For one thread.</summary>
public sealed class SelectorCache
{
    /// <summary>With more than this, all are forgotten.</summary>
    public const int MaxSelectors = 1_000;

    private readonly Dictionary<string, (DeviceSelector? Selector, string Issues)> _known =
        new(StringComparer.Ordinal);

    public (DeviceSelector? Selector, string Issues) Get(string expression)
    {
        if (!_known.TryGetValue(expression, out var found))
        {
            if (_known.Count >= MaxSelectors)
            {
                _known.Clear();
            }

            _known[expression] = found = DeviceSelector.Compile(expression);
        }

        return found;
    }
}
