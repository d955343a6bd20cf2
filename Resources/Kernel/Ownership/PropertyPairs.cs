using System.Runtime.InteropServices;
using System.Text.Json;

namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>
/// The fields of two objects, side by side: those of the left in its order, then those that only the right has. Objects
/// that are written in one order are walked in step; only where they part is a field looked for.
/// </summary>
internal ref struct PropertyPairs
{
    private const int MaxScanned = 16;

    private readonly JsonElement _left;
    private readonly JsonElement _right;
    private JsonElement.ObjectEnumerator _leftFields;
    private JsonElement.ObjectEnumerator _rightFields;
    private Dictionary<string, JsonElement>? _index;
    private Dictionary<string, JsonElement>? _leftIndex;
    private Stage _stage;

    public PropertyPairs(JsonElement left, JsonElement right)
    {
        (_left, _right) = (left, right);
        _leftFields = left.ValueKind == JsonValueKind.Object ? left.EnumerateObject() : default;
        _rightFields = right.ValueKind == JsonValueKind.Object ? right.EnumerateObject() : default;
        _stage = left.IsEmptyMap() ? Stage.Right : right.IsEmptyMap() ? Stage.Left : Stage.Both;
    }

    private enum Stage
    {
        Both,
        Left,
        Right,
    }

    /// <summary>Either side's property: the name is the same.</summary>
    public JsonProperty Property { get; private set; }

    /// <summary>Absent when only the right has it.</summary>
    public JsonElement Left { get; private set; }

    /// <summary>Absent when only the left has it.</summary>
    public JsonElement Right { get; private set; }

    public bool MoveNext()
    {
        if (_stage != Stage.Right && _leftFields.MoveNext())
        {
            Property = _leftFields.Current;
            Left = Property.Value;
            Right = _stage == Stage.Both && _rightFields.MoveNext() && IsSame(_rightFields.Current)
                ? _rightFields.Current.Value
                : LookUp();
            return true;
        }

        if (_stage != Stage.Right)
        {
            // What stands on the right beyond the last field in step has not been seen, nor looked for.
            _rightFields = _stage == Stage.Both || _right.IsEmptyMap() ? _rightFields : _right.EnumerateObject();
            _stage = Stage.Right;
        }

        return MoveRight();
    }

    private static JsonElement Find(JsonElement map, string name, ref Dictionary<string, JsonElement>? index)
    {
        if (map.IsEmptyMap())
        {
            return default;
        }

        if (map.GetPropertyCount() <= MaxScanned)
        {
            return map.TryGetProperty(name, out var value) ? value : default;
        }

        if (index is null)
        {
            index = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
            foreach (var property in map.EnumerateObject())
            {
                index[property.Name] = property.Value;
            }
        }

        return index.GetValueOrDefault(name);
    }

    private readonly bool IsSame(JsonProperty other) => JsonMarshal.GetRawUtf8PropertyName(Property)
        .SequenceEqual(JsonMarshal.GetRawUtf8PropertyName(other));

    private JsonElement LookUp()
    {
        _stage = Stage.Left;
        return Find(_right, Property.Name, ref _index);
    }

    private bool MoveRight()
    {
        while (!_right.IsEmptyMap() && _rightFields.MoveNext())
        {
            Property = _rightFields.Current;
            Left = default;
            Right = Property.Value;
            if (_left.IsEmptyMap() || Find(_left, Property.Name, ref _leftIndex).IsAbsent())
            {
                return true;
            }
        }

        return false;
    }
}
