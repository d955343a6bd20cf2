using System.Diagnostics.Metrics;
using OrleansOrchestrator.Api.Kernel;

namespace OrleansOrchestrator.Api.Remote;

/// <summary>
/// Counts, and tells the audit log of, questions to servers whose certificates have <see cref="CertificateFlaws"/>,
/// under upstream's names (<c>x509metrics</c>).
/// </summary>
internal sealed class CertificateNotes(Counter<long> missingNames, Counter<long> sha1)
{
    private const string Counts = "[BETA] Counts the number of requests to servers ";
    private const string EitherOr = "(either/or, based on the runtime environment)";

    /// <summary>Those of servers of one sort.</summary>
    /// <param name="meters">Makes the counters.</param>
    /// <param name="servers">The sort, as upstream's metrics name it.</param>
    public static CertificateNotes Of(IMeterFactory meters, string servers)
    {
        var meter = meters.Create("OrleansOrchestrator.Api.Remote");
        return new CertificateNotes(
            meter.CreateCounter<long>(
                $"apiserver_{servers}_x509_missing_san_total",
                description: Counts + "missing SAN extension in their serving certificate OR the number of connection "
                    + $"failures due to the lack of x509 certificate SAN extension missing {EitherOr}"),
            meter.CreateCounter<long>(
                $"apiserver_{servers}_x509_insecure_sha1_total",
                description: Counts + "with insecure SHA1 signatures in their serving certificate OR the number of "
                    + $"connection failures due to the insecure SHA1 signatures {EitherOr}"));
    }

    /// <summary>A question has been asked, or could not be.</summary>
    /// <param name="flaws">Of the certificate that the server showed.</param>
    /// <param name="host">Where it was asked.</param>
    /// <param name="audit">Of the request for which it was asked; null for none.</param>
    public void Note(CertificateFlaws flaws, string host, AuditRecord? audit)
    {
        if (flaws.HasFlag(CertificateFlaws.MissingNames))
        {
            missingNames.Add(1);
            audit?.Annotate(
                $"missing-san.invalid-cert.kubernetes.io/{host}",
                "relies on a legacy Common Name field instead of the SAN extension for subject validation");
        }

        if (flaws.HasFlag(CertificateFlaws.Sha1))
        {
            sha1.Add(1);
            audit?.Annotate(
                $"insecure-sha1.invalid-cert.kubernetes.io/{host}", "uses an insecure SHA-1 signature");
        }
    }
}
