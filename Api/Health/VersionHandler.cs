using System.Buffers;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Negotiation;

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

    private readonly byte[] _json = Encode();

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
        var assembly = typeof(VersionHandler).Assembly;
        var informational =
            assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";
        var commit = informational.Contains('+', StringComparison.Ordinal)
            ? informational[(informational.IndexOf('+', StringComparison.Ordinal) + 1)..]
            : "unknown";
        var built = File.Exists(assembly.Location) ? File.GetLastWriteTimeUtc(assembly.Location) : DateTime.UnixEpoch;
        var output = new ArrayBufferWriter<byte>(512);
        using var writer = new Utf8JsonWriter(output);
        writer.WriteStartObject();
        writer.WriteString("major", Major);
        writer.WriteString("minor", Minor);
        writer.WriteString("emulationMajor", Major);
        writer.WriteString("emulationMinor", Minor);
        writer.WriteString("minCompatibilityMajor", Major);
        writer.WriteString("minCompatibilityMinor", "35");
        writer.WriteString("gitVersion", GitVersion);
        writer.WriteString("gitCommit", commit);
        writer.WriteString("gitTreeState", "clean");
        writer.WriteString("buildDate", built.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        writer.WriteString("goVersion", $"dotnet{Environment.Version}");
        writer.WriteString("compiler", "roslyn");
        writer.WriteString("platform", $"linux/{Architecture()}");
        writer.WriteEndObject();
        writer.Flush();
        return output.WrittenSpan.ToArray();
    }

    /// <summary>The name that Go, and with it every image and node, gives this processor.</summary>
    private static string Architecture() => RuntimeInformation.ProcessArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => "amd64",
        var other => other.ToString().ToLowerInvariant(),
    };
}
