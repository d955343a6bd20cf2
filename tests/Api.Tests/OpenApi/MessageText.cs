using System.Text;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.OpenApi;

/// <summary>Shows protobuf messages as texts.</summary>
internal static class MessageText
{
    /// <summary>What reads as a message is one, of which all fields are known; everything else is a text.</summary>
    public static string Show(ReadOnlySpan<byte> message)
    {
        var shown = new List<string>();
        while (!message.IsEmpty)
        {
            var tag = Varint(ref message);
            if ((tag & 7) == 0)
            {
                shown.Add($"{tag >> 3}:{Varint(ref message)}");
                continue;
            }

            Assert.Equal(2ul, tag & 7);
            var length = (int)Varint(ref message);
            shown.Add($"{tag >> 3}:{Value(message[..length])}");
            message = message[length..];
        }

        return string.Join(' ', shown);
    }

    private static string Value(ReadOnlySpan<byte> value) =>
        value.Length > 1 && value[0] % 8 is 2 or 0 && value[0] < 0xff && IsMessage(value)
            ? $"({Show(value)})"
            : $"'{Encoding.UTF8.GetString(value)}'";

    private static bool IsMessage(ReadOnlySpan<byte> value)
    {
        while (!value.IsEmpty)
        {
            var tag = value[0];
            var rest = value[(tag < 0x80 ? 1 : 2)..];
            if (rest.IsEmpty || (tag & 7) is not (0 or 2))
            {
                return false;
            }

            var size = (tag & 7) == 0 ? 1 : rest[0] + 1;
            if (size > rest.Length || rest[0] >= 0x80)
            {
                return false;
            }

            value = rest[size..];
        }

        return true;
    }

    /// <summary>Reads a number, and what is left of the message behind it.</summary>
    public static ulong Varint(ref ReadOnlySpan<byte> message)
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var next = message[0];
            message = message[1..];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }
}
