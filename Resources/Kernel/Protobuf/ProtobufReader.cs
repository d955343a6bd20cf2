using System.Buffers.Binary;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.Resources.Kernel.Protobuf;

/// <summary>
/// Reads the fields of one message, one after the other. Nothing is copied, and every length is checked against what is
/// there, so that noise ends in an exception with upstream's words and nothing else.
/// </summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> data)
{
    private const int MaxVarintBytes = 10;

    private readonly ReadOnlySpan<byte> _data = data;

    /// <summary>Where the next byte is read.</summary>
    public int Position { get; private set; }

    /// <summary>The field's number.</summary>
    public int Number { get; private set; }

    /// <summary>How its value is written.</summary>
    public WireType Wire { get; private set; }

    /// <summary>Its value when that is a number of up to 64 bits.</summary>
    public ulong Value { get; private set; }

    /// <summary>Where its value starts when that is a run of bytes.</summary>
    public int Start { get; private set; }

    /// <summary>How long that run is.</summary>
    public int Length { get; private set; }

    /// <summary>The value of a field that is a run of bytes.</summary>
    public readonly ReadOnlySpan<byte> Bytes => _data.Slice(Start, Length);

    /// <summary>Reads tag and value of the next field; false at the end.</summary>
    public bool Read()
    {
        if (Position == _data.Length)
        {
            return false;
        }

        ReadTag();
        if (Wire == WireType.EndGroup)
        {
            throw new ProtobufException("proto: wiretype end group for non-group");
        }

        if (Wire == WireType.StartGroup)
        {
            SkipGroup();
        }
        else
        {
            ReadValue();
        }

        return true;
    }

    private void ReadTag()
    {
        var tag = ReadVarint();
        var number = (int)(uint)(tag >> 3);
        var wire = (int)(tag & 7);
        if (number <= 0)
        {
            throw new ProtobufException($"proto: illegal tag {number} (wire type {wire})");
        }

        Number = number;
        Wire = (WireType)wire;
    }

    private void ReadValue()
    {
        switch (Wire)
        {
            case WireType.Varint:
                Value = ReadVarint();
                break;
            case WireType.Fixed64:
                Advance(sizeof(ulong));
                Value = BinaryPrimitives.ReadUInt64LittleEndian(_data[(Position - sizeof(ulong))..]);
                break;
            case WireType.Fixed32:
                Advance(sizeof(uint));
                break;
            case WireType.Bytes:
                var length = ReadVarint();
                if (length > int.MaxValue)
                {
                    throw new ProtobufException("proto: negative length found during unmarshaling");
                }

                Start = Position;
                Length = (int)length;
                Advance(Length);
                break;
            default:
                throw new ProtobufException($"proto: illegal wireType {(int)Wire}");
        }
    }

    /// <summary>
    /// Groups are in no message of the API, so they are only skipped; counting instead of recursing bounds the stack.
    /// </summary>
    private void SkipGroup()
    {
        var number = Number;
        for (var depth = 1; depth > 0;)
        {
            ReadTag();
            switch (Wire)
            {
                case WireType.StartGroup:
                    depth++;
                    break;
                case WireType.EndGroup:
                    depth--;
                    break;
                default:
                    ReadValue();
                    break;
            }
        }

        Number = number;
        Wire = WireType.StartGroup;
    }

    private void Advance(int count)
    {
        if (count > _data.Length - Position)
        {
            throw new ProtobufException("unexpected EOF");
        }

        Position += count;
    }

    /// <summary>Reads an integer of up to 64 bits, of itself: for packed lists.</summary>
    public ulong ReadVarint()
    {
        var result = 0UL;
        for (var i = 0; i < MaxVarintBytes; i++)
        {
            if (Position == _data.Length)
            {
                throw new ProtobufException("unexpected EOF");
            }

            var next = _data[Position++];
            result |= (ulong)(next & 0x7f) << (7 * i);
            if (next < 0x80)
            {
                return result;
            }
        }

        throw new ProtobufException("proto: integer overflow");
    }
}
