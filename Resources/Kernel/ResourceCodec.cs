using System.Buffers;
using System.Text.Encodings.Web;
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
    /// <summary>Nesting that is accepted; upstream's bound is larger, but nothing real comes near.</summary>
    internal const int MaxDepth = 500;

    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = MaxDepth };

    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true, MaxDepth = MaxDepth,
    };

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;
    [ThreadStatic]
    private static Utf8JsonWriter? _writer;

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
        where T : class => Encode(item, new JsonEncoding());

    /// <summary>What <see cref="EncodeForWrite"/> leads to, of an object that is only shown.</summary>
    public static byte[] EncodeAsStored(object item) => Encode(item, new JsonEncoding { NullsEmpties = true });

    /// <summary>
    /// Compact UTF-8 JSON with an empty <c>metadata.resourceVersion</c>, and the offset at which the journal inserts
    /// it.
    /// </summary>
    public static (byte[] Json, int RevisionOffset) EncodeForWrite(object item)
    {
        var encoding = new JsonEncoding { BlanksRevision = true, NullsEmpties = true };
        var json = Encode(item, encoding);
        Invariant.Check(encoding.RevisionOffset > 0, "an object to be written has metadata", item.GetType().Name);
        return (json, encoding.RevisionOffset);
    }

    /// <summary>Go's name of a model's type, as error messages use it: <c>ConfigMap</c>.</summary>
    public static string GoName(Type model) => CodecTable.Model(model).GoName;

    /// <summary>The typed form of a committed object. Shared: never change it; clone by decoding again.</summary>
    public static T As<T>(this ResourceObject item)
        where T : class => item.Decode(Decode<T>);

    private static byte[] Encode(object item, JsonEncoding encoding)
    {
        const int KeepCapacity = 256 * 1024;
        var buffer = _buffer ??= new ArrayBufferWriter<byte>(4096);
        var writer = _writer ??= new Utf8JsonWriter(buffer, WriterOptions);
        writer.Reset(buffer);
        try
        {
            CodecTable.Model(item.GetType()).WriteModel(writer, item, encoding);
            writer.Flush();
            return buffer.WrittenSpan.ToArray();
        }
        finally
        {
            if (buffer.Capacity > KeepCapacity)
            {
                _buffer = null;
            }

            buffer.ResetWrittenCount();
        }
    }
}
