using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>The files of one volume; every pair of them that cannot both be there makes a warning.</summary>
/// <param name="volume">How texts name the volume.</param>
/// <param name="texts">Where texts go.</param>
internal sealed class VirtualFiles(string volume, List<string> texts)
{
    /// <summary>Files that others are compared with, and texts that are made, as of ports.</summary>
    private const int MaxCompared = 256;

    private readonly List<(string Path, string Source)> _files = [];

    /// <summary>Adds the files of one source.</summary>
    /// <param name="paths">Where they are.</param>
    /// <param name="source">What texts say after a path.</param>
    public void Add(IEnumerable<string?> paths, string source)
    {
        foreach (var given in paths)
        {
            var path = (given ?? "").TrimEnd('/');
            if (path.Length == 0)
            {
                continue;
            }

            foreach (var (other, otherSource) in _files)
            {
                if (texts.Count < MaxCompared && Overlaps(path, other))
                {
                    var (one, two) = (GoText.Quote(path), GoText.Quote(other));
                    texts.Add($"{volume}: overlapping paths: {one}{source} with {two}{otherSource}");
                }
            }

            if (_files.Count < MaxCompared)
            {
                _files.Add((path, source));
            }
        }
    }

    private static bool Overlaps(string path, string other) =>
        path == other || IsBelow(path, other) || IsBelow(other, path);

    private static bool IsBelow(string path, string directory) =>
        path.Length > directory.Length && path[directory.Length] == '/'
            && path.StartsWith(directory, StringComparison.Ordinal);
}
