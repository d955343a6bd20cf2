using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Certificates;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>
/// Users of client certificates. The chain is built once a connection, not once a request: it costs more than most
/// requests. That a certificate is in its time is asked of every request, so that it takes its connection's rights
/// along when it ends.
/// </summary>
public sealed class ClientCertificates(TrustStore trustStore, AccessMetrics metrics, TimeProvider time)
{
    private const string CredentialIdKey = "authentication.kubernetes.io/credential-id";

    private readonly ConditionalWeakTable<X509Certificate2, Judged> _judged = new();

    /// <summary>
    /// Whose it is; null when it is not of the cluster's authority, not for clients, or not in its time.
    /// </summary>
    public async ValueTask<UserIdentity?> FindUserAsync(X509Certificate2 certificate)
    {
        if (!_judged.TryGetValue(certificate, out var judged))
        {
            var trust = await trustStore.Trust;
            judged = _judged.GetValue(certificate, c => Judge(c, trust));
        }

        var now = time.GetUtcNow();
        metrics.CertificateShown(judged.Until - now);
        return now >= judged.From && now <= judged.Until ? judged.User : null;
    }

    private static Judged Judge(X509Certificate2 certificate, LoadedTrust trust) => new(
        trust.IsTrustedClient(certificate) ? UserOf(certificate) : null,
        certificate.NotBefore.ToUniversalTime(),
        certificate.NotAfter.ToUniversalTime());

    private static UserIdentity? UserOf(X509Certificate2 certificate)
    {
        var name = SubjectNames.CommonName(certificate.SubjectName);
        return name.Length == 0 || SubjectNames.Uid(certificate.SubjectName) is not { } uid ? null : new UserIdentity
        {
            Name = name,
            Uid = uid,
            Groups = [.. SubjectNames.Organizations(certificate.SubjectName), SystemNames.Authenticated],
            Extra = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal)
            {
                [CredentialIdKey] = [$"X509SHA256={Convert.ToHexStringLower(SHA256.HashData(certificate.RawDataMemory.Span))}"],
            },
        };
    }

    /// <summary>What was found out about a certificate: whose it is, apart from its time.</summary>
    private sealed record Judged(UserIdentity? User, DateTimeOffset From, DateTimeOffset Until);
}
