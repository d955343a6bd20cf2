using System.Security.Cryptography;
using System.Text.Json;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Cri.V1;

namespace OrleansOrchestrator.NodeAgent.Images;

/// <summary>What a registry is shown.</summary>
/// <param name="Auth">User and password, or a token.</param>
/// <param name="Source">The Secret that it came from.</param>
/// <param name="Account">
/// The account that it was got for. Without either it is the node's own, and everybody's.
/// </param>
public sealed record PullCredential(AuthConfig Auth, PullSecretSource? Source, PullAccountSource? Account = null);

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
        return key is not null && secret!.Data?.TryGetValue(key, out json) == true
            ? DockerConfiguration.Read(json!, secret.Type == JsonType) ?? new Dictionary<string, AuthConfig>()
            : new Dictionary<string, AuthConfig>();
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

    private static string Hash(AuthConfig auth) =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(
        (string[])[auth.Username, auth.Password, auth.IdentityToken, auth.RegistryToken])));
}
