using k8s;
using OrleansOrchestrator.NodeAgent.Node;

namespace OrleansOrchestrator.NodeAgent.Credentials;

/// <summary>Rotates the certificates that the cluster has given the node, for as long as the agent runs.</summary>
public sealed class CredentialKeeper(
    NodeAgentOptions options, NodeCredentials credentials, NodeFacts facts, IKubernetes client, TimeProvider time,
    ILogger<CredentialKeeper> logger) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        Rotations().Select(r => r.RunAsync(stoppingToken)));

    private IEnumerable<CertificateRotation> Rotations()
    {
        if (options.BootstrapKubeconfig.Length > 0)
        {
            yield return Rotation(credentials.Client, CertificateWish.Client(options.NodeName));
        }

        if (options.RotateServerCertificates)
        {
            yield return Rotation(
                credentials.Serving, CertificateWish.Serving(options.NodeName, facts.Addresses));
        }
    }

    private CertificateRotation Rotation(CertificateFile file, CertificateWish wish) =>
        new(file, wish, new SigningRequests(credentials.Asker(client), time, logger), new Random(), time, logger);
}
