using System.Buffers.Binary;
using System.Text;

namespace OrleansOrchestrator.NodeAgent.Dns;

/// <summary>Record types (RFC 1035, 3596, 2782, 6891).</summary>
public enum DnsType : ushort
{
    A = 1,
    Ns = 2,
    Cname = 5,
    Soa = 6,
    Ptr = 12,
    Txt = 16,
    Aaaa = 28,
    Srv = 33,
    Opt = 41,
    Any = 255,
}

/// <summary>Response codes.</summary>
public enum DnsCode : byte
{
    NoError = 0,
    FormatError = 1,
    ServerFailure = 2,
    NameError = 3,
    NotImplemented = 4,
    Refused = 5,

    /// <summary>An extension (RFC 6891) of a version that is not spoken here; its upper bits go into the OPT
    /// record.</summary>
    BadVersion = 16,
}

/// <summary>
/// A question as a resolver sends it. Parsing accepts whatever bytes come, bounds every read, and follows no pointers
/// (a question has none).
/// </summary>
public sealed record DnsQuestion
{
    public const int HeaderBytes = 12;
    private const int MaxNameBytes = 255;
    private const int MaxLabelBytes = 63;
    private const int MinUdpBytes = 512;

    // What one datagram may carry at most without being fragmented (DNS flag day 2020).
    private const int MaxUdpBytes = 1232;

    public ushort Id { get; init; }

    public bool RecursionDesired { get; init; }

    /// <summary>Lower case, without the last dot.</summary>
    public required string Name { get; init; }

    public DnsType Type { get; init; }

    public ushort Class { get; init; }

    /// <summary>The question section as it came: answers repeat it to the letter, its case included.</summary>
    public required byte[] Section { get; init; }

    /// <summary>How large an answer over UDP may be.</summary>
    public int MaxAnswerBytes { get; init; } = MinUdpBytes;

    public bool HasEdns { get; init; }

    public byte EdnsVersion { get; init; }

    /// <summary>Whether signatures are wanted with the answer.</summary>
    public bool WantsSignatures { get; init; }

    /// <summary>Whether the resolver must not verify signatures itself.</summary>
    public bool IsCheckingDisabled { get; init; }

    /// <summary>The same question about another name.</summary>
    public DnsQuestion About(string name)
    {
        var tail = new byte[4];
        BinaryPrimitives.WriteUInt16BigEndian(tail, (ushort)Type);
        BinaryPrimitives.WriteUInt16BigEndian(tail.AsSpan(2), Class);
        return this with { Name = name, Section = [.. DnsWriter.Name(name), .. tail] };
    }

    /// <summary>Null and a code when it is no single standard query; null and NoError when it deserves no answer at
    /// all.</summary>
    public static DnsQuestion? Parse(ReadOnlySpan<byte> message, out DnsCode error)
    {
        error = DnsCode.NoError;
        if (message.Length < HeaderBytes || (message[2] & 0x80) != 0)
        {
            return null;
        }

        if ((message[2] & 0x78) != 0)
        {
            error = DnsCode.NotImplemented;
            return null;
        }

        error = DnsCode.FormatError;
        if (BinaryPrimitives.ReadUInt16BigEndian(message[4..]) != 1 || ReadName(message[HeaderBytes..]) is not { } name)
        {
            return null;
        }

        var end = HeaderBytes + name.Bytes + 4;
        if (end > message.Length)
        {
            return null;
        }

        error = DnsCode.NoError;
        var edns = EdnsOf(message, end);
        return new DnsQuestion
        {
            Id = BinaryPrimitives.ReadUInt16BigEndian(message),
            RecursionDesired = (message[2] & 1) != 0,
            Name = name.Name,
            Type = (DnsType)BinaryPrimitives.ReadUInt16BigEndian(message[(end - 4)..]),
            Class = BinaryPrimitives.ReadUInt16BigEndian(message[(end - 2)..]),
            Section = message[HeaderBytes..end].ToArray(),
            HasEdns = edns is not null,
            EdnsVersion = edns?.Version ?? 0,
            WantsSignatures = edns?.WantsSignatures ?? false,
            IsCheckingDisabled = (message[3] & 0x10) != 0,
            MaxAnswerBytes = Math.Clamp(edns?.Bytes ?? MinUdpBytes, MinUdpBytes, MaxUdpBytes),
        };
    }

    private static (string Name, int Bytes)? ReadName(ReadOnlySpan<byte> bytes)
    {
        var name = new StringBuilder();
        var position = 0;
        while (position < bytes.Length && position < MaxNameBytes)
        {
            int length = bytes[position++];
            if (length == 0)
            {
                return (name.ToString(), position);
            }

            if (length > MaxLabelBytes || position + length > bytes.Length)
            {
                return null;
            }

            if (name.Length > 0)
            {
                name.Append('.');
            }

            foreach (var b in bytes.Slice(position, length))
            {
                // A dot inside a label cannot be told from one between labels; no name of ours has one.
                name.Append(b == '.' ? '\uFFFD' : char.ToLowerInvariant((char)b));
            }

            position += length;
        }

        return null;
    }

    // The OPT record is the only one that queries carry; its class field is the size that the sender takes.
    private static (int Bytes, byte Version, bool WantsSignatures)? EdnsOf(ReadOnlySpan<byte> message, int position)
    {
        const int OptBytes = 11;
        var additional = BinaryPrimitives.ReadUInt16BigEndian(message[10..]);
        var others = BinaryPrimitives.ReadUInt16BigEndian(message[6..]) + BinaryPrimitives.ReadUInt16BigEndian(message[8..]);
        if (additional == 0 || others != 0 || position + OptBytes > message.Length || message[position] != 0 ||
            (DnsType)BinaryPrimitives.ReadUInt16BigEndian(message[(position + 1)..]) != DnsType.Opt)
        {
            return null;
        }

        return (BinaryPrimitives.ReadUInt16BigEndian(message[(position + 3)..]), message[position + 6],
            (message[position + 7] & 0x80) != 0);
    }
}

/// <summary>One record of an answer.</summary>
/// <param name="Name">Owner, lower case, without the last dot.</param>
/// <param name="Type">Record type.</param>
/// <param name="TtlSeconds">How long it may be kept.</param>
/// <param name="Data">The data in wire form, names in it uncompressed.</param>
public sealed record DnsRecord(string Name, DnsType Type, int TtlSeconds, byte[] Data);

/// <summary>An answer to one question.</summary>
public sealed record DnsAnswer
{
    public DnsCode Code { get; init; }

    public bool IsAuthoritative { get; init; } = true;

    public IReadOnlyList<DnsRecord> Answers { get; init; } = [];

    public IReadOnlyList<DnsRecord> Authority { get; init; } = [];

    public IReadOnlyList<DnsRecord> Additional { get; init; } = [];
}

/// <summary>Writes answers and the parts of records.</summary>
public static class DnsWriter
{
    private const ushort InternetClass = 1;
    private const int PointerMask = 0xc000;
    private const int MaxPointer = 0x3fff;
    private const int EdnsSize = 1232;

    /// <summary>
    /// The message, at most <paramref name="maxBytes"/> long: without the additional records when they do not fit, else
    /// with as many answers as do, and the truncation bit set. Resolvers that never ask over TCP (musl's older ones)
    /// then have some addresses instead of none.
    /// </summary>
    public static byte[] Write(DnsQuestion question, DnsAnswer answer, int maxBytes)
    {
        var message = Write(question, answer, truncated: false);
        if (message.Length > maxBytes && answer.Additional.Count > 0)
        {
            message = Write(question, answer with { Additional = [] }, truncated: false);
        }

        if (message.Length <= maxBytes)
        {
            return message;
        }

        var (fitting, tooMany) = (0, Math.Max(1, answer.Answers.Count));
        while (tooMany - fitting > 1)
        {
            var middle = (fitting + tooMany) / 2;
            (fitting, tooMany) = Cut(middle).Length <= maxBytes ? (middle, tooMany) : (fitting, middle);
        }

        return Cut(fitting);

        byte[] Cut(int count) => Write(
            question, answer with { Answers = [.. answer.Answers.Take(count)], Authority = [], Additional = [] },
                truncated: true);
    }

    /// <summary>Nothing but the advice to ask over TCP.</summary>
    public static byte[] WriteCut(DnsQuestion question) =>
        Write(question, new DnsAnswer { IsAuthoritative = false }, truncated: true);

    /// <summary>An answer that says only that something was wrong with a message that could not be read.</summary>
    public static byte[] WriteError(ReadOnlySpan<byte> message, DnsCode code)
    {
        var result = new byte[DnsQuestion.HeaderBytes];
        message[..2].CopyTo(result);
        result[2] = (byte)(0x80 | (message[2] & 0x79));
        result[3] = (byte)code;
        return result;
    }

    /// <summary>A name in wire form.</summary>
    public static byte[] Name(string name)
    {
        var result = new MemoryStream();
        foreach (var label in name.Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            result.WriteByte((byte)label.Length);
            result.Write(Encoding.ASCII.GetBytes(label));
        }

        result.WriteByte(0);
        return result.ToArray();
    }

    private static byte[] Write(DnsQuestion question, DnsAnswer answer, bool truncated)
    {
        var output = new MemoryStream();
        Number(output, question.Id);
        output.WriteByte((byte)(0x80 | (answer.IsAuthoritative ? 4 : 0) | (truncated ? 2 : 0) | (question.RecursionDesired ? 1 : 0)));
        output.WriteByte((byte)(0x80 | ((byte)answer.Code & 0x0f)));
        Number(output, 1);
        Number(output, answer.Answers.Count);
        Number(output, answer.Authority.Count);
        Number(output, answer.Additional.Count + (question.HasEdns ? 1 : 0));
        output.Write(question.Section);
        var seen = new Dictionary<string, int>(StringComparer.Ordinal) { [question.Name] = DnsQuestion.HeaderBytes };
        foreach (var record in answer.Answers.Concat(answer.Authority).Concat(answer.Additional))
        {
            Record(output, record, seen);
        }

        if (question.HasEdns)
        {
            output.Write([0, 0, (byte)DnsType.Opt, EdnsSize >> 8, EdnsSize & 0xff, (byte)((byte)answer.Code >> 4), 0,
                0, 0, 0, 0]);
        }

        return output.ToArray();
    }

    private static void Record(MemoryStream output, DnsRecord record, Dictionary<string, int> seen)
    {
        CompressedName(output, record.Name, seen);
        Number(output, (int)record.Type);
        Number(output, InternetClass);
        Number(output, record.TtlSeconds >> 16);
        Number(output, record.TtlSeconds & 0xffff);
        Number(output, record.Data.Length);
        output.Write(record.Data);
    }

    // Owners repeat; names inside of data are left whole, which SRV demands (RFC 2782).
    private static void CompressedName(MemoryStream output, string name, Dictionary<string, int> seen)
    {
        if (seen.TryGetValue(name, out var known))
        {
            Number(output, PointerMask | known);
            return;
        }

        if (output.Position <= MaxPointer)
        {
            seen[name] = (int)output.Position;
        }

        output.Write(Name(name));
    }

    private static void Number(MemoryStream output, int number)
    {
        output.WriteByte((byte)(number >> 8));
        output.WriteByte((byte)number);
    }
}
