using Xunit;

namespace OrleansOrchestrator.Dashboard.Tests;

/// <summary>How the page's files are served.</summary>
public sealed class DashboardHostTests : IAsyncLifetime
{
    private PageHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await PageHost.StartAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [InlineData("br", "br")]
    [InlineData("gzip, deflate", "gzip")]
    [InlineData("identity", "")]
    public async Task The_page_comes_in_an_encoding_that_the_client_takes(string accepted, string encoding)
    {
        var page = await _host.GetAsync("", accepted);
        Assert.Equal(200, page.Code);
        Assert.Equal(encoding, page.Header("Content-Encoding"));
        Assert.Contains("<div id=\"app\">", page.Text(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_page_may_run_its_own_scripts_only_and_is_asked_for_anew()
    {
        var page = await _host.GetAsync("");
        Assert.Equal("no-cache", page.Header("Cache-Control"));
        var policy = page.Header("Content-Security-Policy");
        Assert.Contains("default-src 'none'; script-src 'self';", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("Set-Cookie", page.Headers.Keys);
        Assert.DoesNotContain("<script>", page.Text(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_page_speaks_to_issuers_that_are_known_and_who_comes_back_from_one_waits_for_it()
    {
        Assert.Contains("connect-src 'self';", (await _host.GetAsync("")).Policy(), StringComparison.Ordinal);
        Assert.Equal("[]", (await _host.GetAsync("sign-in.json")).Text());
        await using var host = await PageHost.StartAsync(new OneIssuer());
        Assert.Contains("connect-src 'self';", (await host.GetAsync("")).Policy(), StringComparison.Ordinal);
        Assert.Contains(
            "connect-src 'self' https://login.example:8443;", (await host.GetAsync("?code=c&state=s")).Policy(),
            StringComparison.Ordinal);
        Assert.Equal(
            "[{\"issuer\":\"https://login.example\",\"clientId\":\"orc\",\"scopes\":\"openid\","
                + "\"authorizationEndpoint\":\"https://login.example/a\","
                + "\"tokenEndpoint\":\"https://login.example:8443/t\"}]",
            (await host.GetAsync("sign-in.json")).Text());
    }

    private sealed class OneIssuer : IDashboardSignIn
    {
        public IReadOnlyList<DashboardIssuer> Known => [];

        public Task<IReadOnlyList<DashboardIssuer>> FindAsync(CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<DashboardIssuer>>(
            [
                new DashboardIssuer(
                    "https://login.example", "orc", "openid", new Uri("https://login.example/a"),
                    new Uri("https://login.example:8443/t")),
            ]);
    }

    [Fact]
    public async Task Files_with_a_hash_in_their_names_are_kept()
    {
        foreach (var name in (await _host.GetAsync("")).Links())
        {
            var file = await _host.GetAsync(name);
            Assert.Contains("immutable", file.Header("Cache-Control"), StringComparison.Ordinal);
            Assert.Equal("nosniff", file.Header("X-Content-Type-Options"));
        }
    }

    [Theory]
    [InlineData("GET", "/dashboard", 308)]
    [InlineData("HEAD", "/dashboard/", 200)]
    [InlineData("POST", "/dashboard/", 405)]
    [InlineData("GET", "/dashboard/nothing.js", 404)]
    [InlineData("GET", "/dashboard/sources.txt", 404)]
    [InlineData("GET", "/dashboards", PageHost.NotTheirs)]
    [InlineData("GET", "/api", PageHost.NotTheirs)]
    public async Task Everything_else_is_refused_or_left_to_the_api(string method, string path, int code)
    {
        var answer = await _host.SendAsync(new HttpMethod(method), path);
        Assert.Equal(code, answer.Code);
        if (code is 404 or 405)
        {
            Assert.Equal(code == 404 ? "404 page not found\n" : "Method Not Allowed\n", answer.Text());
        }
    }
}
