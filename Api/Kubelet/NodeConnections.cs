using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using k8s.Models;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Interfaces.Hollow;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Security;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Kubelet;

/// <summary>
/// Connections from the API to the nodes' HTTPS ports, with a client certificate that only nodes admit
/// (<see cref="SystemNames.KubeletClients"/>). Whoever answers at a node's address must show the certificate of that
/// very node, unless the client wants it otherwise: an address is only what a Node says of itself. One pool a node, so
/// that no connection serves two names; the certificate is made on first use and again long before it ends.
/// </summary>
public sealed class NodeConnections(TrustStore trustStore, IResourceClient client, TimeProvider time) : IDisposable
{
    /// <summary>More nodes than this do not keep their pools: all are made anew.</summary>
    private const int MaxPools = 10_000;

    private static readonly TimeSpan Validity = TimeSpan.FromDays(365);
    private static readonly TimeSpan RenewAfter = TimeSpan.FromDays(30);
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _making = new(1, 1);
    private Pools? _pools;

    /// <summary>The base address of a node's port; a missing node is upstream's 404.</summary>
    public async ValueTask<Outcome<Uri>> AddressAsync(string node, CancellationToken cancellationToken)
    {
        // The cache may not have heard yet of the node, or of its address.
        return await AddressAsync(node, ReadFreshness.Cached, cancellationToken) is { Succeeded: true } known
            ? known
            : await AddressAsync(node, ReadFreshness.Linearizable, cancellationToken);
    }

    /// <summary>What sends requests to a node.</summary>
    /// <param name="node">Its name.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="verifies">False to speak with whoever answers, because the client said so.</param>
    public async ValueTask<HttpMessageInvoker> InvokerAsync(
        string node, CancellationToken cancellationToken, bool verifies = true)
    {
        if (_pools is { } current && IsFresh(current))
        {
            return current.Of(node, verifies);
        }

        await _making.WaitAsync(cancellationToken);
        try
        {
            if (_pools is not { } pools || !IsFresh(pools))
            {
                // The old ones are left to the requests that still use them.
                _pools = pools = await MakeAsync(cancellationToken);
            }

            return pools.Of(node, verifies);
        }
        finally
        {
            _making.Release();
        }
    }

    public void Dispose()
    {
        _pools?.Dispose();
        _making.Dispose();
    }

    private bool IsFresh(Pools pools) => time.GetUtcNow() - pools.MadeAt < RenewAfter && pools.Count < MaxPools;

    private async ValueTask<Outcome<Uri>> AddressAsync(
        string node, ReadFreshness freshness, CancellationToken cancellationToken)
    {
        var found = await client.GetAsync(WellKnown.Nodes, new ObjectKey("", node), freshness, cancellationToken);
        if (!found.Succeeded)
        {
            return found.Error;
        }

        // Its address is as simulated as its containers, and may be somebody else's on this network.
        var asked = found.Value.As<V1Node>();
        return HollowNodes.IsHollow(asked.Spec?.ProviderID)
            ? StatusErrors.NotImplemented($"node {node} is simulated and runs no containers")
            : NodeAddress.Of(asked.Status);
    }

    private async Task<Pools> MakeAsync(CancellationToken cancellationToken)
    {
        var trust = await trustStore.Trust;
        var order = new CertificateOrder
        {
            CommonName = "kube-apiserver-kubelet-client", Organizations = [SystemNames.KubeletClients],
            Validity = Validity,
        };
        var issued = await trustStore.Signer.IssueAsync(order, cancellationToken);
        using var pem = X509Certificate2.CreateFromPem(issued.CertificatePem, issued.KeyPem);
        return new Pools(trust, X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null), time);
    }

    /// <summary>The connections made with one certificate.</summary>
    private sealed class Pools(LoadedTrust trust, X509Certificate2 certificate, TimeProvider time) : IDisposable
    {
        private readonly ConcurrentDictionary<(string Node, bool Verifies), HttpMessageInvoker> _byNode = new();

        public DateTimeOffset MadeAt { get; } = time.GetUtcNow();

        public int Count => _byNode.Count;

        public HttpMessageInvoker Of(string node, bool verifies) =>
            _byNode.GetOrAdd((node, verifies), key => Make(key.Node, key.Verifies));

        public void Dispose()
        {
            foreach (var invoker in _byNode.Values)
            {
                invoker.Dispose();
            }
        }

        private HttpMessageInvoker Make(string node, bool verifies) => new(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ConnectTimeout = ConnectTimeout,
            SslOptions = new SslClientAuthenticationOptions
            {
                ClientCertificates = [certificate],
                RemoteCertificateValidationCallback = (_, shown, _, _) => !verifies ||
                    shown is X509Certificate2 server && trust.IsTrustedNode(server, node, time.GetUtcNow()),
            },
        });
    }
}
