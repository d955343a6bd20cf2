using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using OrleansOrchestrator.Resources.Kernel.Ownership;

namespace OrleansOrchestrator.Resources.Kernel.Json;

/// <summary>Reads and writes values of one type the way Go's JSON package and the API's types do.</summary>
internal abstract class ValueCodec<T>
{
    /// <summary>Go's name of the type, for error messages.</summary>
    public abstract string GoType { get; }

    /// <summary>
    /// Reads the value at the reader's current token, ends on its last token. Wrong types are recorded, not thrown;
    /// null leaves
    /// <paramref name="existing"/> (the value of an earlier duplicate, else nothing).
    /// </summary>
    public abstract T? Read(ref Utf8JsonReader reader, JsonDecoding decoding, T? existing, string goType);

    public abstract void Write(Utf8JsonWriter writer, T value, JsonEncoding encoding);

    /// <summary>What a field that is always written shows when the model has nothing.</summary>
    public abstract void WriteZero(Utf8JsonWriter writer, JsonEncoding encoding);

    /// <summary>Zero or empty: what omitempty leaves out.</summary>
    public abstract bool IsZero(T value);

    /// <summary>What a null list element or map value becomes.</summary>
    public abstract T Zero { get; }

    /// <summary>What <see cref="WriteZero"/> writes.</summary>
    public virtual Side<T> ZeroSide => Side<T>.Null;

    /// <summary>True when both are surely written alike, seen without writing them.</summary>
    public virtual bool AreAlike(T left, T right) => ReferenceEquals(left, right);

    /// <summary>
    /// Notes what differs between two versions of a value, exactly as <see cref="FieldWalk.Compare"/> would of their
    /// JSON: codecs that know better go into the parts, all others write both.
    /// </summary>
    public virtual void Compare(Side<T> left, Side<T> right, OwnedType type, FieldWalk walk)
    {
        if (type.IsLeaf && (left.IsAbsent || right.IsAbsent))
        {
            walk.Note(!left.IsAbsent, !right.IsAbsent);
            return;
        }

        CompareAsJson(left, right, type, walk);
    }

    /// <summary>What tells a value from its siblings in a list; null when only its JSON says.</summary>
    public virtual PathValue? KeyOf(T value) => null;

    /// <summary>The step to an element of a list; null when only its JSON says.</summary>
    public virtual PathElement? StepOf(T item, OwnedList list) => null;

    protected void CompareAsJson(Side<T> left, Side<T> right, OwnedType type, FieldWalk walk)
    {
        var (before, after) = (Encode(left), Encode(right));
        if (!before.IsEmpty && before.Span.SequenceEqual(after.Span))
        {
            return;
        }

        using var old = before.IsEmpty ? null : TypedJson.Parse(before);
        using var next = after.IsEmpty ? null : TypedJson.Parse(after);
        walk.Compare(old?.RootElement ?? default, next?.RootElement ?? default, type);
    }

    private ReadOnlyMemory<byte> Encode(Side<T> side)
    {
        if (side.IsAbsent)
        {
            return default;
        }

        var output = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(output, JsonEncoding.Options);
        if (side.HasValue)
        {
            Write(writer, side.Value!, new JsonEncoding());
        }
        else
        {
            writer.WriteNullValue();
        }

        writer.Flush();
        return output.WrittenMemory;
    }
}

/// <summary>A scalar that is written alike exactly when it is equal.</summary>
internal abstract class ScalarCodec<T> : ValueCodec<T>
    where T : IEquatable<T>
{
    public override Side<T> ZeroSide => Side<T>.Of(Zero);

    public override bool AreAlike(T left, T right) => left.Equals(right);

    public override void Compare(Side<T> left, Side<T> right, OwnedType type, FieldWalk walk)
    {
        if (type.IsLeaf && left.HasValue && right.HasValue)
        {
            if (!left.Value!.Equals(right.Value!))
            {
                walk.NoteModified();
            }

            return;
        }

        base.Compare(left, right, type, walk);
    }
}

/// <summary>State of one encoding.</summary>
internal sealed class JsonEncoding
{
    public static readonly JsonWriterOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
        MaxDepth = JsonDecoding.MaxDepth,
    };

    /// <summary>True to write empty lists and maps as null, as upstream's storage makes them.</summary>
    public bool NullsEmpties { get; init; }

    /// <summary>True to write the fields of models by name, as Go writes maps: metadata of custom objects.</summary>
    public bool SortsFields { get; set; }

    /// <summary>True to write the outermost resourceVersion as "" and note where.</summary>
    public bool BlanksRevision { get; set; }

    /// <summary>Offset between the quotes of the blank resourceVersion; -1 until it is written.</summary>
    public int RevisionOffset { get; set; } = -1;
}
