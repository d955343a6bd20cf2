using OrleansOrchestrator.NodeAgent.Credentials;
using OrleansOrchestrator.NodeAgent.Metrics;

namespace OrleansOrchestrator.NodeAgent.Stats;

/// <summary>
/// How long the certificates that the cluster gives the node are still good, and how often the next one could not be
/// had: what alerts on kubelets ask for. Nothing is said of certificates that are not rotated.
/// </summary>
public static class CertificateMetrics
{
    public static void Write(
        MetricsText text, NodeAgentOptions options, NodeCredentials credentials, DateTimeOffset now)
    {
        if (options.BootstrapKubeconfig.Length > 0)
        {
            Write(
                text, credentials.Client, "client", "kubelet_certificate_manager_client_expiration_renew_errors", now);
        }

        if (options.RotateServerCertificates)
        {
            Write(text, credentials.Serving, "server", "kubelet_server_expiration_renew_errors", now);
        }
    }

    private static void Write(
        MetricsText text, CertificateFile file, string part, string failures, DateTimeOffset now)
    {
        var name = $"kubelet_certificate_manager_{part}_ttl_seconds";
        text.Family(
            name, "gauge",
            $"[ALPHA] Gauge of the shortest TTL (time-to-live) of the Kubelet's {part} certificate. The value is in "
            + "seconds until certificate expiry (negative if already expired).")
            .Sample(
                name,
                file.Current is { } current
                    ? Math.Truncate((current.NotAfter.ToUniversalTime() - now.UtcDateTime).TotalSeconds)
                    : null,
                null);
        text.Family(failures, "counter", "[ALPHA] Counter of certificate renewal errors.")
            .Sample(failures, file.Failures, null);
    }
}
