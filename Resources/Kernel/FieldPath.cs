using System.Globalization;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// Path of a field in an error, written as upstream writes it: <c>spec.containers[0].name</c>, <c>data[a/b]</c>.
/// </summary>
public sealed class FieldPath
{
    private readonly FieldPath? _parent;
    private readonly string _element;
    private readonly bool _isIndex;

    private FieldPath(FieldPath? parent, string element, bool isIndex)
    {
        _parent = parent;
        _element = element;
        _isIndex = isIndex;
    }

    /// <summary>The place of what is said of a whole object, as Go prints a path that is none.</summary>
    public static FieldPath Nowhere { get; } = Of("<nil>");

    /// <summary>A path that starts at a top-level field; several names are nested.</summary>
    public static FieldPath Of(string name, params ReadOnlySpan<string> more)
    {
        var path = new FieldPath(null, name, isIndex: false);
        foreach (var next in more)
        {
            path = path.Child(next);
        }

        return path;
    }

    /// <summary>The place of a field of an object; null stands for a whole one.</summary>
    public static FieldPath Below(FieldPath? path, string name) => path?.Child(name) ?? Of(name);

    public FieldPath Child(string name) => new(this, name, isIndex: false);

    public FieldPath Child(string name, string next) => Child(name).Child(next);

    public FieldPath Index(int index) => new(this, index.ToString(CultureInfo.InvariantCulture), isIndex: true);

    public FieldPath Key(string key) => new(this, key, isIndex: true);

    /// <summary>
    /// Which field of the kind it is, whichever elements of lists it is in: <c>spec.containers.name</c>.
    /// </summary>
    public string Field => _parent is null ? _element
        : _isIndex && _element.All(char.IsAsciiDigit) ? _parent.Field
        : $"{_parent.Field}.{_element}";

    /// <inheritdoc/>
    public override string ToString()
    {
        // Upstream writes a path that starts with the empty name as "[]".
        var step = _isIndex || _element.Length == 0 ? $"[{_element}]" : _parent is null ? _element : $".{_element}";
        return _parent is null ? step : _parent + step;
    }
}
