using System.Text;

namespace OrleansOrchestrator.NodeAgent.Logs;

/// <summary>The end of a CRI log file.</summary>
public static class CriLogTail
{
    /// <summary>
    /// How much of the file is looked at for a text: enough for the lines wanted with their prefixes.
    /// </summary>
    private const int WindowBytes = 64 * 1024;
    private const int BlockBytes = 64 * 1024;

    /// <summary>The last lines as text; nothing when the file cannot be read.</summary>
    public static string Read(string path, int maxLines, int maxBytes)
    {
        byte[] window;
        try
        {
            using var file = LogFile.Open(path);
            var length = file.Length;
            var start = Math.Max(PositionOf(file, maxLines), length - WindowBytes);
            window = new byte[length - start];
            file.Position = start;
            file.ReadExactly(window);
        }
        catch (IOException)
        {
            return "";
        }

        var lines = new StringBuilder();
        ReadOnlySpan<byte> rest = window;
        while (!rest.IsEmpty)
        {
            var end = rest.IndexOf((byte)'\n');
            var line = end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[(end + 1)..];
            if (CriLogLine.TryParse(line, out var parsed))
            {
                lines.Append(Encoding.UTF8.GetString(parsed.Content)).Append(parsed.IsPartial ? "" : "\n");
            }
        }

        var text = lines.ToString();
        return text.Length <= maxBytes ? text : text[^maxBytes..];
    }

    /// <summary>Where the last lines of a file begin, found backwards from its end.</summary>
    public static long PositionOf(Stream file, long lines)
    {
        if (lines == 0)
        {
            return file.Length;
        }

        var buffer = new byte[BlockBytes];
        var length = file.Length;
        var end = length;
        var found = 0L;
        while (end > 0)
        {
            var start = Math.Max(0, end - BlockBytes);
            file.Position = start;
            var block = buffer.AsSpan(0, (int)(end - start));
            file.ReadExactly(block);
            for (var i = block.Length - 1; i >= 0; i--)
            {
                // The line break at the very end belongs to the last line.
                if (block[i] == '\n' && start + i + 1 < length && ++found == lines)
                {
                    return start + i + 1;
                }
            }

            end = start;
        }

        return 0;
    }
}
