using System.Text;

namespace OrleansOrchestrator.Golden.Fuzzing;

/// <summary>Valid bodies, embedded as files: objects as JSON, and what kubectl sends in protobuf.</summary>
internal static class FuzzBodies
{
    /// <summary>Collections and objects for them.</summary>
    public static IReadOnlyList<(string Path, byte[] Json)> All { get; } =
        [.. Lines("fuzz-bodies.txt").Select(l => l.Split(' ', 2)).Select(w => (w[0], Encoding.UTF8.GetBytes(w[1])))];

    /// <summary>Requests of kubectl's: path and protobuf body.</summary>
    public static IReadOnlyList<(string Path, byte[] Body)> Protobuf { get; } =
    [
        .. Lines("kubectl-protobuf.txt").Select(l => l.Split(' ', 3)).Where(
            w => w[0].StartsWith("POST:", StringComparison.Ordinal))
            .Select(w => (w[0]["POST:".Length..], Convert.FromHexString(w[1]))),
    ];

    private static IEnumerable<string> Lines(string resource)
    {
        using var stream = typeof(FuzzBodies).Assembly.GetManifestResourceStream(resource)!;
        using var reader = new StreamReader(stream);
        return [.. reader.ReadToEnd().Split('\n').Where(l => l.Length > 0 && l[0] != '#')];
    }
}
