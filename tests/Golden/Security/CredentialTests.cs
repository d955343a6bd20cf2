using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Auth.Jwt;
using OrleansOrchestrator.Api.Auth.RequestHeaders;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Grains.Security;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Security;
using Xunit;

namespace OrleansOrchestrator.Golden.Security;

/// <summary>Credentials that are wrong are refused, whatever is wrong with them, and never taken for none.</summary>
public sealed class CredentialTests(SecurityServer server) : IClassFixture<SecurityServer>
{
    [Theory]
    [InlineData("ours", "", "alice")]
    [InlineData("ours", "Bearer nope", "alice")]
    [InlineData("none", "", "system:anonymous")]
    [InlineData("none", "Basic YTpi", "system:anonymous")]
    [InlineData("none", "Bearer nope", null)]
    [InlineData("none", "bEaReR " + GoldenHost.Token, "admin")]
    [InlineData("none", "Bearer " + GoldenHost.Token + " more of it", "admin")]
    [InlineData("none", "Bearer", "system:anonymous")]
    [InlineData("foreign", "", null)]
    [InlineData("foreign", "Basic YTpi", null)]
    [InlineData("foreign", "Bearer " + GoldenHost.Token, "admin")]
    [InlineData("expired", "", null)]
    [InlineData("expired", "Bearer " + GoldenHost.Token, "admin")]
    [InlineData("not yet", "", null)]
    [InlineData("silo", "", null)]
    public async Task OnlyGoodCredentialsHaveAUser(string certificate, string authorization, string? user)
    {
        var time = new Clock();
        var authenticator = await AuthenticatorAsync(time);
        using var shown = await CertificateAsync(certificate, time);
        if (certificate == "expired")
        {
            time.Offset = TimeSpan.FromHours(2);
        }
        else if (certificate == "not yet")
        {
            time.Offset = TimeSpan.FromHours(-2);
        }

        Assert.Equal(user, (await authenticator.AuthenticateAsync(Request(shown, authorization)))?.Name);
    }

    /// <summary>A header in which the token is not where it belongs is none, and its sender is told.</summary>
    [Fact]
    public async Task ATokenAfterASecondSpaceIsPassedOverAndTold()
    {
        var authenticator = await AuthenticatorAsync(new Clock());
        var context = Request(null, "Bearer  " + GoldenHost.Token);

        var user = await authenticator.AuthenticateAsync(context);

        Assert.Equal(SystemNames.Anonymous, user?.Name);
        Assert.Equal(
            "299 - \"the provided Authorization header contains extra space before the bearer token, and is ignored\"",
            context.Response.Headers.Warning.ToString());
    }

    /// <summary>Of several headers the first counts, whatever the others are.</summary>
    [Theory]
    [InlineData(GoldenHost.Token, "nope", "admin")]
    [InlineData("nope", GoldenHost.Token, null)]
    public async Task TheFirstHeaderCounts(string first, string second, string? user)
    {
        var authenticator = await AuthenticatorAsync(new Clock());
        var context = Request(null, "");
        context.Request.Headers.Authorization = new([$"Bearer {first}", $"Bearer {second}"]);

        Assert.Equal(user, (await authenticator.AuthenticateAsync(context))?.Name);
    }

    /// <summary>What runs in the cluster would take such headers, which the API forwards, for the API's word.</summary>
    [Theory]
    [InlineData("Bearer " + GoldenHost.Token, false)]
    [InlineData("", false)]
    [InlineData("Bearer nope", true)]
    public async Task NobodyBehindSeesCredentialsOrNamesOfUsers(string authorization, bool isKept)
    {
        var authenticator = await AuthenticatorAsync(new Clock());
        var context = Request(null, authorization);
        context.Request.Headers["X-Remote-User"] = "admin";
        context.Request.Headers["X-Remote-Group"] = SystemNames.Masters;

        Assert.Equal(isKept, await authenticator.AuthenticateAsync(context) is null);

        Assert.Equal(isKept, context.Request.Headers.Authorization.Count > 0);
        Assert.Equal(isKept, context.Request.Headers.ContainsKey("X-Remote-User"));
        Assert.Equal(isKept, context.Request.Headers.ContainsKey("X-Remote-Group"));
    }

    /// <summary>One connection, two requests: the second comes when the certificate has ended.</summary>
    [Fact]
    public async Task ACertificateThatEndsTakesItsConnectionsRightsAlong()
    {
        var time = new Clock();
        var authenticator = await AuthenticatorAsync(time);
        using var shown = await CertificateAsync("ours", time);

        Assert.NotNull(await authenticator.AuthenticateAsync(Request(shown, "")));
        time.Offset = TimeSpan.FromHours(2);
        Assert.Null(await authenticator.AuthenticateAsync(Request(shown, "")));

        // Those who watch over a cluster are told before: by how long certificates are still good.
        using var http = new HttpClient { BaseAddress = server.Host.Address };
        http.DefaultRequestHeaders.Authorization = new("Bearer", GoldenHost.Token);
        var metrics = await http.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        const string Lifetimes = "apiserver_client_certificate_expiration_seconds";
        Assert.Matches($"{Lifetimes}_bucket{{le=\"0\"}} [1-9]", metrics);
        Assert.Matches($"{Lifetimes}_bucket{{le=\"604800\"}} [1-9]", metrics);
        Assert.Matches($"{Lifetimes}_count [1-9]", metrics);
    }

    /// <summary>
    /// The API is no client of itself: not by its certificate for nodes, and not by acting as one of that group.
    /// </summary>
    [Theory]
    [InlineData("GET", "/api/v1/secrets")]
    [InlineData("GET", "/version")]
    [InlineData("GET", "/healthz")]
    [InlineData("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews")]
    public async Task TheGroupOfTheNodesClientMayNothing(string method, string path)
    {
        var answer = await server.SendAsync(
            method, path, method == "GET" ? null : "{}",
            headers:
            [
                ("Impersonate-User", "x"), ("Impersonate-Group", SystemNames.KubeletClients),
                ("Impersonate-Group", SystemNames.Masters),
            ]);

        Assert.Equal(403, answer.Status);
        Assert.EndsWith(
            ": the API's client to nodes is no client of the API", answer.Message, StringComparison.Ordinal);
    }

    /// <summary>An authorizer that cannot decide has not allowed anything.</summary>
    [Fact]
    public async Task AFailureIsNoPermission()
    {
        var builtIn = server.Host.Services.GetRequiredService<BuiltInRoles>();
        var chain = new AuthorizerChain([new MastersAuthorizer(), new Broken(), builtIn]);
        var wanted = new AuthorizationAttributes
        {
            User = new UserIdentity { Name = "system:node:n1", Groups = ["system:nodes", "system:authenticated"] },
            Verb = "get", IsResourceRequest = false, Path = "/version",
        };

        await Assert.ThrowsAsync<StoreUnavailableException>(
            async () => await chain.AuthorizeAsync(wanted, CancellationToken.None));
    }

    private async Task<Authenticator> AuthenticatorAsync(TimeProvider time)
    {
        var services = server.Host.Services;
        var trust = services.GetRequiredService<TrustStore>();
        await trust.Trust;
        return new Authenticator(
            new RequestHeaderUsers(time),
            new ClientCertificates(trust, services.GetRequiredService<AccessMetrics>(), time),
            services.GetRequiredService<BearerTokens>(),
            services.GetRequiredService<JwtIssuers>());
    }

    private async Task<X509Certificate2?> CertificateAsync(string kind, TimeProvider time)
    {
        var order = new CertificateOrder
        {
            CommonName = "alice", Organizations = ["devs"], Validity = TimeSpan.FromHours(1),
        };
        switch (kind)
        {
            case "none":
                return null;
            case "foreign" or "silo":
                var (pem, key) = CertificateAuthority.Create("test", time.GetUtcNow());
                using (var authority = X509Certificate2.CreateFromPem(pem, key))
                {
                    return Load(CertificateAuthority.Issue(
                        authority, order, time.GetUtcNow(), kind == "silo" ? CertificateAuthority.SiloUsage : null));
                }

            default:
                var signer = server.Host.Services.GetRequiredService<TrustStore>().Signer;
                return Load(await signer.IssueAsync(order, CancellationToken.None));
        }
    }

    private static X509Certificate2 Load(IssuedCertificate issued) =>
        X509Certificate2.CreateFromPem(issued.CertificatePem, issued.KeyPem);

    private static DefaultHttpContext Request(X509Certificate2? certificate, string authorization)
    {
        var context = new DefaultHttpContext();
        context.Connection.ClientCertificate = certificate;
        if (authorization.Length > 0)
        {
            context.Request.Headers.Authorization = authorization;
        }

        return context;
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Offset { get; set; }

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Offset;
    }

    private sealed class Broken : IAuthorizer
    {
        public ValueTask<AuthorizationDecision> AuthorizeAsync(
            AuthorizationAttributes attributes, CancellationToken cancellationToken) =>
            throw new StoreUnavailableException("away");
    }
}
