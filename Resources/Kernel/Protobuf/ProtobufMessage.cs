using System.Text.Json;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.Resources.Kernel.Protobuf;

/// <summary>What a value is, each with a form of its own in JSON.</summary>
internal enum ProtobufKind
{
    String,
    Bytes,
    Bool,
    Int32,
    Int64,

    /// <summary>Eight bytes, the least significant first.</summary>
    Double,
    Time,
    MicroTime,
    Quantity,
    IntOrString,

    /// <summary>JSON in a message of one field (RawExtension, FieldsV1).</summary>
    Raw,

    /// <summary>A list of strings in a message of one field (ExtraValue).</summary>
    Strings,

    /// <summary>
    /// In JSON an object or something else (JSONSchemaPropsOrBool and its like): a message of two fields, first the
    /// object.
    /// </summary>
    Either,

    /// <summary>A message of the table.</summary>
    Message,
}

/// <summary>How often a value may occur.</summary>
internal enum ProtobufShape
{
    Single,
    List,

    /// <summary>A list of entries, each a message of key (1) and value (2).</summary>
    Map,

    /// <summary>A message whose fields are, in JSON, those of the message around it.</summary>
    Inline,
}

/// <summary>One field of a message.</summary>
internal sealed class ProtobufField
{
    public required int Number { get; init; }

    /// <summary>Name in JSON; that of an inlined message is empty.</summary>
    public required JsonEncodedText Name { get; init; }

    public required ProtobufKind Kind { get; init; }

    public required ProtobufShape Shape { get; init; }

    /// <summary>Zero values are written although they say nothing, and JSON leaves them out.</summary>
    public bool OmitsZero { get; init; }

    /// <summary>It is no pointer, list or map: upstream writes it even when JSON leaves it out.</summary>
    public bool WritesZero { get; init; }

    /// <summary>The message, when the kind is one.</summary>
    public ProtobufMessage? Message { get; init; }

    /// <summary>Whether values are varints.</summary>
    public bool IsVarint => Kind is ProtobufKind.Bool or ProtobufKind.Int32 or ProtobufKind.Int64;

    /// <summary>Whether values are numbers; all others are runs of bytes.</summary>
    public bool IsNumber => IsVarint || Kind == ProtobufKind.Double;

    /// <summary>How values are laid out.</summary>
    public WireType Wire => IsVarint ? WireType.Varint : IsNumber ? WireType.Fixed64 : WireType.Bytes;

    /// <summary>
    /// Upstream's words for a value of the wrong sort: its fields are named like those of JSON, but with a capital.
    /// </summary>
    public ProtobufException Wrong(WireType wire)
    {
        var name = Name.ToString();
        return new ProtobufException(
            $"proto: wrong wireType = {(int)wire} for field {(name.Length == 0 ? Message!.Name : char.ToUpperInvariant(name[0]) + name[1..])}");
    }
}

/// <summary>A message: its fields, found by number.</summary>
internal sealed class ProtobufMessage(string name)
{
    /// <summary>No message of the API has more; the transcoder keeps that many slots on the stack.</summary>
    public const int MaxFields = 64;

    private sbyte[] _indexes = [];

    /// <summary>Name for error messages.</summary>
    public string Name => name;

    /// <summary>In the order in which JSON has them.</summary>
    public ProtobufField[] Fields { get; private set; } = [];

    /// <summary>The places of all fields, ordered by their numbers.</summary>
    public IReadOnlyList<int> ByNumber { get; private set; } = [];

    /// <summary>Second step of construction: fields may be of this very message.</summary>
    public void Complete(IReadOnlyList<ProtobufField> fields)
    {
        Interfaces.Kernel.Invariant.Check(fields.Count <= MaxFields, "a message has at most 64 fields", name);
        var indexes = new sbyte[fields.Count == 0 ? 0 : fields.Max(f => f.Number) + 1];
        Array.Fill(indexes, (sbyte)-1);
        for (var i = 0; i < fields.Count; i++)
        {
            indexes[fields[i].Number] = (sbyte)i;
        }

        Fields = [.. fields];
        ByNumber = [.. Enumerable.Range(0, fields.Count).OrderBy(i => fields[i].Number)];
        _indexes = indexes;
    }

    /// <summary>The place of a field in <see cref="Fields"/>, or -1.</summary>
    public int IndexOf(int number) => number < _indexes.Length ? _indexes[number] : -1;

    /// <summary>The place of a field by its name in JSON, or -1.</summary>
    /// <param name="name">The name.</param>
    /// <param name="guess">Where it is likely to be: fields come in the order of <see cref="Fields"/>.</param>
    public int IndexOf(ReadOnlySpan<byte> name, int guess)
    {
        for (var i = 0; i < Fields.Length; i++)
        {
            var at = guess + i < Fields.Length ? guess + i : guess + i - Fields.Length;
            if (name.SequenceEqual(Fields[at].Name.EncodedUtf8Bytes))
            {
                return at;
            }
        }

        return -1;
    }
}
