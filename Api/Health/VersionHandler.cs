using System.Buffers;
using System.Diagnostics.Metrics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.Api.Health;

/// <summary>
/// Answers <c>/version</c>. Clients compare it: gitVersion must be a semantic version, major and minor plain digits,
/// and it names the Kubernetes whose API this is.
/// </summary>
public sealed class VersionHandler : IEndpointHandler
{
    public const string Major = "1";
    public const string Minor = "36";
    public const string GitVersion = "v1.36.0";

    /// <summary>What this runs on, where upstream tells the version of Go.</summary>
    public static readonly string Runtime = $"dotnet{Environment.Version}";

    /// <summary>How this was built, by the names of fields and of labels.</summary>
    private static readonly (string Field, string Label, string Value)[] Build = [.. ReadBuild()];

    private readonly byte[] _json = Encode();

    /// <param name="meters">This host's: they tell which version runs, as upstream's parts do.</param>
    public VersionHandler(IMeterFactory meters) =>
        meters.Create("OrleansOrchestrator.Api.Version").CreateObservableGauge(
            "kubernetes_build_info",
            static () => new Measurement<int>(
                1, Build.Select(static b => new KeyValuePair<string, object?>(b.Label, b.Value))),
            description: "A metric with a constant '1' value, labelled by how this was built.");

    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext context, RequestInfo request)
    {
        if (request.Path.TrimEnd('/') != "/version")
        {
            return false;
        }

        var format = Negotiator.WantsPretty(context.Request)
            ? ResponseFormat.PlainJson with { Pretty = true }
            : ResponseFormat.PlainJson;
        await ResponseBody.SendAsync(context, format, 200, _json);
        return true;
    }

    private static byte[] Encode()
    {
        var output = new ArrayBufferWriter<byte>(512);
        using var writer = new Utf8JsonWriter(output);
        writer.WriteStartObject();
        writer.WriteString("major", Major);
        writer.WriteString("minor", Minor);
        writer.WriteString("emulationMajor", Major);
        writer.WriteString("emulationMinor", Minor);
        writer.WriteString("minCompatibilityMajor", Major);
        writer.WriteString("minCompatibilityMinor", "35");
        foreach (var (field, _, value) in Build[2..])
        {
            writer.WriteString(field, value);
        }

        writer.WriteEndObject();
        writer.Flush();
        return output.WrittenSpan.ToArray();
    }

    private static IEnumerable<(string Field, string Label, string Value)> ReadBuild()
    {
        var assembly = typeof(VersionHandler).Assembly;
        var informational =
            assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";
        var commit = informational.Contains('+', StringComparison.Ordinal)
            ? informational[(informational.IndexOf('+', StringComparison.Ordinal) + 1)..]
            : "unknown";
        var built = File.Exists(assembly.Location) ? File.GetLastWriteTimeUtc(assembly.Location) : DateTime.UnixEpoch;
        var date = built.ToApiText();
        yield return ("major", "major", Major);
        yield return ("minor", "minor", Minor);
        yield return ("gitVersion", "git_version", GitVersion);
        yield return ("gitCommit", "git_commit", commit);
        yield return ("gitTreeState", "git_tree_state", "clean");
        yield return ("buildDate", "build_date", date);
        yield return ("goVersion", "go_version", Runtime);
        yield return ("compiler", "compiler", "roslyn");
        yield return ("platform", "platform", $"linux/{Architecture()}");
    }

    /// <summary>The name that Go, and with it every image and node, gives this processor.</summary>
    private static string Architecture() => RuntimeInformation.ProcessArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => "amd64",
        var other => other.ToString().ToLowerInvariant(),
    };
}
