using System.Text.Json;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// Models to and from the JSON of the API: one pass over the bytes, with Go's rules of what is left out and how times
/// and quantities look. Equal content always gives equal bytes.
/// </summary>
public static class ResourceCodec
{
    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = JsonDecoding.MaxDepth };

    /// <summary>Decodes stored bytes; they were validated when written, so failure is a bug.</summary>
    public static T Decode<T>(ReadOnlyMemory<byte> json)
        where T : class => (T)Decode(typeof(T), json);

    /// <summary>Decodes stored bytes into a model class.</summary>
    public static object Decode(Type model, ReadOnlyMemory<byte> json)
    {
        var decoding = new JsonDecoding { Source = json };
        var result = Read(model, json.Span, decoding);
        Invariant.Check(decoding.Error is null, "stored JSON decodes", decoding.Error);
        return result;
    }

    /// <summary>
    /// Decodes what a client sent. Errors and strict findings are in <paramref name="decoding"/>; throws JsonException
    /// when it is not JSON.
    /// </summary>
    public static object Read(Type model, ReadOnlySpan<byte> json, JsonDecoding decoding)
    {
        var reader = new Utf8JsonReader(json, ReaderOptions);
        reader.Read();
        var result = CodecTable.Model(model).ReadModel(ref reader, decoding);

        // Reads on to the end, so that anything after the value is noticed.
        reader.Read();
        return result;
    }

    /// <summary>Compact UTF-8 JSON.</summary>
    public static byte[] Encode<T>(T item)
        where T : class => ModelWriter.Encode(item);

    /// <summary>What <see cref="EncodeForWrite"/> leads to, of an object that is only shown.</summary>
    public static byte[] EncodeAsStored(object item) =>
        ModelWriter.Encode(item, new JsonEncoding { NullsEmpties = true });

    /// <summary>
    /// Compact UTF-8 JSON with an empty <c>metadata.resourceVersion</c>, and the offset at which the journal inserts
    /// it.
    /// </summary>
    public static (byte[] Json, int RevisionOffset) EncodeForWrite(object item)
    {
        var encoding = new JsonEncoding { BlanksRevision = true, NullsEmpties = true };
        var json = ModelWriter.Encode(item, encoding);
        Invariant.Check(encoding.RevisionOffset > 0, "an object to be written has metadata", item.GetType().Name);
        return (json, encoding.RevisionOffset);
    }

    /// <summary>Go's name of a model's type, as error messages use it: <c>ConfigMap</c>.</summary>
    public static string GoName(Type model) => CodecTable.Model(model).GoName;

    /// <summary>The typed form of a committed object. Shared: never change it; clone by decoding again.</summary>
    public static T As<T>(this ResourceObject item)
        where T : class => item.Decode(Decode<T>);
}
