using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.NodeAgent.Server;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Security;

/// <summary>Who may use a node's port: the cluster's API, and nobody else, administrators included.</summary>
public sealed class NodePortRightsTests : IDisposable
{
    private const string ClientUsage = "1.3.6.1.5.5.7.3.2";
    private const string ServerUsage = "1.3.6.1.5.5.7.3.1";
    private const string ApiClient = "CN=kube-apiserver-kubelet-client, O=orc:kubelet-clients";

    private readonly Clock _time = new();
    private readonly X509Certificate2 _authority;
    private readonly X509Certificate2 _other;

    public NodePortRightsTests()
    {
        _authority = Authority();
        _other = Authority();
    }

    [Theory]
    [InlineData("/exec/a/b/c", ApiClient, ClientUsage, true, 200)]
    [InlineData("/exec/a/b/c", null, "", true, 401)]
    [InlineData("/exec/a/b/c", ApiClient, ClientUsage, false, 401)]
    [InlineData("/exec/a/b/c", ApiClient, ServerUsage, true, 401)]
    [InlineData("/exec/a/b/c", "CN=kubernetes-admin, O=system:masters", ClientUsage, true, 403)]
    [InlineData("/pods", "CN=system:node:n2, O=system:nodes", ClientUsage, true, 403)]
    [InlineData("/pods", "CN=orc:kubelet-clients", ClientUsage, true, 403)]
    [InlineData("/pods", "CN=x, OU=orc:kubelet-clients", ClientUsage, true, 403)]
    [InlineData("/healthz", null, "", true, 200)]
    [InlineData("/healthz/", null, "", true, 401)]
    public async Task OnlyTheApiIsAdmitted(string path, string? subject, string usage, bool isOurs, int status)
    {
        using var shown = subject is null ? null : Issue(isOurs ? _authority : _other, subject, usage);
        Assert.Equal(status, await AskAsync(new ApiClients(_authority, _time), path, shown));
    }

    /// <summary>A connection outlives the certificate that it began with; its rights do not.</summary>
    [Fact]
    public async Task ACertificateThatEndsTakesItsConnectionsRightsAlong()
    {
        var clients = new ApiClients(_authority, _time);
        using var shown = Issue(_authority, ApiClient, ClientUsage);
        Assert.Equal(200, await AskAsync(clients, "/pods", shown));
        _time.Offset = TimeSpan.FromHours(2);
        Assert.Equal(401, await AskAsync(clients, "/pods", shown));
    }

    public void Dispose()
    {
        _authority.Dispose();
        _other.Dispose();
    }

    private static async Task<int> AskAsync(ApiClients clients, string path, X509Certificate2? certificate)
    {
        var context = new DefaultHttpContext();
        context.Request.Path = path;
        context.Connection.ClientCertificate = certificate;
        await clients.AuthorizeAsync(context, static _ => Task.CompletedTask);
        return context.Response.StatusCode;
    }

    private X509Certificate2 Authority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=ca", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, critical: true));
        return request.CreateSelfSigned(_time.GetUtcNow().AddMinutes(-10), _time.GetUtcNow().AddDays(1));
    }

    private X509Certificate2 Issue(X509Certificate2 authority, string subject, string usage)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], critical: false));
        var now = _time.GetUtcNow();
        return request.Create(authority, now.AddMinutes(-5), now.AddHours(1), RandomNumberGenerator.GetBytes(16));
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Offset { get; set; }

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Offset;
    }
}
