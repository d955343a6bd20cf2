using System.Text;
using System.Text.Json;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Cri.V1;

namespace OrleansOrchestrator.NodeAgent.Images;

/// <summary>Credentials for an image out of the pod's imagePullSecrets, best match first.</summary>
public sealed class PullSecrets(IObjectReader objects)
{
    public async Task<IReadOnlyList<AuthConfig>> ForAsync(V1Pod pod, string image, CancellationToken cancellationToken)
    {
        var found = new List<(int Match, AuthConfig Auth)>();
        var repository = ImageReference.Repository(image);
        foreach (var reference in pod.Spec.ImagePullSecrets ?? [])
        {
            if (string.IsNullOrEmpty(reference.Name))
            {
                continue;
            }

            var secret = await objects.GetSecretAsync(
                pod.Metadata.NamespaceProperty, reference.Name, cancellationToken);
            found.AddRange(Parse(secret)
                .Select(entry => (MatchLength(entry.Key, repository), entry.Value))
                .Where(entry => entry.Item1 > 0));
        }

        return [.. found.OrderByDescending(f => f.Match).Select(f => f.Auth)];
    }

    /// <summary>Reads both forms of docker configuration; anything malformed yields nothing.</summary>
    public static IReadOnlyDictionary<string, AuthConfig> Parse(V1Secret? secret)
    {
        byte[]? json = null;
        var isNewForm = secret?.Data?.TryGetValue(".dockerconfigjson", out json) == true;
        if (!isNewForm && secret?.Data?.TryGetValue(".dockercfg", out json) != true)
        {
            return new Dictionary<string, AuthConfig>();
        }

        try
        {
            using var document = JsonDocument.Parse(json!);
            var auths = isNewForm ? document.RootElement.GetProperty("auths") : document.RootElement;
            return auths.EnumerateObject().ToDictionary(p => p.Name, p => Auth(p.Value), StringComparer.Ordinal);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException
            or FormatException or ArgumentException)
        {
            return new Dictionary<string, AuthConfig>();
        }
    }

    private static AuthConfig Auth(JsonElement entry)
    {
        var config = new AuthConfig
        {
            Username = Text(entry, "username"),
            Password = Text(entry, "password"),
            IdentityToken = Text(entry, "identitytoken"),
            RegistryToken = Text(entry, "registrytoken"),
        };
        if (config.Username.Length == 0 && Text(entry, "auth") is { Length: > 0 } auth)
        {
            var pair = Encoding.UTF8.GetString(Convert.FromBase64String(auth)).Split(':', 2);
            config.Username = pair[0];
            config.Password = pair.Length > 1 ? pair[1] : "";
        }

        return config;
    }

    private static string Text(JsonElement entry, string name) =>
        entry.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    /// <summary>How much of a repository name a configured registry covers; 0 means another registry.</summary>
    private static int MatchLength(string configured, string repository)
    {
        var key = configured.Replace("https://", "", StringComparison.Ordinal)
            .Replace("http://", "", StringComparison.Ordinal).TrimEnd('/');
        key = key is "index.docker.io/v1" or "index.docker.io" ? "docker.io" : key;
        var host = key.Split('/')[0];
        var wanted = repository.Split('/')[0];
        var hostMatches = host.StartsWith("*.", StringComparison.Ordinal)
            ? wanted.EndsWith(host[1..], StringComparison.Ordinal)
            : host == wanted;
        var path = key[host.Length..];
        var pathMatches = path.Length == 0
            || (repository[wanted.Length..] + "/").StartsWith(path + "/", StringComparison.Ordinal);
        return hostMatches && pathMatches ? key.Length : 0;
    }
}
