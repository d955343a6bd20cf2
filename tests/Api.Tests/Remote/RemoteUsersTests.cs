using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Api.Remote;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Remote;

/// <summary>As whom servers are asked, by upstream's <c>TestAuthenticationDetection</c>.</summary>
public sealed class RemoteUsersTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    [Theory]
    [InlineData("foo.com", 443, "", "")]
    [InlineData("foo.com", 443, "bar.com", "", "ctx")]
    [InlineData("foo.com", 443, "foo.com *.com bar.com", "foo.com")]
    [InlineData("foo.com", 443, "*.com bar.com", "*.com")]
    [InlineData("foo.com", 443, "* bar.com", "*")]
    [InlineData("one.two.three.com", 443, "*.two.three.com *.three.com *.com", "*.two.three.com")]
    [InlineData("one.com", 443, "one.com one.com:443", "one.com:443")]
    [InlineData("one.com", 8443, "one.com one.com:443", "")]
    [InlineData("one.com", 8443, "one.com *.com:8443", "*.com:8443")]
    [InlineData("hooks.space.svc", 443, "*.svc *.space.svc", "*.space.svc")]
    [InlineData("::1", 443, "::1", "::1")]
    [InlineData("::1", 8443, "[::1]:8443", "[::1]:8443")]
    public void TheNameThatSaysMostIsTaken(string host, int port, string names, string found, string? current = null)
    {
        var users = names.Split(' ').ToDictionary(
            static n => n, static n => new RemoteCredentials { Authorization = n }, StringComparer.Ordinal);
        if (current is not null)
        {
            (users[current], found) = (new RemoteCredentials { Authorization = current }, current);
        }

        Assert.Equal(found, new RemoteUsers(users, current ?? "nobody").Find(host, port)?.Authorization ?? "");
    }

    [Fact]
    public void AFileHasThemWithWhatShowsThem()
    {
        using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=u", own, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddDays(1));
        var (cert, key) = (certificate.ExportCertificatePem(), own.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(Path.Combine(_folder, "cert"), cert);
        File.WriteAllText(Path.Combine(_folder, "key"), key);
        var users = RemoteKubeconfig.LoadUsers(Write("""
            apiVersion: v1
            kind: Config
            clusters: [{name: c, cluster: {server: "http://nobody.is.asked.here"}}]
            contexts: [{name: x, context: {cluster: c, user: last}}]
            current-context: x
            users:
            - {name: a.example.com, user: {client-certificate: cert, client-key: key}}
            - {name: "*.example.com", user: {username: u, password: p}}
            - {name: b.example.com, user: {tokenFile: token}}
            - {name: last, user: {token: t}}
            """));
        Assert.Equal($"{cert}\n{key}", users.Find("a.example.com", 443)!.Pem);
        Assert.Equal("Basic dTpw", users.Find("c.example.com", 443)!.Authorization);
        Assert.Equal(Path.Combine(_folder, "token"), users.Find("b.example.com", 443)!.TokenFile);
        Assert.Equal("Bearer t", users.Find("b.example.com", 8443)!.Authorization);
        var target = RemoteTarget.OfUrl("https://elsewhere.example", null)!;
        Assert.Equal("Bearer t", users.Ask(target).Authorization);
        Assert.Same(target, RemoteUsers.None.Ask(target));
    }

    [Fact]
    public void AFileThatIsNoneIsRefused() => Assert.Throws<ConfigurationException>(
        () => RemoteKubeconfig.LoadUsers(Write("apiVersion: v1\nkind: Config\nuser: []\n")));

    /// <summary>At once, and not when the first webhook is asked.</summary>
    [Fact]
    public void WhatIsNoCertificateIsRefused()
    {
        File.WriteAllText(Path.Combine(_folder, "cert"), "CERT");
        var path = Write(
            "{apiVersion: v1, kind: Config, users: [{name: a, user: {client-certificate: cert, client-key: cert}}]}");
        Assert.Throws<ConfigurationException>(() => RemoteKubeconfig.LoadUsers(path));
    }

    [Theory]
    [InlineData(443, "")]
    [InlineData(8443, "all")]
    public void ThisServerIsNotAskedAsAnyOfThem(int port, string asked)
    {
        var all = new RemoteCredentials { Authorization = "all" };
        var users = new RemoteUsers(new Dictionary<string, RemoteCredentials> { ["*"] = all }, "");
        var target = RemoteTarget.OfService(new("default", "kubernetes"), port, null, null);
        Assert.Equal(asked, users.Ask(target).Authorization);
    }

    [Fact]
    public void AUserWithoutANameIsNotTheCurrentOne() => Assert.Null(
        new RemoteUsers(new Dictionary<string, RemoteCredentials> { [""] = new() }, "").Find("a.example.com", 443));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Write(string text)
    {
        var path = Path.Combine(_folder, "kubeconfig");
        File.WriteAllText(path, text);
        return path;
    }
}
