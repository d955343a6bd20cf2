using System.Globalization;
using System.Text;

namespace OrleansOrchestrator.Resources.ApiExtensions.Schemas;

/// <summary>
/// The way of a walk to where it is, as a stack: its text is made only for the few values of which something is said.
/// </summary>
/// <param name="start">The way to where the walk began.</param>
internal sealed class ValuePath(string start = "")
{
    private readonly List<(string? Name, int Index)> _steps = [];

    /// <summary>Goes to a field.</summary>
    public void Enter(string name) => _steps.Add((name, 0));

    /// <summary>Goes to an element of a list.</summary>
    public void Enter(int index) => _steps.Add((null, index));

    /// <summary>Goes to a value of a map, before which upstream writes a dot wherever the map is.</summary>
    public void EnterKey(string name) => Enter(start.Length == 0 && _steps.Count == 0 ? $".{name}" : name);

    /// <summary>Goes back by one step.</summary>
    public void Leave() => _steps.RemoveAt(_steps.Count - 1);

    /// <inheritdoc/>
    public override string ToString()
    {
        var path = new StringBuilder(start);
        foreach (var (name, index) in _steps)
        {
            path = name is null
                ? path.Append('[').Append(index.ToString(CultureInfo.InvariantCulture)).Append(']')
                : path.Append(path.Length == 0 ? "" : ".").Append(name);
        }

        return path.ToString();
    }
}
