using System.Text.Json;

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
}

/// <summary>State of one encoding.</summary>
internal sealed class JsonEncoding
{
    /// <summary>True to write empty lists and maps as null, as upstream's storage makes them.</summary>
    public bool NullsEmpties { get; init; }

    /// <summary>True to write the fields of models by name, as Go writes maps: metadata of custom objects.</summary>
    public bool SortsFields { get; set; }

    /// <summary>True to write the outermost resourceVersion as "" and note where.</summary>
    public bool BlanksRevision { get; set; }

    /// <summary>Offset between the quotes of the blank resourceVersion; -1 until it is written.</summary>
    public int RevisionOffset { get; set; } = -1;
}
