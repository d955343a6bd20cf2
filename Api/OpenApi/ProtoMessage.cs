using System.Buffers;
using System.Text;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>Writes fields of a protobuf message: as much of the wire format as OpenAPI documents need.</summary>
internal sealed class ProtoMessage
{
    private readonly ArrayBufferWriter<byte> _output = new();

    public ReadOnlySpan<byte> Written => _output.WrittenSpan;

    /// <summary>A string or bytes field; empty ones are left out, as proto3 does.</summary>
    public ProtoMessage Text(int field, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            Tag(field, wireType: 2);
            Varint((ulong)Encoding.UTF8.GetByteCount(value));
            Encoding.UTF8.GetBytes(value, _output);
        }

        return this;
    }

    /// <summary>A repeated string field, in which empty elements count.</summary>
    public ProtoMessage Texts(int field, IEnumerable<string> values)
    {
        foreach (var value in values)
        {
            Tag(field, wireType: 2);
            Varint((ulong)Encoding.UTF8.GetByteCount(value));
            Encoding.UTF8.GetBytes(value, _output);
        }

        return this;
    }

    public ProtoMessage Flag(int field, bool value)
    {
        if (value)
        {
            Tag(field, wireType: 0);
            Varint(1);
        }

        return this;
    }

    /// <summary>A nested message, present even when empty.</summary>
    public ProtoMessage Message(int field, Action<ProtoMessage> write)
    {
        var nested = new ProtoMessage();
        write(nested);
        Tag(field, wireType: 2);
        Varint((ulong)nested.Written.Length);
        _output.Write(nested.Written);
        return this;
    }

    private void Tag(int field, int wireType) => Varint((ulong)((field << 3) | wireType));

    private void Varint(ulong value)
    {
        var span = _output.GetSpan(10);
        var length = 0;
        while (value >= 0x80)
        {
            span[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        span[length++] = (byte)value;
        _output.Advance(length);
    }
}
