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
public sealed class CredentialWriter(
    TrustStore trustStore, SiloOptions options, IServer server, TimeProvider time)
{
    /// <summary>The user of the admin kubeconfig.</summary>
    public const string Admin = "kubernetes-admin";

    /// <summary>How long a certificate has to be good still, so that it is not replaced.</summary>
    private static readonly TimeSpan Renewal = TimeSpan.FromDays(90);

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
        if (options.NodeCredentials is { } directory)
        {
            await WriteNodeAsync(directory, cancellationToken);
        }

        if (options.AdminKubeconfig is { } adminFile)
        {
            await WriteAdminAsync(adminFile, cancellationToken);
        }
    }

    /// <summary>A file that works is left alone: people keep their namespace in it, and other clusters.</summary>
    private async Task WriteAdminAsync(string path, CancellationToken cancellationToken)
    {
        var trust = await trustStore.Trust;
        if (!Kubeconfig.IsGood(path, LocalUrl, trust.Public.AuthorityPem, Admin, time.GetUtcNow() + Renewal))
        {
            var order = new CertificateOrder
            {
                CommonName = Admin, Organizations = [SystemNames.Masters], Validity = Validity,
            };
            await WriteKubeconfigAsync(path, order, cancellationToken);
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

        // The last: once it is there, so is all that a node needs.
        await WriteKubeconfigAsync(Path.Combine(directory, "node.conf"), client, cancellationToken);
    }

    private async Task WriteKubeconfigAsync(string path, CertificateOrder order, CancellationToken cancellationToken)
    {
        var trust = await trustStore.Trust;
        var issued = await trustStore.Signer.IssueAsync(order, cancellationToken);
        Kubeconfig.Write(
            path, LocalUrl, trust.Public.AuthorityPem, order.CommonName, issued.CertificatePem, issued.KeyPem);
    }
}
