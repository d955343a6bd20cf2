using System.ComponentModel;
using System.Text;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Environments;

/// <summary>
/// Variables that a container wrote into a file for others: lines of <c>NAME='value'</c>, a subset of what a shell
/// reads. A value is all between its quotes, line breaks too; comments and empty lines are passed over. The volume is a
/// container's, so the file is opened with the kernel's promise to stay beneath it, and nothing is told of what it
/// holds.
/// </summary>
public static class EnvironmentFile
{
    private const int MaxKeyCharacters = 128;
    private const int MaxValueBytes = 32 * 1024;

    /// <summary>How far a file is read: more than that is no list of variables.</summary>
    private const int MaxFileCharacters = 1024 * 1024;

    private static readonly char[] Blanks = [' ', '\t'];

    /// <summary>The variable's value; null leaves it away.</summary>
    public static string? Read(V1FileKeySelector selector, IReadOnlyDictionary<string, string> volumes)
    {
        if (!volumes.TryGetValue(selector.VolumeName, out var volume))
        {
            throw new ContainerConfigException(
                $"cannot find the volume \"{selector.VolumeName}\" referenced by FileKeyRef");
        }

        if (selector.Key.Length > MaxKeyCharacters)
        {
            throw new ContainerConfigException(
                $"environment variable key \"{selector.Key}\" exceeds maximum length of {MaxKeyCharacters} characters");
        }

        var value = Find(volume, selector.Path, selector.Key);
        if (Encoding.UTF8.GetByteCount(value) > MaxValueBytes)
        {
            throw new ContainerConfigException(
                $"environment variable value for key \"{selector.Key}\" exceeds maximum size of 32KB");
        }

        return value.Length > 0 ? value
            : selector.Optional == true ? null
            : throw new ContainerConfigException(
                $"environment variable key \"{selector.Key}\" not found in file \"{selector.Path}\"");
    }

    /// <summary>The value of a key in a text; empty when it is not there, or has none.</summary>
    /// <exception cref="FormatException">The text before it is not what such a file is made of.</exception>
    public static string Find(string text, string key)
    {
        using var lines = new StringReader(text);
        while (lines.ReadLine() is { } line)
        {
            var start = line.TrimStart(Blanks);
            if (start.Length > 0 && start[0] != '#' && Assignment(start, lines) is var (name, value) && name == key)
            {
                return value;
            }
        }

        return "";
    }

    private static string Find(string volume, string path, string key)
    {
        try
        {
            using var root = Linux.OpenDirectory(volume);
            using var opened = Linux.OpenBeneath(root, path, LinkRule.Beneath);
            return Find(Text(opened.ProcPath), key);
        }
        catch (Exception exception) when (exception is Win32Exception or IOException or FormatException)
        {
            throw new ContainerConfigException("couldn't parse env file");
        }
    }

    /// <summary>Nothing but a plain file is opened: a pipe, say, would be waited for.</summary>
    private static string Text(string path)
    {
        var buffer = new char[MaxFileCharacters + 1];
        if (Linux.KindOf(path) != FileKind.Regular)
        {
            throw new FormatException("it is no file");
        }

        using var reader = new StreamReader(path);
        var read = reader.ReadBlock(buffer);
        return read <= MaxFileCharacters ? new string(buffer, 0, read) : throw new FormatException("it is too large");
    }

    /// <summary>A blank after the sign makes an empty value, as in a shell.</summary>
    private static (string Name, string Value) Assignment(string line, StringReader more)
    {
        var sign = line.IndexOf('=', StringComparison.Ordinal);
        if (sign <= 0 || Blanks.Contains(line[sign - 1]))
        {
            throw new FormatException("a line has no name before its sign");
        }

        var rest = line[(sign + 1)..];
        return (line[..sign], rest.IndexOfAny(Blanks) == 0 ? "" : Quoted(rest, more));
    }

    private static string Quoted(string rest, StringReader more)
    {
        if (!rest.StartsWith('\''))
        {
            throw new FormatException("a value is not in single quotes");
        }

        var value = new StringBuilder();
        var line = rest[1..];
        int end;
        while ((end = line.IndexOf('\'', StringComparison.Ordinal)) < 0)
        {
            value.Append(line).Append('\n');
            line = more.ReadLine() ?? throw new FormatException("a value does not end");
        }

        var after = line[(end + 1)..].TrimStart(Blanks);
        return after.Length == 0 || after[0] == '#'
            ? value.Append(line, 0, end).ToString()
            : throw new FormatException("something follows a value");
    }
}
