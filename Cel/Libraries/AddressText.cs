using System.Buffers.Binary;
using System.Globalization;
using System.Net;

namespace OrleansOrchestrator.Cel.Libraries;

/// <summary>IP addresses as texts, read and printed as by Go's <c>net/netip</c>, with its reasons.</summary>
internal static class AddressText
{
    /// <summary>The bytes of an IPv6 address.</summary>
    private const int Six = 16;

    /// <summary>An address; or null and why the text is none, in Go's words.</summary>
    /// <param name="hasZone">It says on which interface it is: <c>fe80::1%eth0</c>.</param>
    public static IPAddress? Parse(string text, out bool hasZone, out string complaint)
    {
        hasZone = false;
        var bytes = new byte[Six];
        string? wrong;
        switch (text.AsSpan().IndexOfAny('.', ':', '%') is >= 0 and var at ? text[at] : ' ')
        {
            case '.':
                bytes = new byte[4];
                wrong = ReadFour(text, bytes);
                break;
            case ':':
                wrong = ReadZoned(text, bytes, out hasZone);
                break;
            case '%':
                wrong = "missing IPv6 address";
                break;
            default:
                wrong = "unable to parse IP";
                break;
        }

        complaint = wrong is null ? "" : $"ParseAddr(\"{text}\"): {wrong}";
        return wrong is null ? new IPAddress(bytes) : null;
    }

    /// <summary>The shortest text of an address; the longest row of zeros is left out.</summary>
    public static string Print(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        if (bytes.Length < Six)
        {
            return address.ToString();
        }

        var groups = Enumerable.Range(0, 8)
            .Select(i => BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(2 * i))).ToArray();
        var (start, length) = LongestZeros(groups);
        return length < 2
            ? Joined(groups)
            : $"{Joined(groups[..start])}::{Joined(groups[(start + length)..])}";
    }

    private static string Joined(ushort[] groups) =>
        string.Join(':', groups.Select(static g => g.ToString("x", CultureInfo.InvariantCulture)));

    private static (int Start, int Length) LongestZeros(ushort[] groups)
    {
        var longest = (Start: 0, Length: 0);
        for (var i = 0; i < groups.Length; i++)
        {
            var length = groups.Skip(i).TakeWhile(static g => g == 0).Count();
            longest = length > longest.Length ? (i, length) : longest;
        }

        return longest;
    }

    private static string At(string wrong, ReadOnlySpan<char> rest) => $"{wrong} (at \"{rest}\")";

    /// <summary>What is wrong with four numbers with dots between; null for nothing.</summary>
    private static string? ReadFour(ReadOnlySpan<char> text, Span<byte> bytes)
    {
        var (value, digits, place) = (0, 0, 0);
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsAsciiDigit(text[i]))
            {
                if (digits == 1 && value == 0)
                {
                    return "IPv4 field has octet with leading zero";
                }

                (value, digits) = ((value * 10) + text[i] - '0', digits + 1);
                if (value > byte.MaxValue)
                {
                    return "IPv4 field has value >255";
                }

                continue;
            }

            if (text[i] != '.')
            {
                return At("unexpected character", text[i..]);
            }

            if (digits == 0 || i == text.Length - 1)
            {
                return At("IPv4 field must have at least one digit", text[i..]);
            }

            if (place == 3)
            {
                return "IPv4 address too long";
            }

            bytes[place++] = (byte)value;
            (value, digits) = (0, 0);
        }

        bytes[place] = (byte)value;
        return place < 3 ? "IPv4 address too short" : null;
    }

    private static string? ReadZoned(string text, Span<byte> bytes, out bool hasZone)
    {
        var percent = text.IndexOf('%', StringComparison.Ordinal);
        hasZone = percent >= 0;
        return percent == text.Length - 1 ? "zone must be a non-empty string"
            : ReadSix(hasZone ? text.AsSpan(0, percent) : text, bytes);
    }

    /// <summary>What is wrong with an IPv6 address; null for nothing.</summary>
    private static string? ReadSix(ReadOnlySpan<char> rest, Span<byte> bytes)
    {
        var (place, gap) = (0, -1);
        if (rest.StartsWith("::", StringComparison.Ordinal))
        {
            gap = 0;
            rest = rest[2..];
        }

        while (place < Six && !(rest.IsEmpty && gap == place))
        {
            if (ReadGroup(rest, out var digits, out var value) is { } wrong)
            {
                return wrong;
            }

            if (digits < rest.Length && rest[digits] == '.')
            {
                return ReadTail(rest, bytes, place, gap);
            }

            BinaryPrimitives.WriteUInt16BigEndian(bytes[place..], value);
            place += 2;
            rest = rest[digits..];
            if (rest.IsEmpty)
            {
                break;
            }

            if (ReadColon(ref rest, ref gap, place) is { } misplaced)
            {
                return misplaced;
            }
        }

        return rest.IsEmpty ? Widen(bytes, place, gap) : At("trailing garbage after address", rest);
    }

    private static string? ReadGroup(ReadOnlySpan<char> rest, out int digits, out ushort value)
    {
        (digits, value) = (0, 0);
        while (digits < rest.Length && char.IsAsciiHexDigit(rest[digits]))
        {
            if (digits > 3)
            {
                return At("each group must have 4 or less digits", rest);
            }

            value = (ushort)((value << 4) + Convert.ToInt32(rest[digits].ToString(), 16));
            digits++;
        }

        return digits == 0 ? At("each colon-separated field must have at least one digit", rest) : null;
    }

    /// <summary>The colon after a group, and a second one, which stands for zeros.</summary>
    private static string? ReadColon(ref ReadOnlySpan<char> rest, ref int gap, int place)
    {
        if (rest[0] != ':')
        {
            return At("unexpected character, want colon", rest);
        }

        if (rest.Length == 1)
        {
            return At("colon must be followed by more characters", rest);
        }

        rest = rest[1..];
        if (rest[0] != ':')
        {
            return null;
        }

        if (gap >= 0)
        {
            return At("multiple :: in address", rest);
        }

        gap = place;
        rest = rest[1..];
        return null;
    }

    /// <summary>The last four bytes, written as an IPv4 address.</summary>
    private static string? ReadTail(ReadOnlySpan<char> rest, Span<byte> bytes, int place, int gap) =>
        gap < 0 && place != Six - 4
            ? At("embedded IPv4 address must replace the final 2 fields of the address", rest)
        : place + 4 > Six ? At("too many hex fields to fit an embedded IPv4 at the end of the address", rest)
        : ReadFour(rest, bytes[place..]) ?? Widen(bytes, place + 4, gap);

    /// <summary>Puts the zeros in where they were left out.</summary>
    private static string? Widen(Span<byte> bytes, int length, int gap)
    {
        if (length == Six)
        {
            return gap < 0 ? null : "the :: must expand to at least one field of zeros";
        }

        if (gap < 0)
        {
            return "address string too short";
        }

        bytes[gap..length].CopyTo(bytes[(Six - length + gap)..]);
        bytes[gap..(Six - length + gap)].Clear();
        return null;
    }
}
