using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansOrchestrator.Resources.Certificates.SigningRequests;

/// <summary>
/// The signers of Kubernetes itself, and what each of them demands of a request (upstream's
/// <c>pkg/apis/certificates/helpers.go</c> and <c>controller/certificates/signer</c>).
/// </summary>
public static class KubernetesSigners
{
    public const string ApiClient = "kubernetes.io/kube-apiserver-client";
    public const string KubeletClient = "kubernetes.io/kube-apiserver-client-kubelet";
    public const string KubeletServing = "kubernetes.io/kubelet-serving";

    /// <summary>Signs whatever it is given; nobody can ask it through this version of the API.</summary>
    public const string Legacy = "kubernetes.io/legacy-unknown";

    private const string Nodes = "system:nodes";
    private const string NodePrefix = "system:node:";
    private const string ClientAuth = "client auth";
    private const string ServerAuth = "server auth";
    private const string Signature = "digital signature";
    private const string KeyEncipherment = "key encipherment";

    private static readonly Dictionary<string, X509KeyUsageFlags> KeyUsages = new(StringComparer.Ordinal)
    {
        ["signing"] = X509KeyUsageFlags.DigitalSignature,
        [Signature] = X509KeyUsageFlags.DigitalSignature,
        ["content commitment"] = X509KeyUsageFlags.NonRepudiation,
        [KeyEncipherment] = X509KeyUsageFlags.KeyEncipherment,
        ["key agreement"] = X509KeyUsageFlags.KeyAgreement,
        ["data encipherment"] = X509KeyUsageFlags.DataEncipherment,
        ["cert sign"] = X509KeyUsageFlags.KeyCertSign,
        ["crl sign"] = X509KeyUsageFlags.CrlSign,
        ["encipher only"] = X509KeyUsageFlags.EncipherOnly,
        ["decipher only"] = X509KeyUsageFlags.DecipherOnly,
    };

    private static readonly Dictionary<string, string> ExtendedUsages = new(StringComparer.Ordinal)
    {
        ["any"] = "2.5.29.37.0",
        [ServerAuth] = "1.3.6.1.5.5.7.3.1",
        [ClientAuth] = "1.3.6.1.5.5.7.3.2",
        ["code signing"] = "1.3.6.1.5.5.7.3.3",
        ["email protection"] = "1.3.6.1.5.5.7.3.4",
        ["s/mime"] = "1.3.6.1.5.5.7.3.4",
        ["ipsec end system"] = "1.3.6.1.5.5.7.3.5",
        ["ipsec tunnel"] = "1.3.6.1.5.5.7.3.6",
        ["ipsec user"] = "1.3.6.1.5.5.7.3.7",
        ["timestamping"] = "1.3.6.1.5.5.7.3.8",
        ["ocsp signing"] = "1.3.6.1.5.5.7.3.9",
        ["microsoft sgc"] = "1.3.6.1.4.1.311.10.3.3",
        ["netscape sgc"] = "2.16.840.1.113730.4.1",
    };

    /// <summary>True for a signer whose certificates this cluster gives.</summary>
    public static bool Knows(string? signer) => signer is ApiClient or KubeletClient or KubeletServing or Legacy;

    /// <summary>Why a signer gives no certificate for a request; null when it does.</summary>
    public static string? Complaint(string signer, RequestContents request, IEnumerable<string> usages) =>
        signer switch
        {
            KubeletClient => OfKubeletClient(request, usages),
            KubeletServing => OfKubeletServing(request, usages),
            ApiClient => OfApiClient(usages),
            _ => null,
        };

    /// <summary>What a certificate's key may be used for.</summary>
    public static X509KeyUsageFlags KeyUsageOf(IEnumerable<string> usages) => usages.Aggregate(
        X509KeyUsageFlags.None, static (all, usage) => all | KeyUsages.GetValueOrDefault(usage));

    /// <summary>What a certificate may be used for, in the order of Go's constants.</summary>
    public static OidCollection ExtendedUsageOf(IReadOnlyCollection<string> usages)
    {
        var result = new OidCollection();
        foreach (var id in ExtendedUsages.Where(u => usages.Contains(u.Key)).Select(u => u.Value).Distinct())
        {
            result.Add(new Oid(id));
        }

        return result;
    }

    private static string? OfKubeletClient(RequestContents request, IEnumerable<string> usages) =>
        request.Organizations is not [Nodes] ? "subject organization is not system:nodes"
        : request.DnsNames.Count > 0 ? "DNS subjectAltNames are not allowed"
        : request.Emails.Count > 0 ? "Email subjectAltNames are not allowed"
        : request.Addresses.Count > 0 ? "IP subjectAltNames are not allowed"
        : request.Uris.Count > 0 ? "URI subjectAltNames are not allowed"
        : !IsNode(request) ? "subject common name does not begin with system:node:"
        : UsageComplaint(usages, ClientAuth);

    private static string? OfKubeletServing(RequestContents request, IEnumerable<string> usages) =>
        request.Organizations is not [Nodes] ? "subject organization is not system:nodes"
        : request.DnsNames.Count == 0 && request.Addresses.Count == 0 ? "DNS or IP subjectAltName is required"
        : request.Emails.Count > 0 ? "Email subjectAltNames are not allowed"
        : request.Uris.Count > 0 ? "URI subjectAltNames are not allowed"
        : UsageComplaint(usages, ServerAuth)
            ?? (IsNode(request) ? null : "subject common name does not begin with system:node:");

    private static string? OfApiClient(IEnumerable<string> usages)
    {
        var given = usages.ToList();
        var wrong = given.Find(static u => u is not (Signature or KeyEncipherment or ClientAuth));
        return wrong is not null ? $"invalid usage for client certificate: {wrong}"
            : given.Contains(ClientAuth) ? null
            : $"missing required usage for client certificate: {ClientAuth}";
    }

    private static bool IsNode(RequestContents request) =>
        request.CommonName.StartsWith(NodePrefix, StringComparison.Ordinal);

    /// <summary>Keys that are not RSA's encipher no keys.</summary>
    private static string? UsageComplaint(IEnumerable<string> usages, string purpose)
    {
        var given = usages.ToHashSet(StringComparer.Ordinal);
        given.Remove(KeyEncipherment);
        string[] required = [Signature, KeyEncipherment, purpose];
        return given.SetEquals([Signature, purpose])
            ? null
            : $"usages did not match [{string.Join(' ', required.Order(StringComparer.Ordinal))}]";
    }
}
