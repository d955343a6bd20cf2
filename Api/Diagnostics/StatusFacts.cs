using System.Globalization;
using System.Text.Json;
using OrleansOrchestrator.Api.Discovery;
using OrleansOrchestrator.Api.Health;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.Api.Diagnostics;

/// <summary>What <c>/statusz</c> tells of this server.</summary>
/// <param name="Started">When the process began.</param>
/// <param name="Now">The moment for which uptime is told.</param>
/// <param name="Paths">First segments of the index's paths which are for looking into the server, in order.</param>
public sealed record StatusFacts(DateTimeOffset Started, DateTimeOffset Now, IReadOnlyList<string> Paths)
{
    private static readonly string BinaryVersion = VersionHandler.GitVersion.TrimStart('v');
    private const string EmulationVersion = $"{VersionHandler.Major}.{VersionHandler.Minor}";

    private long UptimeSeconds => Math.Max(0, (long)(Now - Started).TotalSeconds);

    /// <summary>The paths to tell, of all those of the index; upstream leaves out the API's own.</summary>
    public static IReadOnlyList<string> PathsOf(IEnumerable<string> index) =>
    [
        .. index.Select(static p => $"/{p.Split('/')[1]}")
            .Where(static p => p is not ("/" or "/api" or "/apis" or "/openid" or "/openapi" or "/.well-known"))
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
    ];

    /// <summary>For people.</summary>
    public string ToText(string delimiter)
    {
        var started = Started.UtcDateTime;
        return string.Create(CultureInfo.InvariantCulture, $"""

            Started{delimiter} {started:ddd MMM} {started.Day,2} {started:HH:mm:ss} UTC {started:yyyy}
            Up{delimiter} {UptimeSeconds / 3600} hr {UptimeSeconds / 60 % 60:00} min {UptimeSeconds % 60:00} sec
            Go version{delimiter} {VersionHandler.Runtime}
            Binary version{delimiter} {BinaryVersion}
            Emulation version{delimiter} {EmulationVersion}
            Paths{delimiter} {string.Join(' ', Paths)}

            """);
    }

    /// <summary>Fields of the object <c>Statusz</c>.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteString("startTime", Started.ToApiText());
        writer.WriteNumber("uptimeSeconds", UptimeSeconds);
        writer.WriteString("goVersion", VersionHandler.Runtime);
        writer.WriteString("binaryVersion", BinaryVersion);
        writer.WriteString("emulationVersion", EmulationVersion);
        DiscoveryDocuments.WriteTexts(writer, "paths", Paths);
    }
}
