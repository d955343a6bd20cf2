using CsCheck;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Kubelet;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Kubelet;

public sealed class ProxyPathTests
{
    [Theory]
    [InlineData("/api/v1/nodes/n/proxy", "/api/v1/nodes/n/proxy", "")]
    [InlineData("/api/v1/nodes/n/proxy/", "/api/v1/nodes/n/proxy", "/")]
    [InlineData("/api/v1/nodes/n/proxy/stats/summary", "/api/v1/nodes/n/proxy", "/stats/summary")]
    [InlineData(
        "/api/v1/namespaces/s/services/http:web:80/proxy/a/b/",
        "/api/v1/namespaces/s/services/http:web:80/proxy",
        "/a/b/")]
    [InlineData("/api/v1/namespaces/s/services/web/proxy//a//b", "/api/v1/namespaces/s/services/web/proxy", "/a/b")]
    [InlineData(
        "/api/v1/nodes/n/proxy/stats%2Fsummary?only_cpu_and_memory=true", "/api/v1/nodes/n/proxy", "/stats/summary")]
    [InlineData("/api/v1/nodes/n/proxy/a%2F..%2f..%2Fb%2F", "/api/v1/nodes/n/proxy", "/b/")]
    [InlineData("/api/v1/nodes/n/proxy/%3F%23%25%26'(é)", "/api/v1/nodes/n/proxy", "/%3F%23%25&%27%28%C3%A9%29")]
    [InlineData(
        "/api/v1/namespaces/s/services/web/proxy/a%2Fb%20c/%e4?x=1%2B2",
        "/api/v1/namespaces/s/services/web/proxy",
        "/a/b%20c/%E4")]
    [InlineData("/api/v1/namespaces/s/pods/p/proxy/proxy/proxy", "/api/v1/namespaces/s/pods/p/proxy", "/proxy/proxy")]
    [InlineData(
        "/api/v1/namespaces/s/pods/p/proxy/a/../../q",
        "/api/v1/namespaces/s/pods/p/proxy",
        "/q",
        "/api/v1/namespaces/s/pods/p/proxy/q")]
    [InlineData(
        "/api/v1/x/%2e%2e/namespaces/s/pods/p/proxy/q",
        "/api/v1/namespaces/s/pods/p/proxy",
        "/q",
        "/api/v1/namespaces/s/pods/p/proxy/q")]
    [InlineData("/api/v1/nodes%2Fn/proxy%2Fa/b", "/api/v1/nodes%2Fn/proxy", "/a/b", "/api/v1/nodes/n/proxy/a/b")]
    [InlineData("https://host/api/v1/nodes/n/proxy/q", "/api/v1/nodes/n/proxy", "/q", "/api/v1/nodes/n/proxy/q")]
    public void The_path_is_cut_behind_proxy_and_its_unescaped_parts_are_joined(
        string raw, string prefix, string rest, string? resolved = null)
    {
        var path = resolved
            ?? Uri.UnescapeDataString(raw.Split('?')[0].Replace("%2F", "%252F", StringComparison.Ordinal));
        Assert.Equal(new ProxyPath(prefix, rest), Cut(raw, path));
    }

    [Fact]
    public void Whatever_follows_proxy_stays_below_the_root_and_reads_the_same() =>
        Gen.Char["abz019-._~%/:@!$&'()*+,;="].Array[0, 30].Select(c => new string(c)).Check(rest =>
    {
        const string Prefix = "/api/v1/namespaces/s/services/web/proxy";
        if (rest.Contains('%', StringComparison.Ordinal) || rest.Split('/').Any(s => s is "." or ".."))
        {
            return;
        }

        var path = Cut($"{Prefix}/{rest}", $"{Prefix}/{rest}");
        Assert.Equal(Prefix, path.Prefix);
        Assert.Equal(
            rest.Split('/', StringSplitOptions.RemoveEmptyEntries),
            Uri.UnescapeDataString(path.Rest).Split('/', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(rest.EndsWith('/') || rest.Length == 0, path.Rest.EndsWith('/'));
    });

    [Theory]
    [InlineData("web", "http", "web", "")]
    [InlineData("web:80", "http", "web", "80")]
    [InlineData("web:", "http", "web", "")]
    [InlineData(":web:http", "http", "web", "http")]
    [InlineData("https:web:", "https", "web", "")]
    [InlineData("https:web:8443", "https", "web", "8443")]
    public void Destinations_are_read(string text, string scheme, string name, string port) =>
        Assert.Equal(new ProxyDestination(scheme, name, port), ProxyDestination.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData(":80")]
    [InlineData("ftp:web:80")]
    [InlineData("http::80")]
    [InlineData("a:b:c:d")]
    public void Others_are_refused(string text) => Assert.Null(ProxyDestination.Parse(text));

    private static ProxyPath Cut(string raw, string path)
    {
        var context = new DefaultHttpContext();
        context.Features.Get<IHttpRequestFeature>()!.RawTarget = raw;
        context.Request.Path = path;
        return ProxyPath.Of(context.Request, RequestInfoReader.Read("GET", path).Value!);
    }
}
