using System.Security.Cryptography.X509Certificates;

namespace OrleansOrchestrator.NodeAgent.Credentials;

/// <summary>When a certificate is to be replaced.</summary>
public static class RotationTimes
{
    private const double Earliest = 0.7;
    private const double Spread = 0.2;

    /// <summary>
    /// Between seven and nine tenths of its life, by chance: nodes that began together do not ask together.
    /// </summary>
    /// <param name="from">When it begins.</param>
    /// <param name="until">When it ends.</param>
    /// <param name="chance">From 0 to 1.</param>
    public static DateTimeOffset Deadline(DateTimeOffset from, DateTimeOffset until, double chance) =>
        from + ((until - from) * (Earliest + (Spread * chance)));

    /// <summary>How long a certificate stays; nothing, or less, of one that is over.</summary>
    public static TimeSpan Left(X509Certificate2 certificate, DateTimeOffset now, double chance) =>
        Deadline(certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime(), chance) - now;

    /// <summary>The certificate can be shown now.</summary>
    public static bool IsGood(X509Certificate2? certificate, DateTimeOffset now) =>
        certificate is not null && certificate.NotBefore.ToUniversalTime() <= now.UtcDateTime
        && now.UtcDateTime < certificate.NotAfter.ToUniversalTime();
}
