using System.Buffers;
using System.Text.Json;

namespace OrleansOrchestrator.Resources.Kernel.Json;

/// <summary>Writes models as compact UTF-8 JSON, each thread into a buffer of its own.</summary>
internal static class ModelWriter
{
    /// <summary>Bytes of its buffer that a thread keeps: a larger one goes with the object that needed it.</summary>
    private const int KeptCapacity = 256 * 1024;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;
    [ThreadStatic]
    private static Utf8JsonWriter? _writer;

    /// <summary>A model, with what is empty as it stands there.</summary>
    public static byte[] Encode(object item) => Encode(item, new JsonEncoding());

    /// <summary>A model, the way that <paramref name="encoding"/> says, which is told what was met.</summary>
    public static byte[] Encode(object item, JsonEncoding encoding)
    {
        var buffer = _buffer ??= new ArrayBufferWriter<byte>(4096);
        var writer = _writer ??= new Utf8JsonWriter(buffer, JsonEncoding.Options);
        writer.Reset(buffer);
        try
        {
            CodecTable.Model(item.GetType()).WriteModel(writer, item, encoding);
            writer.Flush();
            return buffer.WrittenSpan.ToArray();
        }
        finally
        {
            if (buffer.Capacity > KeptCapacity)
            {
                _buffer = null;
            }

            buffer.ResetWrittenCount();
        }
    }
}
