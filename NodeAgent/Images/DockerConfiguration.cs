using System.Text;
using System.Text.Json;
using OrleansOrchestrator.NodeAgent.Cri.V1;

namespace OrleansOrchestrator.NodeAgent.Images;

/// <summary>Credentials by registry as docker's clients write them.</summary>
public static class DockerConfiguration
{
    /// <summary>Reads one; null of what is malformed.</summary>
    /// <param name="json">The text.</param>
    /// <param name="hasAuths">The registries are below <c>auths</c>, and not the whole, as they were once.</param>
    public static IReadOnlyDictionary<string, AuthConfig>? Read(ReadOnlyMemory<byte> json, bool hasAuths)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var auths = hasAuths ? document.RootElement.GetProperty("auths") : document.RootElement;
            return auths.EnumerateObject().ToDictionary(p => p.Name, p => Auth(p.Value), StringComparer.Ordinal);
        }
        catch (Exception bad) when (bad is JsonException or KeyNotFoundException or InvalidOperationException
            or FormatException or ArgumentException)
        {
            return null;
        }
    }

    // A user and password that are given as such lose against "auth", as upstream has it.
    private static AuthConfig Auth(JsonElement entry)
    {
        var config = new AuthConfig
        {
            Username = Text(entry, "username"),
            Password = Text(entry, "password"),
            IdentityToken = Text(entry, "identitytoken"),
            RegistryToken = Text(entry, "registrytoken"),
        };
        if (Text(entry, "auth").Trim() is { Length: > 0 } auth)
        {
            var padded = auth.PadRight((auth.Length + 3) / 4 * 4, '=');
            var pair = Encoding.UTF8.GetString(Convert.FromBase64String(padded)).Split(':', 2);
            config.Username = pair[0];
            config.Password = pair.Length > 1 ? pair[1] : throw new FormatException("auth holds no user and password");
        }

        return config;
    }

    private static string Text(JsonElement entry, string name) =>
        entry.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}
