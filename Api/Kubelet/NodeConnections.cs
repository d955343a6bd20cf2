using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using k8s.Models;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Security;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Kubelet;

/// <summary>
/// Connections from the API to the nodes' HTTPS ports, with a client certificate of the cluster's authority. The node
/// must show one as well. One pool per silo; the certificate is made on first use and again long before it ends.
/// </summary>
public sealed class NodeConnections(TrustStore trustStore, IResourceClient client, TimeProvider time) : IDisposable
{
    private const int DefaultPort = 10250;

    private static readonly TimeSpan Validity = TimeSpan.FromDays(365);
    private static readonly TimeSpan RenewAfter = TimeSpan.FromDays(30);
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _making = new(1, 1);
    private HttpMessageInvoker? _invoker;
    private DateTimeOffset _madeAt;

    /// <summary>The base address of a node's port; a missing node is upstream's 404.</summary>
    public async ValueTask<Outcome<Uri>> AddressAsync(string node, CancellationToken cancellationToken)
    {
        var found =
            await client.GetAsync(WellKnown.Nodes, new ObjectKey("", node), ReadFreshness.Cached, cancellationToken);
        if (!found.Succeeded)
        {
            found = await client.GetAsync(
                WellKnown.Nodes, new ObjectKey("", node), ReadFreshness.Linearizable, cancellationToken);
        }

        if (!found.Succeeded)
        {
            return found.Error;
        }

        var status = found.Value.As<V1Node>().Status;
        var address = Preferred(status?.Addresses ?? []);
        return address is null
            ? StatusErrors.InternalError($"no preferred addresses found; known addresses: []")
            : new Uri($"https://{address}:{status?.DaemonEndpoints?.KubeletEndpoint?.Port ?? DefaultPort}");
    }

    /// <summary>What sends requests to nodes.</summary>
    public async ValueTask<HttpMessageInvoker> InvokerAsync(CancellationToken cancellationToken)
    {
        if (_invoker is { } current && time.GetUtcNow() - _madeAt < RenewAfter)
        {
            return current;
        }

        await _making.WaitAsync(cancellationToken);
        try
        {
            if (_invoker is null || time.GetUtcNow() - _madeAt >= RenewAfter)
            {
                // The old one is left to the requests that still use it.
                _invoker = await MakeAsync(cancellationToken);
                _madeAt = time.GetUtcNow();
            }

            return _invoker;
        }
        finally
        {
            _making.Release();
        }
    }

    public void Dispose()
    {
        _invoker?.Dispose();
        _making.Dispose();
    }

    // Upstream's --kubelet-preferred-address-types.
    private static string? Preferred(IList<V1NodeAddress> addresses) =>
        new[] { "Hostname", "InternalDNS", "InternalIP", "ExternalDNS", "ExternalIP" }
            .Select(
                type => addresses.FirstOrDefault(a => a.Type == type && IPAddress.TryParse(a.Address, out _))?.Address)
            .FirstOrDefault(a => a is not null);

    private async Task<HttpMessageInvoker> MakeAsync(CancellationToken cancellationToken)
    {
        var trust = await trustStore.Trust;
        var order = new CertificateOrder
        {
            CommonName = "kube-apiserver-kubelet-client", Organizations = ["system:masters"], Validity = Validity,
        };
        var issued = await trustStore.Signer.IssueAsync(order, cancellationToken);
        using var pem = X509Certificate2.CreateFromPem(issued.CertificatePem, issued.KeyPem);
        var certificate = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
        return new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ConnectTimeout = ConnectTimeout,
            SslOptions = new SslClientAuthenticationOptions
            {
                ClientCertificates = [certificate],
                RemoteCertificateValidationCallback = (_, shown, _, _) =>
                    shown is X509Certificate2 node && trust.IsTrustedServer(node),
            },
        });
    }
}
