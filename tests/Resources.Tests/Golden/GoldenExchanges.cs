using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace OrleansOrchestrator.Resources.Tests.Golden;

/// <summary>One recorded request and its answer.</summary>
internal sealed record GoldenStep(string Scenario, string Name, JsonElement Request, JsonElement Response)
{
    public string Method => Request.GetProperty("method").GetString()!;

    public string Path => Request.GetProperty("path").GetString()!;

    public int Status => Response.GetProperty("status").GetInt32();

    public override string ToString() => $"{Scenario}: {Name}";
}

/// <summary>Reads the recorded exchanges.</summary>
internal static partial class GoldenExchanges
{
    /// <summary>Where they lie.</summary>
    public static string Folder { get; } = FindFolder();

    public static IEnumerable<GoldenStep> Read(string scenario)
    {
        foreach (var line in File.ReadLines(System.IO.Path.Combine(Folder, scenario + ".jsonl")))
        {
            var step = JsonDocument.Parse(line).RootElement;
            if (step.TryGetProperty("request", out var request))
            {
                yield return new GoldenStep(
                    scenario, step.GetProperty("name").GetString()!, request, step.GetProperty("response"));
            }
        }
    }

    /// <summary><c>${repeat:X:N}</c> written out, as the recorder sent it.</summary>
    public static string Expand(string text) =>
        Repeat().Replace(text, m => string.Concat(Enumerable.Repeat(m.Groups[1].Value, int.Parse(m.Groups[2].Value))));

    private static string FindFolder([CallerFilePath] string self = "") => System.IO.Path.GetFullPath(
        System.IO.Path.Combine(System.IO.Path.GetDirectoryName(self)!, "../../Golden/Recorded"));

    [GeneratedRegex(@"\$\{repeat:([^:}]*):(\d+)\}")]
    private static partial Regex Repeat();
}
