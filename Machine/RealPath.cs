namespace OrleansOrchestrator.Machine;

/// <summary>Paths as the kernel sees them: without symbolic links.</summary>
public static class RealPath
{
    /// <summary>As many links as the kernel follows.</summary>
    private const int MaxLinks = 40;

    /// <summary>
    /// The path with all links followed that lie on the way, and the one at its end; what does not exist stays as it
    /// is.
    /// </summary>
    public static string Of(string path)
    {
        var (real, links) = ("", 0);
        var rest = new Stack<string>(Path.GetFullPath(path).Split('/').Reverse());
        while (rest.TryPop(out var part))
        {
            if (part is "" or ".")
            {
                continue;
            }

            if (part == "..")
            {
                real = real[..Math.Max(0, real.LastIndexOf('/'))];
            }
            else if (new FileInfo($"{real}/{part}").LinkTarget is not { } target)
            {
                real = $"{real}/{part}";
            }
            else if (++links > MaxLinks)
            {
                throw new IOException($"{path} leads through too many symbolic links.");
            }
            else
            {
                real = target.StartsWith('/') ? "" : real;
                foreach (var step in target.Split('/').Reverse())
                {
                    rest.Push(step);
                }
            }
        }

        return real.Length == 0 ? "/" : real;
    }

    /// <summary>The path with all links followed that lie on the way, but not one at its end.</summary>
    public static string OfEntry(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        return Path.GetDirectoryName(full) is { } parent ? Path.Combine(Of(parent), Path.GetFileName(full)) : full;
    }
}
