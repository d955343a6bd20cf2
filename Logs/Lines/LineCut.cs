using System.Text;

namespace OrleansOrchestrator.Logs.Lines;

/// <summary>Bounds the length of lines.</summary>
public static class LineCut
{
    /// <summary>A text in UTF-8, as far as whole characters of it fit.</summary>
    public static byte[] ToUtf8(string text, int maxBytes)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        if (bytes.Length <= maxBytes)
        {
            return bytes;
        }

        var end = maxBytes;
        while (end > 0 && IsWithinCharacter(bytes[end]))
        {
            end--;
        }

        return bytes[..end];
    }

    private static bool IsWithinCharacter(byte value) => (value & 0xC0) == 0x80;
}
