using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Cri.V1;

namespace OrleansOrchestrator.NodeAgent.Images;

/// <summary>What a registry is shown, and the Secret that it came from.</summary>
public sealed record PullCredential(AuthConfig Auth, PullSecretSource? Source);

/// <summary>What a pod may show to the registry of one image, and which of its secrets are not there.</summary>
public sealed record PodPullCredentials(
    IReadOnlyList<PullCredential> Credentials, IReadOnlyList<string> MissingSecrets);

/// <summary>Credentials for an image out of the pod's imagePullSecrets, best match first.</summary>
public sealed class PullSecrets(IObjectReader objects)
{
    private const string JsonType = "kubernetes.io/dockerconfigjson";
    private const string LegacyType = "kubernetes.io/dockercfg";

    public async Task<PodPullCredentials> ForAsync(V1Pod pod, string image, CancellationToken cancellationToken)
    {
        var keyring = new RegistryKeyring();
        var missing = new List<string>();
        foreach (var name in (pod.Spec.ImagePullSecrets ?? []).Select(r => r.Name).Where(n => !string.IsNullOrEmpty(n)))
        {
            if (await objects.GetSecretAsync(pod.Metadata.NamespaceProperty, name, cancellationToken) is { } secret)
            {
                Add(keyring, secret);
            }
            else
            {
                missing.Add(name);
            }
        }

        return new PodPullCredentials(keyring.Lookup(ImageReference.Repository(image)), missing);
    }

    /// <summary>
    /// Reads both forms of docker configuration; anything malformed, or of another type, yields nothing.
    /// </summary>
    public static IReadOnlyDictionary<string, AuthConfig> Parse(V1Secret? secret)
    {
        var key = secret?.Type switch { JsonType => ".dockerconfigjson", LegacyType => ".dockercfg", _ => null };
        byte[]? json = null;
        if (key is null || secret!.Data?.TryGetValue(key, out json) != true)
        {
            return new Dictionary<string, AuthConfig>();
        }

        try
        {
            using var document = JsonDocument.Parse(json!);
            var auths = secret.Type == JsonType ? document.RootElement.GetProperty("auths") : document.RootElement;
            return auths.EnumerateObject().ToDictionary(p => p.Name, p => Auth(p.Value), StringComparer.Ordinal);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException
            or FormatException or ArgumentException)
        {
            return new Dictionary<string, AuthConfig>();
        }
    }

    private static void Add(RegistryKeyring keyring, V1Secret secret)
    {
        foreach (var (registry, auth) in Parse(secret))
        {
            keyring.Add(registry, new PullCredential(auth, new PullSecretSource
            {
                Uid = secret.Metadata.Uid ?? "",
                Namespace = secret.Metadata.NamespaceProperty ?? "",
                Name = secret.Metadata.Name,
                CredentialHash = Hash(auth),
            }));
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

    private static string Hash(AuthConfig auth) =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(
        (string[])[auth.Username, auth.Password, auth.IdentityToken, auth.RegistryToken])));
}
