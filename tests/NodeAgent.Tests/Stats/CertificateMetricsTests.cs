using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.NodeAgent.Credentials;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Stats;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Stats;

public sealed class CertificateMetricsTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orc-certificates-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void How_long_certificates_are_good_is_told_under_upstreams_names()
    {
        var options = Options("bootstrap.conf", rotates: true);
        var credentials = new NodeCredentials(options, TimeProvider.System, NullLoggerFactory.Instance);
        Replace(credentials.Client, Now.AddHours(1));
        Replace(credentials.Serving, Now.AddMinutes(-1));
        credentials.Client.NoteFailure();
        Assert.Equal(
            [
                "kubelet_certificate_manager_client_ttl_seconds 3600",
                "kubelet_certificate_manager_client_expiration_renew_errors 1",
                "kubelet_certificate_manager_server_ttl_seconds -60",
                "kubelet_server_expiration_renew_errors 0",
            ],
            Samples(options, credentials));
    }

    [Fact]
    public void Nothing_is_told_of_certificates_that_are_not_rotated_or_not_there_yet()
    {
        var options = Options("", rotates: true);
        var credentials = new NodeCredentials(options, TimeProvider.System, NullLoggerFactory.Instance);
        Assert.Equal(["kubelet_server_expiration_renew_errors 0"], Samples(options, credentials));
    }

    private static IEnumerable<string> Samples(NodeAgentOptions options, NodeCredentials credentials)
    {
        var text = new MetricsText();
        CertificateMetrics.Write(text, options, credentials, Now);
        return text.ToString().Split('\n').Where(static l => l.Length > 0 && l[0] != '#');
    }

    private static void Replace(CertificateFile file, DateTimeOffset end)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=n1", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(end.AddHours(-2), end);
        file.Replace(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    private NodeAgentOptions Options(string bootstrap, bool rotates) => new()
    {
        NodeName = "n1", DataDirectory = _directory.FullName, Kubeconfig = "kubelet.conf",
        BootstrapKubeconfig = bootstrap, RotateServerCertificates = rotates,
    };
}
