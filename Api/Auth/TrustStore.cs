using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansOrchestrator.Api.Auth.RequestHeaders;
using OrleansOrchestrator.Api.Auth.TokenKeys;
using OrleansOrchestrator.Interfaces.Security;
using OrleansOrchestrator.Resources.Certificates;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>
/// What this silo knows of the cluster's identity: loaded once after the silo has started, then constant but for the
/// keys of tokens, of which <see cref="TrustFollower"/> hears. Everything that needs it before waits for
/// <see cref="LoadAsync"/>.
/// </summary>
public sealed class TrustStore(IGrainFactory grains, RequestHeaderUsers proxies) : IClusterTrust
{
    private readonly TaskCompletionSource<LoadedTrust> _loaded =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private volatile Task<LoadedTrust>? _newest;

    /// <summary>The identity; completes when it has been loaded.</summary>
    public Task<LoadedTrust> Trust => _newest ?? _loaded.Task;

    /// <summary>The grain that signs.</summary>
    public IClusterIdentityGrain Signer => grains.GetGrain<IClusterIdentityGrain>(IClusterIdentityGrain.Key);

    /// <inheritdoc/>
    public async ValueTask<string> GetAuthorityPemAsync(CancellationToken cancellationToken) =>
        (await Trust.WaitAsync(cancellationToken)).Public.AuthorityPem;

    /// <inheritdoc/>
    public async ValueTask<FrontProxyTrust> GetFrontProxyTrustAsync(CancellationToken cancellationToken) =>
        proxies.Published((await Trust.WaitAsync(cancellationToken)).Public.ProxyAuthorityPem);

    /// <summary>Reads the identity from its grain; called by the host, and again for what has changed.</summary>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        var found = await Signer.GetTrustAsync(cancellationToken);
        if (_newest is { } known && (await known).Public.TokenKeys.SequenceEqual(found.TokenKeys))
        {
            return; // all else is constant, and keys are dear to read
        }

        var trust = new LoadedTrust(found);
        _newest = Task.FromResult(trust);
        _loaded.TrySetResult(trust);
    }
}

/// <summary>The identity in the forms that verification needs.</summary>
public sealed class LoadedTrust
{
    private const string ClientUsage = "1.3.6.1.5.5.7.3.2";
    private const string ServerUsage = "1.3.6.1.5.5.7.3.1";

    private readonly X509Certificate2 _authority;

    public LoadedTrust(ClusterTrust trust)
    {
        Public = trust;
        _authority = X509Certificate2.CreateFromPem(trust.AuthorityPem);
        TokenKeys =
            [.. trust.TokenKeys.Select(static k => (PublicTokenKey.Of(k.PublicKeyPem, k.Id), k.LastExpiry))];
    }

    public ClusterTrust Public { get; }

    /// <summary>The cluster's keys of service-account tokens, and when the last token of each has ended.</summary>
    public IReadOnlyList<(PublicTokenKey Key, DateTimeOffset LastExpiry)> TokenKeys { get; }

    /// <summary>
    /// True when the certificate was signed by the cluster's authority and may be used by clients. Whether it is in its
    /// time is left to who asks: the answer to that does not stay.
    /// </summary>
    public bool IsTrustedClient(X509Certificate2 certificate) =>
        IsTrusted(certificate, ClientUsage, certificate.NotBefore);

    /// <summary>
    /// True when the certificate was signed by the cluster's authority, is in its time, and is of the very node.
    /// </summary>
    public bool IsTrustedNode(X509Certificate2 certificate, string node, DateTimeOffset now) =>
        SubjectNames.CommonName(certificate.SubjectName) == SystemNames.NodePrefix + node
        && IsTrusted(certificate, ServerUsage, now.LocalDateTime);

    private bool IsTrusted(X509Certificate2 certificate, string usage, DateTime at)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = at;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(usage));
        return chain.Build(certificate);
    }
}
