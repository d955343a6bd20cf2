using System.Text;
using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Cluster;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>
/// What a driver is told besides the volume: Secrets that the volume refers to and, where its CSIDriver asks for them,
/// who the pod is and tokens of its service account.
/// </summary>
public sealed class CsiFacts(
    IObjectReader objects, IClusterApi api, TimeProvider time, ILogger<CsiFacts> logger)
{
    private const string TokensKey = "csi.storage.k8s.io/serviceAccount.tokens";

    /// <summary>Apart from those of projected volumes: a driver is told again only when it asks for that.</summary>
    private readonly TokenCache _tokens = new(api, time, logger);

    /// <summary>What the Secret holds; nothing without a reference.</summary>
    /// <param name="reference">Names it.</param>
    /// <param name="field">The reference's name, for the error.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<Dictionary<string, string>> SecretsAsync(
        V1SecretReference? reference, string field, CancellationToken cancellationToken)
    {
        if (reference is null)
        {
            return [];
        }

        var (space, name) = (reference.NamespaceProperty, reference.Name);
        var secret = await objects.ReadSecretAsync(space, name, cancellationToken)
            ?? throw new VolumeException(
                $"fetching {field} {space}/{name} failed: kubernetes.io/csi: failed to find the secret {name} in the " +
                $"namespace {space} with error: secrets \"{name}\" not found");
        return (secret.Data ?? new Dictionary<string, byte[]>()).ToDictionary(
            static d => d.Key, static d => Encoding.UTF8.GetString(d.Value), StringComparer.Ordinal);
    }

    /// <summary>The volume's attributes, with what the driver wants to know of the pod.</summary>
    public static Dictionary<string, string> Context(CsiMount mount, V1CSIDriver? definition)
    {
        var context = new Dictionary<string, string>(mount.Attributes, StringComparer.Ordinal);
        if (definition?.Spec.PodInfoOnMount == true)
        {
            var meta = mount.Pod.Metadata;
            context["csi.storage.k8s.io/pod.name"] = meta.Name;
            context["csi.storage.k8s.io/pod.namespace"] = meta.NamespaceProperty;
            context["csi.storage.k8s.io/pod.uid"] = meta.Uid;
            context["csi.storage.k8s.io/serviceAccount.name"] = mount.Pod.Spec.ServiceAccountName ?? "";
            context["csi.storage.k8s.io/ephemeral"] = mount.Persistent is null ? "true" : "false";
        }

        return context;
    }

    /// <summary>Adds the tokens that the driver asks for, where it wants them.</summary>
    public async Task AddTokensAsync(
        CsiMount mount, V1CSIDriver? definition, Dictionary<string, string> context,
        Dictionary<string, string> secrets, CancellationToken cancellationToken)
    {
        if (definition?.Spec.TokenRequests is not { Count: > 0 } requests)
        {
            return;
        }

        var tokens = new JsonObject();
        foreach (var request in requests.OrderBy(static r => r.Audience, StringComparer.Ordinal))
        {
            var status = await _tokens.GetStatusAsync(
                mount.Pod, request.Audience ?? "", request.ExpirationSeconds, cancellationToken);
            tokens[request.Audience ?? ""] = new JsonObject
            {
                ["token"] = status.Token,
                ["expirationTimestamp"] = status.ExpirationTimestamp?.ToUniversalTime().ToApiText(),
            };
        }

        (definition.Spec.ServiceAccountTokenInSecrets == true ? secrets : context)[TokensKey] = tokens.ToJsonString();
    }

    public void Forget(string podUid) => _tokens.Forget(podUid);
}
