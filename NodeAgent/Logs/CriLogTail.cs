using System.Text;

namespace OrleansOrchestrator.NodeAgent.Logs;

/// <summary>The last lines of a CRI log file, as text.</summary>
public static class CriLogTail
{
    /// <summary>How much of the file is looked at: enough for the lines wanted with their prefixes.</summary>
    private const int WindowBytes = 64 * 1024;

    public static string Read(string path, int maxLines, int maxBytes)
    {
        byte[] window;
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            window = new byte[Math.Min(file.Length, WindowBytes)];
            file.Seek(-window.Length, SeekOrigin.End);
            file.ReadExactly(window);
        }
        catch (IOException)
        {
            return "";
        }

        var lines = new List<string>();
        ReadOnlySpan<byte> rest = window;
        while (!rest.IsEmpty)
        {
            var end = rest.IndexOf((byte)'\n');
            var line = end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[(end + 1)..];
            if (CriLogLine.TryParse(line, out var parsed))
            {
                lines.Add(Encoding.UTF8.GetString(parsed.Content) + (parsed.IsPartial ? "" : "\n"));
            }
        }

        var text = string.Concat(lines.TakeLast(maxLines));
        return text.Length <= maxBytes ? text : text[^maxBytes..];
    }
}
