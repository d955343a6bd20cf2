using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Aggregation;
using OrleansOrchestrator.Api.Audit;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Auth.RequestHeaders;
using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Api.Tests.Audit;
using OrleansOrchestrator.Interfaces.Aggregation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Security;
using OrleansOrchestrator.TestKit.Remote;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Aggregation;

/// <summary>Requests for group versions that another server serves behind this one.</summary>
public sealed class ApiForwarderTests
{
    private static CancellationToken Limit => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Metrics_say_which_servers_are_not_available()
    {
        const string Series = "aggregator_unavailable_apiservice{name=\"v1.harbour.example.com\"}";
        await using var host = await AggregationHost.StartAsync();
        await host.RegisterAsync(isAvailable: false);
        await host.Api.Services.GetRequiredService<RemoteApiBook>().AllAsync(Limit);
        Assert.Contains($"{Series} 1", await host.Http.GetStringAsync("/metrics", Limit), StringComparison.Ordinal);
        await host.SayAsync(isAvailable: true);
        Assert.Contains($"{Series} 0", await host.Http.GetStringAsync("/metrics", Limit), StringComparison.Ordinal);
        await host.ForgetAsync();
        Assert.DoesNotContain(Series, await host.Http.GetStringAsync("/metrics", Limit), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET", "?labelSelector=a%3Db&limit=5", null)]
    [InlineData("POST", "?dryRun=All", "{\"kind\":\"Boat\"}")]
    [InlineData("DELETE", "?labelSelector=a%20in%20(b,c)", null)]
    [InlineData("PATCH", "/a%20b/status?force=true", "{\"spec\":{}}")]
    [InlineData("PUT", "/a/scale", "{}")]
    public async Task A_request_reaches_the_server_as_it_came(string method, string path, string? body)
    {
        await using var host = await AggregationHost.StartAsync();
        await host.RegisterAsync();
        var seen = new ConcurrentQueue<string>();
        host.Answer = async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            seen.Enqueue(
                $"{context.Request.Method} {context.Features.Get<IHttpRequestFeature>()!.RawTarget} "
                + $"{await reader.ReadToEndAsync()}");
            context.Response.StatusCode = 207;
            context.Response.ContentType = "application/x-boat";
            context.Response.Headers["X-Boat"] = "yes";
            context.Response.Headers.CacheControl = "private";
            await context.Response.WriteAsync("answer");
        };
        using var request = new HttpRequestMessage(new HttpMethod(method), AggregationHost.Boats + path);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/x-boat");
        using var response = await host.Http.SendAsync(request, Limit);
        Assert.Equal(207, (int)response.StatusCode);
        Assert.Equal("answer", await response.Content.ReadAsStringAsync(Limit));
        Assert.Equal("application/x-boat", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(["yes"], response.Headers.GetValues("X-Boat"));
        Assert.Equal("private", response.Headers.CacheControl?.ToString());
        Assert.Equal([$"{method} {AggregationHost.Boats}{path} {body}"], seen);
    }

    /// <summary>By upstream's <c>TestProxyHandler</c>; whatever the client says of it does not count.</summary>
    [Fact]
    public async Task The_server_learns_what_was_asked_for_and_where_it_answers()
    {
        await using var host = await AggregationHost.StartAsync();
        await host.RegisterAsync();
        string[] seen = [];
        host.Answer = context =>
        {
            seen = [.. new[] { "Uri", "Proto", "Host" }.Select(n => $"{context.Request.Headers["X-Forwarded-" + n]}")];
            return Task.CompletedTask;
        };
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{AggregationHost.Boats}/a%20b?limit=1");
        request.Headers.Add("X-Forwarded-Proto", "gopher");
        using var response = await host.Http.SendAsync(request, Limit);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal([$"{AggregationHost.Boats}/a%20b", "https", $"localhost:{host.Remote.Port}"], seen);
    }

    /// <summary>By upstream's <c>TestAggregatedAPIServerRejectRedirectResponse</c>.</summary>
    [Theory]
    [InlineData(302, "https://elsewhere.example/", 502)]
    [InlineData(307, "/apis", 502)]
    [InlineData(304, null, 304)]
    [InlineData(201, "/apis", 201)]
    public async Task Nobody_is_sent_elsewhere(int answered, string? location, int got)
    {
        await using var host = await AggregationHost.StartAsync();
        await host.RegisterAsync();
        host.Answer = context =>
        {
            context.Response.StatusCode = answered;
            context.Response.Headers.Location = location;
            return Task.CompletedTask;
        };
        using var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });
        client.BaseAddress = host.Http.BaseAddress;
        client.DefaultRequestHeaders.Authorization = host.Http.DefaultRequestHeaders.Authorization;
        using var response = await client.GetAsync(AggregationHost.Boats, Limit);
        Assert.Equal(got, (int)response.StatusCode);
        Assert.Equal(got == 201 ? location : null, response.Headers.Location?.ToString());
        Assert.Equal(
            got == 502 ? "the backend attempted to redirect this request, which is not permitted" : "",
            await response.Content.ReadAsStringAsync(Limit));
    }

    /// <summary>Whatever it says of that: this one does.</summary>
    [Theory]
    [InlineData("https://example.com", "https://example.com", "true", "POST, GET, OPTIONS, PUT, DELETE, PATCH")]
    [InlineData("https://evil.example", null, null, null)]
    public async Task The_server_does_not_say_who_may_read_the_API_from_a_browser(
        string origin, string? allowed, string? credentials, string? methods)
    {
        await using var host = await AggregationHost.StartAsync(origins: [new Regex("^https://example\\.com$")]);
        await host.RegisterAsync();
        host.Answer = static context =>
        {
            context.Response.Headers.AccessControlAllowOrigin = "*";
            context.Response.Headers.AccessControlAllowCredentials = "false";
            context.Response.Headers.AccessControlAllowMethods = "BREW";
            return Task.CompletedTask;
        };
        using var request = new HttpRequestMessage(HttpMethod.Get, AggregationHost.Boats);
        request.Headers.Add("Origin", origin);
        using var response = await host.Http.SendAsync(request, Limit);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(
            [allowed, credentials, methods],
            new[] { "Origin", "Credentials", "Methods" }.Select(name =>
                response.Headers.NonValidated.TryGetValues($"Access-Control-Allow-{name}", out var said)
                    ? said.ToString() : null));
    }

    [Fact]
    public async Task The_server_learns_the_user_from_a_proxy_that_proves_itself()
    {
        var user = new UserIdentity
        {
            Name = "jöe", Uid = "7", Groups = ["system:masters", "a, b"],
            Extra = new Dictionary<string, IReadOnlyList<string>> { ["example.com/a%b"] = ["1", "2"] },
        };
        await using var host = await AggregationHost.StartAsync(
            s => s.AddSingleton<IAuthenticator>(new OneUser(user)));
        await host.RegisterAsync();
        var seen = new ConcurrentQueue<string>();
        X509Certificate2? shown = null;
        host.Answer = context =>
        {
            shown = context.Connection.ClientCertificate;
            foreach (var (name, value) in context.Request.Headers.Where(h => Concerns(h.Key)))
            {
                seen.Enqueue($"{name.ToLowerInvariant()}={string.Join('|', value.ToArray())}");
            }

            return Task.CompletedTask;
        };
        using var request = new HttpRequestMessage(HttpMethod.Get, AggregationHost.Boats);
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer secret");
        request.Headers.TryAddWithoutValidation("X-Remote-User", "system:admin");
        request.Headers.TryAddWithoutValidation("X-Remote-Group", "system:nodes");
        request.Headers.TryAddWithoutValidation("x-remote-extra-scopes", "all");
        using var response = await host.Http.SendAsync(request, Limit);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(
            [
                "x-remote-extra-example.com%2fa%25b=1|2", "x-remote-group=system:masters|a, b", "x-remote-uid=7",
                "x-remote-user=jöe",
            ],
            seen.Order(StringComparer.Ordinal));
        var trust = await host.Api.Silos.Grains.GetGrain<IClusterIdentityGrain>(IClusterIdentityGrain.Key)
            .GetTrustAsync(Limit);
        using var authority = X509Certificate2.CreateFromPem(trust.ProxyAuthorityPem);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        Assert.True(chain.Build(shown!));
        Assert.Equal("front-proxy-client", shown!.GetNameInfo(X509NameType.SimpleName, forIssuer: false));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(60, 10)]
    [InlineData(60, 300)]
    public async Task Each_group_is_a_line_however_many_there_are(int count, int length)
    {
        string[] groups =
            ["system:masters", .. Enumerable.Range(0, count).Select(i => $"group {i}, {new string('x', length)}")];
        await using var host = await AggregationHost.StartAsync(
            s => s.AddSingleton<IAuthenticator>(new OneUser(new UserIdentity { Name = "joe", Groups = groups })));
        await host.RegisterAsync();
        string?[] seen = [];
        host.Answer = context =>
        {
            seen = context.Request.Headers["X-Remote-Group"].ToArray();
            return Task.CompletedTask;
        };
        using var response = await host.Http.GetAsync(AggregationHost.Boats, Limit);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(groups, seen);
    }

    [Theory]
    [InlineData("/apis//harbour.example.com/v1/boats")]
    [InlineData("/apis/harbour.example.com/v1//boats")]
    [InlineData("/apis/harbour.example.com/v1/namespaces/space/boats/a%252Fstatus")]
    public async Task What_two_servers_could_read_in_two_ways_is_not_handed_on(string path)
    {
        await using var host = await AggregationHost.StartAsync();
        await host.RegisterAsync();
        host.Answer = static context => context.Response.WriteAsync("here");
        Assert.Equal(404, (await GetAsync(host, path)).Item1);
    }

    /// <summary>Escaped slashes divide a path, here as there.</summary>
    [Fact]
    public async Task A_path_is_handed_on_as_it_was_authorized()
    {
        await using var host = await AggregationHost.StartAsync();
        await host.RegisterAsync();
        host.Answer = static context => context.Response.WriteAsync(
            context.Features.Get<IHttpRequestFeature>()!.RawTarget);
        Assert.Equal(
            (200, "/apis/harbour.example.com/v1/namespaces/space/boats/a/status?x=%2F"),
            await GetAsync(host, "/apis/harbour.example.com/v1/namespaces/space/boats/a%2Fstatus?x=%2F"));
    }

    [Fact]
    public async Task What_is_not_available_says_so()
    {
        await using var host = await AggregationHost.StartAsync();
        await host.RegisterAsync(isAvailable: false);
        Assert.Equal((503, "service unavailable\n"), await GetAsync(host));
        await host.SayAsync(isAvailable: true);
        host.Answer = static context => context.Response.WriteAsync("here");
        Assert.Equal((200, "here"), await GetAsync(host));
    }

    [Fact]
    public async Task A_service_that_leads_nowhere_is_not_available()
    {
        await using var host = await AggregationHost.StartAsync();
        await host.RegisterAsync(service: "none-such");
        Assert.Equal((503, "service unavailable\n"), await GetAsync(host));
    }

    [Fact]
    public async Task A_server_that_cannot_be_reached_or_trusted_is_told_why()
    {
        await using var host = await AggregationHost.StartAsync();
        using var stranger = new TestAuthority();
        await host.RegisterAsync("v1", bundle: stranger.Bundle);
        await host.RegisterAsync("v2");
        Assert.Equal(
            (
                503,
                "error trying to reach service: tls: failed to verify certificate: x509: certificate signed by "
                + "unknown authority\n"),
            await GetAsync(host));
        await host.Remote.DisposeAsync();
        var second = AggregationHost.Boats.Replace("/v1/", "/v2/", StringComparison.Ordinal);
        var (code, text) = await GetAsync(host, second);
        Assert.Equal(503, code);
        Assert.StartsWith("error trying to reach service: dial tcp ", text, StringComparison.Ordinal);
        Assert.EndsWith(": connect: connection refused\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_watch_streams()
    {
        await using var host = await AggregationHost.StartAsync();
        await host.RegisterAsync();
        var more = new TaskCompletionSource();
        host.Answer = async context =>
        {
            await context.Response.WriteAsync("first\n");
            await context.Response.Body.FlushAsync();
            await more.Task;
            await context.Response.WriteAsync("second\n");
        };
        using var stream = await host.Http.GetStreamAsync($"{AggregationHost.Boats}?watch=1", Limit);
        using var reader = new StreamReader(stream);
        Assert.Equal("first", await reader.ReadLineAsync(Limit));
        more.SetResult();
        Assert.Equal("second", await reader.ReadLineAsync(Limit));
        Assert.Null(await reader.ReadLineAsync(Limit));
    }

    [Fact]
    public async Task A_client_that_goes_ends_its_watch_at_the_server()
    {
        await using var host = await AggregationHost.StartAsync();
        await host.RegisterAsync();
        var ended = new TaskCompletionSource();
        host.Answer = async context =>
        {
            await context.Response.WriteAsync("first\n");
            await context.Response.Body.FlushAsync();
            await using var gone = context.RequestAborted.Register(() => ended.TrySetResult());
            await ended.Task;
        };
        using (var stream = await host.Http.GetStreamAsync($"{AggregationHost.Boats}?watch=1", Limit))
        using (var reader = new StreamReader(stream))
        {
            Assert.Equal("first", await reader.ReadLineAsync(Limit));
        }

        await ended.Task.WaitAsync(TimeSpan.FromMinutes(2), Limit);
    }

    [Fact]
    public async Task Upgrades_go_through()
    {
        await using var host = await AggregationHost.StartAsync();
        await host.RegisterAsync();
        host.Answer = async context =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            var buffer = new byte[100];
            var got = await socket.ReceiveAsync(buffer, default);
            var reply = $"{context.Request.Headers["X-Remote-User"]} {Encoding.UTF8.GetString(buffer, 0, got.Count)}";
            await socket.SendAsync(Encoding.UTF8.GetBytes(reply), WebSocketMessageType.Text, true, default);
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", default);
        };
        using var client = new ClientWebSocket();
        var place = new UriBuilder(new Uri(host.Http.BaseAddress!, $"{AggregationHost.Boats}/a/exec?command=ls"))
        {
            Scheme = "ws",
        };
        await client.ConnectAsync(place.Uri, Limit);
        await client.SendAsync("ahoy"u8.ToArray(), WebSocketMessageType.Text, true, Limit);
        var answer = new byte[100];
        var received = await client.ReceiveAsync(answer, Limit);
        Assert.Equal("admin ahoy", Encoding.UTF8.GetString(answer, 0, received.Count));
    }

    [Fact]
    public async Task An_operators_certificate_is_shown_and_followed()
    {
        var directory = Directory.CreateTempSubdirectory();
        using var authority = new TestAuthority();
        var files = new ProxyClientFiles(
            Path.Combine(directory.FullName, "proxy.crt"), Path.Combine(directory.FullName, "proxy.key"));
        string Write()
        {
            using var pair = authority.Issue(["proxy"]);
            File.WriteAllText(files.CertificateFile, pair.ExportCertificatePem());
            File.WriteAllText(files.KeyFile, pair.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
            return pair.SerialNumber;
        }

        var first = Write();
        await using var host = await AggregationHost.StartAsync(
            s => s.AddSingleton(new AuthOptions { ProxyClient = files }));
        await host.RegisterAsync();
        string? shown = null;
        host.Answer = context =>
        {
            shown = context.Connection.ClientCertificate?.SerialNumber;
            return Task.CompletedTask;
        };
        (await host.Http.GetAsync(AggregationHost.Boats, Limit)).Dispose();
        Assert.Equal(first, shown);
        var second = Write();
        host.Api.Services.GetRequiredService<ProxyCertificate>().Use(files.Read());
        (await host.Http.GetAsync(AggregationHost.Boats, Limit)).Dispose();
        Assert.Equal(second, shown);
        await File.WriteAllTextAsync(files.KeyFile, "no key", Limit);
        Assert.Throws<ConfigurationException>(files.Read);
        directory.Delete(recursive: true);
    }

    [Fact]
    public async Task A_server_is_checked_by_its_discovery()
    {
        await using var host = await AggregationHost.StartAsync();
        var apis = host.Api.Services.GetRequiredService<IAggregatedApis>();
        var api = new AggregatedApi(
            AggregationHost.Group, "v1", new ObjectKey("space", "cargo"), host.Remote.Port);
        var url = $"https://localhost:{host.Remote.Port}/apis/{AggregationHost.Group}/v1";
        Assert.Equal(
            $"failing or missing response from {url}: bad status from {url}: 404", await apis.CheckAsync(api, Limit));
        var askers = new ConcurrentBag<string>();
        host.Describe = context =>
        {
            askers.Add(context.Request.Headers["X-Remote-User"].ToString());
            return Task.CompletedTask;
        };
        Assert.Null(await apis.CheckAsync(api, Limit));
        Assert.Equal("system:kube-aggregator", Assert.Single(askers.Distinct()));
        Assert.Equal(
            "service \"none-such\" not found",
            await apis.CheckAsync(api with { Service = new ObjectKey("space", "none-such") }, Limit));
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("example.com/a b", "example.com%2Fa%20b")]
    [InlineData("50%", "50%25")]
    [InlineData("ä", "%C3%A4")]
    public void Keys_are_escaped_as_headers_want_them(string key, string expected) =>
        Assert.Equal(expected, RemoteUser.EscapeKey(key));

    private static bool Concerns(string header) =>
        header.StartsWith("X-Remote-", StringComparison.OrdinalIgnoreCase)
        || header.Equals("Authorization", StringComparison.OrdinalIgnoreCase);

    [Fact]
    public async Task A_server_known_by_its_common_name_alone_is_refused_and_the_audit_log_says_so()
    {
        var events = new Recorder { Prefix = AggregationHost.Boats };
        await using var host = await AggregationHost.StartAsync(
            services =>
            {
                services.AddSingleton<IAuditSink>(events);
                services.AddAudit(AuditPolicyReader.Read(
                    """
                    apiVersion: audit.k8s.io/v1
                    kind: Policy
                    rules: [{level: Metadata, omitStages: [RequestReceived]}]
                    """u8));
            },
            isLegacy: true);
        await host.RegisterAsync();

        Assert.Equal(
            (503, "error trying to reach service: tls: failed to verify certificate: x509: certificate relies on "
                + "legacy Common Name field, use SANs instead\n"),
            await GetAsync(host));
        Assert.NotNull((await events.NextAsync())["annotations"]![
            "missing-san.invalid-cert.kubernetes.io/cargo.space.svc"]);
        Assert.Contains(
            "apiserver_kube_aggregator_x509_missing_san_total 1\n",
            await host.Http.GetStringAsync("/metrics", Limit), StringComparison.Ordinal);
    }

    private static async Task<(int, string)> GetAsync(AggregationHost host, string path = AggregationHost.Boats)
    {
        using var response = await host.Http.GetAsync(path, Limit);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(Limit));
    }

    private sealed class OneUser(UserIdentity user) : IAuthenticator
    {
        public ValueTask<UserIdentity?> AuthenticateAsync(HttpContext context) => new(user);
    }
}
