using System.Buffers.Binary;
using System.Security.Cryptography;

namespace OrleansOrchestrator.NodeAgent.Dns;

/// <summary>Questions that we ask ourselves: the addresses behind an alias.</summary>
public static class DnsQuery
{
    private const int MaxRecords = 64;
    private const int EdnsSize = 1232;
    private const int RecordHeadBytes = 10;

    /// <summary>
    /// A query in wire form that asks the same, under an id that nobody knows, in lower case, and without the asker's
    /// options, which are not meant for others.
    /// </summary>
    public static byte[] Write(DnsQuestion question)
    {
        var head = new byte[DnsQuestion.HeaderBytes];
        RandomNumberGenerator.Fill(head.AsSpan(0, 2));
        head[2] = 1;
        head[3] = question.IsCheckingDisabled ? (byte)0x10 : (byte)0;
        head[5] = 1;
        head[11] = question.HasEdns ? (byte)1 : (byte)0;
        var section = question.Section.Length > 0 ? question.Section : question.About(question.Name).Section;
        byte[] options = question.HasEdns
            ? [0, 0, (byte)DnsType.Opt, EdnsSize >> 8, EdnsSize & 0xff, 0, 0,
                question.WantsSignatures ? (byte)0x80 : (byte)0, 0, 0, 0]
            : [];
        return [.. head, .. section[..^4].Select(Lower), .. section[^4..], .. options];
    }

    /// <summary>
    /// The reply as the asker is to see it: under its id, its spelling of the name, and with what is left of the times
    /// to live.
    /// </summary>
    public static byte[] Readdress(ReadOnlySpan<byte> reply, DnsQuestion question, int ageSeconds)
    {
        var copy = reply.ToArray();
        BinaryPrimitives.WriteUInt16BigEndian(copy, question.Id);
        question.Section.CopyTo(copy.AsSpan(DnsQuestion.HeaderBytes));
        foreach (var (type, position) in ageSeconds == 0 ? [] : Records(copy))
        {
            if (type != DnsType.Opt)
            {
                var left = Math.Max(0, BinaryPrimitives.ReadUInt32BigEndian(copy.AsSpan(position + 4)) - ageSeconds);
                BinaryPrimitives.WriteUInt32BigEndian(copy.AsSpan(position + 4), (uint)left);
            }
        }

        return copy;
    }

    /// <summary>Types of all records, and where each one's head (type, class, time to live, length) is; those that are
    /// whole.</summary>
    public static List<(DnsType Type, int Position)> Records(ReadOnlySpan<byte> message)
    {
        var found = new List<(DnsType Type, int Position)>();
        var count =
            BinaryPrimitives.ReadUInt16BigEndian(message[6..]) + BinaryPrimitives.ReadUInt16BigEndian(message[8..]) +
            BinaryPrimitives.ReadUInt16BigEndian(message[10..]);
        var position = SkipName(message, DnsQuestion.HeaderBytes) + 4;
        for (var i = 0; i < count; i++)
        {
            position = SkipName(message, position);
            if (position + RecordHeadBytes > message.Length)
            {
                break;
            }

            found.Add(((DnsType)BinaryPrimitives.ReadUInt16BigEndian(message[position..]), position));
            position += RecordHeadBytes + BinaryPrimitives.ReadUInt16BigEndian(message[(position + 8)..]);
        }

        return found;
    }

    /// <summary>The last four bytes of a record's data: of an SOA, how long names that do not exist may be remembered.
    /// Null when it is cut.</summary>
    public static uint? LastNumber(ReadOnlySpan<byte> message, int position)
    {
        var length = BinaryPrimitives.ReadUInt16BigEndian(message[(position + 8)..]);
        var end = position + RecordHeadBytes + length;
        return length >= sizeof(uint) && end <= message.Length
            ? BinaryPrimitives.ReadUInt32BigEndian(message[(end - sizeof(uint))..]) : null;
    }

    private static byte Lower(byte b) => b is >= (byte)'A' and <= (byte)'Z' ? (byte)(b + 'a' - 'A') : b;

    /// <summary>The address records of a reply, whatever aliases led to them; nothing when it is malformed.</summary>
    public static IReadOnlyList<DnsRecord> ReadAddresses(ReadOnlySpan<byte> reply, DnsQuestion question)
    {
        var records = new List<DnsRecord>();
        var count = BinaryPrimitives.ReadUInt16BigEndian(reply[6..]);
        var position = SkipName(reply, DnsQuestion.HeaderBytes) + 4;
        for (var i = 0; i < Math.Min((int)count, MaxRecords); i++)
        {
            position = SkipName(reply, position);
            if (position + 10 > reply.Length)
            {
                return records;
            }

            var type = (DnsType)BinaryPrimitives.ReadUInt16BigEndian(reply[position..]);
            var ttl = BinaryPrimitives.ReadInt32BigEndian(reply[(position + 4)..]);
            var length = BinaryPrimitives.ReadUInt16BigEndian(reply[(position + 8)..]);
            position += 10;
            if (position + length > reply.Length)
            {
                return records;
            }

            if (type == question.Type)
            {
                records.Add(
                    new DnsRecord(question.Name, type, Math.Max(0, ttl), reply.Slice(position, length).ToArray()));
            }

            position += length;
        }

        return records;
    }

    /// <summary>The position after a name, compressed or not.</summary>
    public static int SkipName(ReadOnlySpan<byte> message, int position)
    {
        while (position < message.Length)
        {
            var length = message[position];
            if (length == 0)
            {
                return position + 1;
            }

            if (length >= 0xc0)
            {
                return position + 2;
            }

            position += length + 1;
        }

        return message.Length;
    }
}
