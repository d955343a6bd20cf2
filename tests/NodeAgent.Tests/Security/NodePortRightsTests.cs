using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using k8s.Models;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.NodeAgent.Server;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Security;

/// <summary>
/// Who may use a node's port: the cluster's API, and nobody else, administrators included; figures are also for those
/// who have a token and the right to them.
/// </summary>
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
        Assert.Equal(status, await AskAsync(new ApiClients(_authority, Tokens(), _time), path, shown));
    }

    /// <summary>A connection outlives the certificate that it began with; its rights do not.</summary>
    [Fact]
    public async Task ACertificateThatEndsTakesItsConnectionsRightsAlong()
    {
        var clients = new ApiClients(_authority, Tokens(), _time);
        using var shown = Issue(_authority, ApiClient, ClientUsage);
        Assert.Equal(200, await AskAsync(clients, "/pods", shown));
        _time.Offset = TimeSpan.FromHours(2);
        Assert.Equal(401, await AskAsync(clients, "/pods", shown));
    }

    [Theory]
    [InlineData("GET", "/metrics/cadvisor", "scraper", 200)]
    [InlineData("GET", "/metrics", "scraper", 200)]
    [InlineData("GET", "/stats/summary", "scraper", 403)]
    [InlineData("GET", "/stats/summary", "all", 200)]
    [InlineData("GET", "/pods", "all", 200)]
    [InlineData("GET", "/logs/syslog", "all", 200)]
    [InlineData("GET", "/logs/syslog", "scraper", 403)]
    [InlineData("PUT", "/logs/syslog", "all", 403)]
    [InlineData("GET", "/metrics", "none", 403)]
    [InlineData("GET", "/metrics", "unknown", 401)]
    [InlineData("GET", "/metrics", null, 401)]
    [InlineData("POST", "/metrics", "all", 403)]
    [InlineData("GET", "/exec/a/b/c", "all", 403)]
    [InlineData("POST", "/exec/a/b/c", "all", 403)]
    [InlineData("PUT", "/localVolumes/x", "all", 403)]
    [InlineData("GET", "/containerLogs/a/b/c", "all", 403)]
    [InlineData("GET", "/metricsx", "scraper", 403)]
    public async Task ATokenOpensTheFiguresThatItsUserMayRead(string method, string path, string? token, int status)
    {
        var clients = new ApiClients(_authority, Tokens(), _time);
        Assert.Equal(status, await AskAsync(clients, path, null, method, token));
    }

    [Fact]
    public async Task RightsThatAreTakenEndWithTheirTime()
    {
        var reviews = new Reviews();
        var clients = new ApiClients(_authority, new TokenClients(reviews, "n1", _time), _time);
        Assert.Equal(200, await AskAsync(clients, "/metrics", null, "GET", "scraper"));
        reviews.Rights.Clear();
        Assert.Equal(200, await AskAsync(clients, "/metrics", null, "GET", "scraper"));
        Assert.Equal(1, reviews.Asked);
        _time.Offset = TimeSpan.FromMinutes(6);
        Assert.Equal(403, await AskAsync(clients, "/metrics", null, "GET", "scraper"));
    }

    /// <summary>
    /// Whoever decides may look at more of a user than the name: nobody is let in by another's
    /// answer.
    /// </summary>
    [Theory]
    [InlineData("scraper", 1)]
    [InlineData("scraper/another-uid", 2)]
    [InlineData("scraper\ndevs", 3)]
    public async Task AnAnswerIsForTheUserItWasGivenFor(string token, int asked)
    {
        var reviews = new Reviews();
        var clients = new ApiClients(_authority, new TokenClients(reviews, "n1", _time), _time);
        await AskAsync(clients, "/metrics", null, "GET", "scraper");
        await AskAsync(clients, "/metrics", null, "GET", token);

        Assert.Equal(asked, reviews.Asked);
    }

    public void Dispose()
    {
        _authority.Dispose();
        _other.Dispose();
    }

    private TokenClients Tokens() => new(new Reviews(), "n1", _time);

    private static async Task<int> AskAsync(
        ApiClients clients, string path, X509Certificate2? certificate, string method = "GET", string? token = null)
    {
        var context = new DefaultHttpContext();
        context.Request.Method = method;
        context.Request.Headers.Authorization = token is null ? "" : $"Bearer {token}";
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

    private sealed class Reviews : IAccessReviews
    {
        public HashSet<(string User, string Subresource)> Rights { get; } = [("scraper", "metrics"), ("all", "proxy")];

        public int Asked { get; private set; }

        public Task<V1UserInfo?> FindUserAsync(string token, CancellationToken cancellationToken) =>
            Task.FromResult(token == "unknown" ? null : token.Split('/') switch
            {
                [var name, var uid] => new V1UserInfo { Username = name, Uid = uid },
                _ => new V1UserInfo { Username = token },
            });

        public Task<bool> MayGetAsync(
            V1UserInfo user, string node, string subresource, CancellationToken cancellationToken)
        {
            Asked++;
            return Task.FromResult(node == "n1" && Rights.Contains((user.Username, subresource)));
        }
    }

    private sealed class Clock : TimeProvider
    {
        public override long GetTimestamp() =>
            base.GetTimestamp() + (Offset.Ticks * TimestampFrequency / TimeSpan.TicksPerSecond);

        public TimeSpan Offset { get; set; }

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Offset;
    }
}
