using System.Text.Json;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel.Ownership;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Resources.Kernel.Json;

/// <summary>A model codec whatever the model.</summary>
internal interface IModelCodec
{
    string GoName { get; }

    object ReadModel(ref Utf8JsonReader reader, JsonDecoding decoding);

    void WriteModel(Utf8JsonWriter writer, object value, JsonEncoding encoding);

    /// <summary>What changes from one object to the next; null when only their JSON tells.</summary>
    FieldChanges? ChangesBetween(object left, object right);
}

/// <summary>
/// A model class as a Go struct. Fields are found by length and bytes, so a known field costs no allocation; a bit per
/// field finds duplicates.
/// </summary>
internal sealed class ModelCodec<T>(ObjectSchema schema) : ValueCodec<T>, IModelCodec
    where T : class, new()
{
    private const int MaxFields = 64;

    private readonly T _empty = new();
    private FieldCodec<T>[] _fields = [];
    private FieldCodec<T>[] _sorted = [];
    private FieldCodec<T>[][] _byLength = [];
    private OwnedField[]? _owned;
    private KeyFields? _keys;

    public override string GoType => $"{schema.GoPackage}.{schema.GoName}";

    public string GoName => schema.GoName;

    public override T Zero => new();

    /// <summary>Second step of construction: fields may be of this very type.</summary>
    public void Complete(IReadOnlyList<FieldCodec<T>> fields)
    {
        Interfaces.Kernel.Invariant.Check(fields.Count <= MaxFields, "a model has at most 64 fields", typeof(T).Name);
        _fields = [.. fields];
        _sorted = [.. fields.OrderBy(f => f.Name, StringComparer.Ordinal)];
        _byLength = new FieldCodec<T>[fields.Count == 0 ? 0 : fields.Max(f => f.Utf8Name.Length) + 1][];
        for (var i = 0; i < _fields.Length; i++)
        {
            _fields[i].Bit = 1UL << i;
        }

        for (var length = 0; length < _byLength.Length; length++)
        {
            _byLength[length] = [.. _fields.Where(f => f.Utf8Name.Length == length)];
        }
    }

    public object ReadModel(ref Utf8JsonReader reader, JsonDecoding decoding) =>
        Read(ref reader, decoding, null, GoType) ?? new T();

    public override T? Read(ref Utf8JsonReader reader, JsonDecoding decoding, T? existing, string goType)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            decoding.WrongType(ref reader, goType, GoType);
            return existing;
        }

        var result = existing ?? new T();
        var seen = 0UL;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            ReadField(ref reader, decoding, result, ref seen);
        }

        return result;
    }

    public void WriteModel(Utf8JsonWriter writer, object value, JsonEncoding encoding) =>
        Write(writer, (T)value, encoding);

    public override void Write(Utf8JsonWriter writer, T value, JsonEncoding encoding)
    {
        writer.WriteStartObject();
        foreach (var field in encoding.SortsFields ? _sorted : _fields)
        {
            field.Write(writer, value, encoding);
        }

        writer.WriteEndObject();
    }

    public override void WriteZero(Utf8JsonWriter writer, JsonEncoding encoding) => Write(writer, _empty, encoding);

    public override bool IsZero(T value) => false;

    public override Side<T> ZeroSide => Side<T>.Of(_empty);

    public FieldChanges? ChangesBetween(object left, object right)
    {
        var walk = FieldWalk.Rent();
        Compare(Side<T>.Of((T)left), Side<T>.Of((T)right), OwnedType.Of(schema), walk);
        return walk.Return();
    }

    public override void Compare(Side<T> left, Side<T> right, OwnedType type, FieldWalk walk)
    {
        if (type.Map is not { IsAtomic: false } || left.Kind == SideKind.Null || right.Kind == SideKind.Null)
        {
            base.Compare(left, right, type, walk);
            return;
        }

        // By name, which is the order of sets.
        var owned = _owned ??= [.. _sorted.Select(f => OwnedType.Of(schema).Map!.Find(f.Name)!)];
        for (var i = 0; i < _sorted.Length; i++)
        {
            _sorted[i].Compare(left.Value, right.Value, owned[i], walk);
        }

        walk.Note(!left.IsAbsent, !right.IsAbsent);
    }

    public override PathElement? StepOf(T item, OwnedList list)
    {
        if (list.IsSet)
        {
            return null;
        }

        var keys = _keys;
        if (keys?.List != list)
        {
            _keys = keys = new KeyFields(list, [.. list.Keys.Select(k => Array.Find(_fields, f => f.Name == k))]);
        }

        var step = new KeyValuePair<string, PathValue>[list.Keys.Count];
        for (var i = 0; i < step.Length; i++)
        {
            if (keys.Fields[i] is not { } field || !field.TryKey(item, out var key)
                || (key ?? list.DefaultOf(field.Name)) is not { } value)
            {
                return null;
            }

            step[i] = KeyValuePair.Create(field.Name, value);
        }

        return PathElement.Key(step);
    }

    private void ReadField(ref Utf8JsonReader reader, JsonDecoding decoding, T result, ref ulong seen)
    {
        var field = Find(ref reader);
        if (field is null)
        {
            decoding.Unknown(JsonStrings.Read(ref reader));
            reader.Read();
            reader.Skip();
            return;
        }

        var isDuplicate = (seen & field.Bit) != 0;
        if (isDuplicate)
        {
            decoding.Duplicate(field.Name);
        }

        seen |= field.Bit;
        reader.Read();
        decoding.PushField(schema.GoName, field.Name);
        field.Read(ref reader, decoding, result, isDuplicate);
        decoding.Pop();
    }

    private FieldCodec<T>? Find(ref Utf8JsonReader reader)
    {
        if (reader.ValueIsEscaped)
        {
            // Half a surrogate pair may be among the escapes: the reader's own comparison would throw.
            var unescaped = System.Text.Encoding.UTF8.GetBytes(JsonStrings.Read(ref reader));
            return Array.Find(_fields, f => unescaped.AsSpan().SequenceEqual(f.Utf8Name));
        }

        var name = reader.ValueSpan;
        if (name.Length >= _byLength.Length)
        {
            return null;
        }

        foreach (var field in _byLength[name.Length])
        {
            if (name.SequenceEqual(field.Utf8Name))
            {
                return field;
            }
        }

        return null;
    }

    private sealed record KeyFields(OwnedList List, FieldCodec<T>?[] Fields);
}

/// <summary>One field of a model.</summary>
internal abstract class FieldCodec<TOwner>(SchemaField schema)
    where TOwner : class
{
    public string Name => schema.Name;

    public byte[] Utf8Name { get; } = System.Text.Encoding.UTF8.GetBytes(schema.Name);

    /// <summary>The field's bit in the set of fields seen.</summary>
    public ulong Bit { get; set; }

    protected SchemaField Schema => schema;

    protected JsonEncodedText EncodedName { get; } = JsonEncodedText.Encode(schema.Name);

    public abstract void Read(ref Utf8JsonReader reader, JsonDecoding decoding, TOwner owner, bool merges);

    public abstract void Write(Utf8JsonWriter writer, TOwner owner, JsonEncoding encoding);

    /// <summary>Notes what differs; an object that is not there has no fields.</summary>
    public abstract void Compare(TOwner? left, TOwner? right, OwnedField owned, FieldWalk walk);

    /// <summary>
    /// What tells an element of a list apart; null when it does not give it, false when only JSON says.
    /// </summary>
    public abstract bool TryKey(TOwner owner, out PathValue? key);
}

/// <summary>A field of a known type; getter and setter are delegates made once.</summary>
internal class FieldCodec<TOwner, T>(
    SchemaField schema, ValueCodec<T> codec, Func<TOwner, T?> get, Action<TOwner, T?> set)
    : FieldCodec<TOwner>(schema)
    where TOwner : class
{
    private readonly string _goType = schema.GoType ?? codec.GoType;

    public override void Read(ref Utf8JsonReader reader, JsonDecoding decoding, TOwner owner, bool merges) =>
        set(owner, codec.Read(ref reader, decoding, merges ? get(owner) : default, _goType));

    public override void Write(Utf8JsonWriter writer, TOwner owner, JsonEncoding encoding)
    {
        var value = get(owner);
        if (value is null
            || (encoding.NullsEmpties && Schema.Presence == FieldPresence.Always && codec.IsZero(value)))
        {
            WriteAbsent(writer, encoding);
        }
        else if (Schema.Presence != FieldPresence.OmitZero || !codec.IsZero(value))
        {
            writer.WritePropertyName(EncodedName);
            codec.Write(writer, value, encoding);
        }
    }

    public override void Compare(TOwner? left, TOwner? right, OwnedField owned, FieldWalk walk)
    {
        var was = left is null ? default : get(left);
        var becomes = right is null ? default : get(right);
        if (was is null && becomes is null ? IsNothing(left, right)
            : left is not null && right is not null && was is not null && becomes is not null
                && codec.AreAlike(was, becomes))
        {
            // Most fields of most objects.
            return;
        }

        var (before, after) = (SideOf(left, was), SideOf(right, becomes));
        if ((before.IsAbsent && after.IsAbsent) || owned.IsSkipped)
        {
            return;
        }

        walk.Enter(owned.Element, !before.IsAbsent, !after.IsAbsent);
        codec.Compare(before, after, owned.Type, walk);
        walk.Leave(!before.IsAbsent, !after.IsAbsent);
    }

    public override bool TryKey(TOwner owner, out PathValue? key)
    {
        var side = SideOf(owner, get(owner));
        key = side.HasValue ? codec.KeyOf(side.Value!) : null;
        return side.IsAbsent || key is not null;
    }

    /// <summary>Two owners without the value are written alike, unless one is not there at all.</summary>
    private bool IsNothing(TOwner? left, TOwner? right) =>
        (left is not null && right is not null)
        || Schema.Presence is not (FieldPresence.Always or FieldPresence.AlwaysNullable);

    /// <summary>What <see cref="Write"/> writes of an owner with this value.</summary>
    private Side<T> SideOf(TOwner? owner, T? value)
    {
        if (owner is null)
        {
            return Side<T>.Absent;
        }

        if (value is not null)
        {
            return Schema.Presence == FieldPresence.OmitZero && codec.IsZero(value)
                ? Side<T>.Absent
                : Side<T>.Of(value);
        }

        return Schema.Presence switch
        {
            FieldPresence.Always => codec.ZeroSide,
            FieldPresence.AlwaysNullable => Side<T>.Null,
            _ => Side<T>.Absent,
        };
    }

    private void WriteAbsent(Utf8JsonWriter writer, JsonEncoding encoding)
    {
        switch (Schema.Presence)
        {
            case FieldPresence.Always:
                writer.WritePropertyName(EncodedName);
                codec.WriteZero(writer, encoding);
                break;
            case FieldPresence.AlwaysNullable:
                writer.WriteNull(EncodedName);
                break;
        }
    }
}

/// <summary>
/// <c>metadata.resourceVersion</c>: the journal fills it in, so an object on its way there has it empty, at a known
/// place.
/// </summary>
internal sealed class RevisionField(SchemaField schema, ValueCodec<string> codec)
    : FieldCodec<V1ObjectMeta, string>(schema, codec, m => m.ResourceVersion, (m, v) => m.ResourceVersion = v)
{
    public override void Write(Utf8JsonWriter writer, V1ObjectMeta owner, JsonEncoding encoding)
    {
        if (!encoding.BlanksRevision || encoding.RevisionOffset >= 0)
        {
            base.Write(writer, owner, encoding);
            return;
        }

        writer.WriteString(EncodedName, ""u8);
        encoding.RevisionOffset = (int)(writer.BytesCommitted + writer.BytesPending) - 1;
    }
}
