using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Interfaces.Security;
using OrleansOrchestrator.Machine;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>
/// Writes the credentials that this machine needs once the API listens: the admin kubeconfig and those of the node.
/// </summary>
public sealed class CredentialWriter(TrustStore trustStore, SiloOptions options, IServer server)
{
    private static readonly TimeSpan Validity = TimeSpan.FromDays(365);

    /// <summary>The address under which this machine reaches the API.</summary>
    public string LocalUrl =>
        new UriBuilder("https", LocalAddress.ToString(), Port).Uri.GetLeftPart(UriPartial.Authority);

    private IPAddress LocalAddress =>
        options.BindAddress.Equals(IPAddress.Any) || options.BindAddress.Equals(IPAddress.IPv6Any)
            ? IPAddress.Loopback
            : options.BindAddress;

    private int Port => new Uri(server.Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;

    /// <summary>Writes what the options ask for.</summary>
    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        if (options.AdminKubeconfig is { } adminFile)
        {
            var order = new CertificateOrder
            {
                CommonName = "kubernetes-admin", Organizations = [SystemNames.Masters], Validity = Validity,
            };
            await WriteKubeconfigAsync(adminFile, order, cancellationToken);
        }

        if (options.NodeCredentials is { } directory)
        {
            await WriteNodeAsync(directory, cancellationToken);
        }
    }

    private async Task WriteNodeAsync(string directory, CancellationToken cancellationToken)
    {
        var client = new CertificateOrder
        {
            CommonName = SystemNames.NodePrefix + options.NodeName,
            Organizations = [SystemNames.Nodes, SystemNames.NodeNetwork],
            Validity = Validity,
        };
        await WriteKubeconfigAsync(Path.Combine(directory, "node.conf"), client, cancellationToken);
        var serving = await trustStore.Signer.IssueAsync(
            new CertificateOrder
            {
                CommonName = SystemNames.NodePrefix + options.NodeName,
                Organizations = [SystemNames.Nodes],
                DnsNames = [options.NodeName, "localhost"],
                IpAddresses = [options.NodeAddress.ToString(), "127.0.0.1"],
                Validity = Validity,
            },
            cancellationToken);
        var trust = await trustStore.Trust;
        OwnFiles.Write(Path.Combine(directory, "node-serving.crt"), serving.CertificatePem);
        OwnFiles.Write(Path.Combine(directory, "node-serving.key"), serving.KeyPem);
        OwnFiles.Write(Path.Combine(directory, "ca.crt"), trust.Public.AuthorityPem);
    }

    private async Task WriteKubeconfigAsync(string path, CertificateOrder order, CancellationToken cancellationToken)
    {
        var trust = await trustStore.Trust;
        var issued = await trustStore.Signer.IssueAsync(order, cancellationToken);
        Kubeconfig.Write(path, LocalUrl, trust.Public.AuthorityPem, order.CommonName, issued.CertificatePem, issued.KeyPem);
    }
}
