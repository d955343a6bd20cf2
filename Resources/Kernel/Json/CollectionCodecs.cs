using System.Text.Json;
using OrleansOrchestrator.Resources.Kernel.Ownership;

namespace OrleansOrchestrator.Resources.Kernel.Json;

internal sealed class ListCodec<T>(ValueCodec<T> element) : ValueCodec<IList<T>>
{
    // The elements of longer lists are found by an index, which their JSON has.
    private const int MaxWalked = 64;

    public override string GoType => "[]" + element.GoType;

    public override IList<T> Zero => [];

    public override IList<T>? Read(ref Utf8JsonReader reader, JsonDecoding decoding, IList<T>? existing, string goType)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            decoding.WrongType(ref reader, goType, GoType);
            return existing;
        }

        var result = new List<T>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            decoding.PushIndex(result.Count);
            var value = element.Read(ref reader, decoding, element.Zero, element.GoType);
            decoding.Pop();
            result.Add(value ?? element.Zero);
        }

        return result;
    }

    public override void Write(Utf8JsonWriter writer, IList<T> value, JsonEncoding encoding)
    {
        writer.WriteStartArray();
        for (var i = 0; i < value.Count; i++)
        {
            if (value[i] is { } item)
            {
                element.Write(writer, item, encoding);
            }
            else
            {
                element.WriteZero(writer, encoding);
            }
        }

        writer.WriteEndArray();
    }

    public override void WriteZero(Utf8JsonWriter writer, JsonEncoding encoding) => writer.WriteNullValue();

    public override bool IsZero(IList<T> value) => value.Count == 0;

    public override void Compare(Side<IList<T>> left, Side<IList<T>> right, OwnedType type, FieldWalk walk)
    {
        if (type.List is not { IsAtomic: false } list)
        {
            base.Compare(left, right, type, walk);
            return;
        }

        if (left.Value is not { Count: > 0 } && right.Value is not { Count: > 0 })
        {
            CompareEmpty(left.Kind, right.Kind, walk);
            return;
        }

        if (Steps(left.Value, list) is not { } lefts || Steps(right.Value, list) is not { } rights)
        {
            CompareAsJson(left, right, type, walk);
            return;
        }

        for (var i = 0; i < lefts.Length; i++)
        {
            var at = PlaceOf(lefts[i], rights, i);
            var counterpart = at < 0 ? Side<T>.Absent : Side<T>.Of(right.Value![at]);
            CompareAt(lefts[i], Side<T>.Of(left.Value![i]), counterpart, list, walk);
        }

        for (var i = 0; i < rights.Length; i++)
        {
            if (PlaceOf(rights[i], lefts, i) < 0)
            {
                CompareAt(rights[i], Side<T>.Absent, Side<T>.Of(right.Value![i]), list, walk);
            }
        }

        walk.Note(!left.IsAbsent, !right.IsAbsent);
    }

    /// <summary>Lists or maps of which none has anything in it.</summary>
    internal static void CompareEmpty(SideKind left, SideKind right, FieldWalk walk)
    {
        walk.Note(left != SideKind.Absent, right != SideKind.Absent);
        if (left != right && left != SideKind.Absent && right != SideKind.Absent)
        {
            walk.NoteModified();
        }
    }

    /// <summary>The steps to all elements; null for a long list, and when some can't be told apart.</summary>
    private PathElement[]? Steps(IList<T>? items, OwnedList list)
    {
        var steps = items is { Count: > 0 } ? new PathElement[items.Count] : [];
        if (steps.Length > MaxWalked)
        {
            return null;
        }

        for (var i = 0; i < steps.Length; i++)
        {
            if (items![i] is not { } item || element.StepOf(item, list) is not { } step
                || PlaceOf(step, steps.AsSpan(0, i), i) >= 0)
            {
                return null;
            }

            steps[i] = step;
        }

        return steps;
    }

    /// <summary>Where a step leads; -1 when nowhere.</summary>
    private static int PlaceOf(PathElement step, ReadOnlySpan<PathElement> steps, int likely)
    {
        if (likely < steps.Length && steps[likely].Equals(step))
        {
            return likely;
        }

        for (var i = 0; i < steps.Length; i++)
        {
            if (steps[i].Equals(step))
            {
                return i;
            }
        }

        return -1;
    }

    private void CompareAt(PathElement step, Side<T> left, Side<T> right, OwnedList list, FieldWalk walk)
    {
        walk.Enter(step, !left.IsAbsent, !right.IsAbsent);
        element.Compare(left, right, list.Items, walk);
        walk.Leave(!left.IsAbsent, !right.IsAbsent);
    }
}

/// <summary>Maps are written in the order of their keys, as Go does: equal content gives equal bytes.</summary>
internal sealed class MapCodec<T>(ValueCodec<T> element) : ValueCodec<IDictionary<string, T>>
{
    private static readonly Dictionary<string, T> NoItems = [];

    public override string GoType => "map[string]" + element.GoType;

    public override IDictionary<string, T> Zero => new Dictionary<string, T>(StringComparer.Ordinal);

    public override IDictionary<string, T>? Read(
        ref Utf8JsonReader reader, JsonDecoding decoding, IDictionary<string, T>? existing, string goType)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            decoding.WrongType(ref reader, goType, GoType);
            return existing;
        }

        var result = existing ?? new Dictionary<string, T>(StringComparer.Ordinal);
        var seen = result.Count == 0 ? result : new Dictionary<string, T>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var key = JsonStrings.Read(ref reader);
            if (seen.ContainsKey(key))
            {
                decoding.Duplicate(key);
            }

            reader.Read();
            decoding.PushKey(key);
            var value = element.Read(ref reader, decoding, default, element.GoType) ?? element.Zero;
            decoding.Pop();
            result[key] = value;
            seen[key] = value;
        }

        return result;
    }

    public override void Write(Utf8JsonWriter writer, IDictionary<string, T> value, JsonEncoding encoding)
    {
        writer.WriteStartObject();
        if (value.Count <= 1)
        {
            foreach (var (key, item) in value)
            {
                WriteItem(writer, key, item, encoding);
            }
        }
        else
        {
            var keys = new string[value.Count];
            value.Keys.CopyTo(keys, 0);
            Array.Sort(keys, StringComparer.Ordinal);
            foreach (var key in keys)
            {
                WriteItem(writer, key, value[key], encoding);
            }
        }

        writer.WriteEndObject();
    }

    public override void WriteZero(Utf8JsonWriter writer, JsonEncoding encoding) => writer.WriteNullValue();

    public override bool IsZero(IDictionary<string, T> value) => value.Count == 0;

    public override void Compare(
        Side<IDictionary<string, T>> left, Side<IDictionary<string, T>> right, OwnedType type, FieldWalk walk)
    {
        if (type.Map is not { IsAtomic: false, Elements: { } child })
        {
            base.Compare(left, right, type, walk);
            return;
        }

        if (left.Value is not { Count: > 0 } && right.Value is not { Count: > 0 })
        {
            ListCodec<T>.CompareEmpty(left.Kind, right.Kind, walk);
            return;
        }

        foreach (var (key, _) in left.Value ?? NoItems)
        {
            CompareAt(key, ItemOf(left.Value, key), ItemOf(right.Value, key), child, walk);
        }

        foreach (var (key, _) in right.Value ?? NoItems)
        {
            if (left.Value?.ContainsKey(key) != true)
            {
                CompareAt(key, Side<T>.Absent, ItemOf(right.Value, key), child, walk);
            }
        }

        walk.Note(!left.IsAbsent, !right.IsAbsent);
    }

    private Side<T> ItemOf(IDictionary<string, T>? map, string key) =>
        map is null || !map.TryGetValue(key, out var item) ? Side<T>.Absent
        : item is null ? element.ZeroSide
        : Side<T>.Of(item);

    private void CompareAt(string key, Side<T> left, Side<T> right, OwnedType type, FieldWalk walk)
    {
        if (left.HasValue && right.HasValue && element.AreAlike(left.Value!, right.Value!))
        {
            return;
        }

        walk.Enter(PathElement.Field(key), !left.IsAbsent, !right.IsAbsent);
        element.Compare(left, right, type, walk);
        walk.Leave(!left.IsAbsent, !right.IsAbsent);
    }

    private void WriteItem(Utf8JsonWriter writer, string key, T item, JsonEncoding encoding)
    {
        writer.WritePropertyName(key);
        if (item is null)
        {
            element.WriteZero(writer, encoding);
        }
        else
        {
            element.Write(writer, item, encoding);
        }
    }
}
