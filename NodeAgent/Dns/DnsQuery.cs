using System.Buffers.Binary;
using System.Security.Cryptography;

namespace OrleansOrchestrator.NodeAgent.Dns;

/// <summary>Questions that we ask ourselves: the addresses behind an alias.</summary>
public static class DnsQuery
{
    private const int MaxRecords = 64;

    /// <summary>A recursive query in wire form.</summary>
    public static byte[] Write(DnsQuestion question)
    {
        var head = new byte[DnsQuestion.HeaderBytes];
        RandomNumberGenerator.Fill(head.AsSpan(0, 2));
        head[2] = 1;
        head[5] = 1;
        var tail = new byte[4];
        BinaryPrimitives.WriteUInt16BigEndian(tail, (ushort)question.Type);
        BinaryPrimitives.WriteUInt16BigEndian(tail.AsSpan(2), 1);
        return [.. head, .. DnsWriter.Name(question.Name), .. tail];
    }

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
                records.Add(new DnsRecord(question.Name, type, Math.Max(0, ttl), reply.Slice(position, length).ToArray()));
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
