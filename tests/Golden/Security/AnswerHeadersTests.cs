using System.Text;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Golden.Nodes;
using Xunit;

namespace OrleansOrchestrator.Golden.Security;

/// <summary>The headers of every answer, and the form of every error: a table over all sorts of paths.</summary>
public sealed class AnswerHeadersTests
{
    private const string Space = "/api/v1/namespaces/default";
    private const string Admin = GoldenHost.Token;

    // Method, path, token (null for none), body, expected code; whether an error is a Status.
    private static readonly (string Method, string Path, string? Token, string? Body, int Code,
        bool IsStatus)[] Requests =
    [
        ("GET", "/version", Admin, null, 200, true), ("GET", "/healthz", null, null, 200, true),
        ("GET", "/api", Admin, null, 200, true), ("GET", "/apis", Admin, null, 200, true),
        ("GET", "/openapi/v2", Admin, null, 200, true), ("GET", "/openapi/v3", Admin, null, 200, true),
        ("GET", $"{Space}/configmaps", Admin, null, 200, true),
        ("GET", $"{Space}/configmaps?watch=true&timeoutSeconds=1", Admin, null, 200, true),
        ("POST", $"{Space}/configmaps", Admin, """{"metadata":{"name":"c"}}""", 201, true),
        ("GET", $"{Space}/configmaps/c", Admin, null, 200, true),
        ("DELETE", $"{Space}/configmaps/c", Admin, null, 200, true),
        ("GET", $"{Space}/pods/p/log", Admin, null, 200, true),
        ("GET", "/api/v1/nodes/n/proxy/stats/summary", Admin, null, 200, true),
        ("GET", "/api/v1/nodes/n/proxy", Admin, null, 301, true),
        ("GET", $"{Space}/configmaps", "wrong", null, 401, true),
        ("GET", $"{Space}/configmaps", null, null, 403, true), ("GET", "/metrics", null, null, 403, true),
        ("HEAD", "/livez", null, null, 403, true), ("HEAD", "/version", null, null, 403, true),
        ("HEAD", "/livez", Admin, null, 200, false),
        ("GET", $"{Space}/configmaps/none", Admin, null, 404, true),
        ("GET", $"{Space}/nothings", Admin, null, 404, true),
        ("GET", "/apis/apps/v9/deployments", Admin, null, 404, true),
        ("GET", "/apis/none/v1/x", Admin, null, 404, false),
        ("GET", "/api/v1/namespaces/default%2fb/pods", Admin, null, 404, true),
        ("GET", "/api/v1/namespaces/default%2fconfigmaps", Admin, null, 200, true),
        ("GET", "/api/v1/namespaces/default%2f..%2Fb/pods", Admin, null, 404, true),
        ("GET", "/api/v1/namespaces/b/%2e%2E/default/configmaps", Admin, null, 404, true),
        ("GET", "/api/v1/namespaces/b/.%2e/default/configmaps", Admin, null, 404, true),
        ("GET", "/%2e/api/v1/namespaces/default/configmaps", Admin, null, 404, true),
        ("GET", "/api/v1/namespaces/default/configmaps/a%2Eb", Admin, null, 404, true),
        ("GET", "/api/v1/nodes/n/proxy%2fstats%2Fsummary", Admin, null, 200, true),
        ("GET", "/nowhere", Admin, null, 404, false), ("GET", $"{Space}/configmaps/../x", Admin, null, 404, true),
        ("PUT", $"{Space}/configmaps", Admin, "{}", 405, true), ("HEAD", $"{Space}/configmaps", Admin, null, 405, true),
        ("POST", $"{Space}/configmaps", Admin, "{", 400, true), ("POST", $"{Space}/configmaps", Admin, "[]", 400, true),
        ("POST", $"{Space}/configmaps", Admin, """{"metadata":{"name":"A"}}""", 422, true),
        ("GET", $"{Space}/configmaps?limit=x", Admin, null, 400, true),
        ("GET", $"{Space}/configmaps?watch=1&resourceVersion=x", Admin, null, 500, true),
        ("GET", $"{Space}/configmaps?labelSelector=%3D", Admin, null, 400, true),
        ("PATCH", $"{Space}/configmaps/c", Admin, "{}", 415, true),
        ("GET", $"{Space}/pods/p/exec", Admin, null, 400, true),
        ("GET", $"{Space}/pods/p/attach", Admin, null, 400, true),
        ("GET", $"{Space}/pods/p/portforward", Admin, null, 400, true),
        ("GET", $"{Space}/pods/p/log?tailLines=-1", Admin, null, 422, true),
        ("GET", $"{Space}/pods/p/proxy/", Admin, null, 400, true),
        ("GET", $"{Space}/services/s/proxy/", Admin, null, 404, true),
        ("GET", "/api/v1/nodes/none/proxy/", Admin, null, 404, true),
        ("TRACE", "/api/v1/nodes/n/proxy/", Admin, null, 405, true),
    ];

    [Fact]
    public async Task Every_answer_names_its_request_and_forbids_caches_and_every_error_is_a_status()
    {
        await using var node = await FakeNode.StartAsync(_ => Task.CompletedTask);
        var ids = new HashSet<string>();
        foreach (var (method, path, token, body, code, isStatus) in Requests)
        {
            using var client = new RawHttpClient(node.Api.Host, node.Api.Port);
            List<KeyValuePair<string, string>> headers = [new("Host", "x"), new("Content-Type", "application/json")];
            if (token is not null)
            {
                headers.Add(new("Authorization", $"Bearer {token}"));
            }

            var answer = await client.SendAsync(
                method, path, headers, body is null ? null : Encoding.UTF8.GetBytes(body));
            var what = $"{method} {path}: {Encoding.UTF8.GetString(answer.Body)}";
            Assert.True(code == answer.Status, what);
            Assert.True(ids.Add(One(answer, "Audit-Id", what)), what);
            Assert.Equal("no-cache, private", One(answer, "Cache-Control", what));
            if (code >= 400 && isStatus)
            {
                Assert.Equal("application/json", One(answer, "Content-Type", what));
                Assert.True(method == "HEAD" || (string?)JsonNode.Parse(answer.Body)!["kind"] == "Status", what);
            }
        }
    }

    [Fact]
    public async Task A_client_may_name_its_request()
    {
        await using var host = await GoldenHost.StartAsync();
        using var client = new RawHttpClient(host.Address.Host, host.Address.Port);
        foreach (var path in (string[])["/version", "/nowhere", $"{Space}/configmaps/none"])
        {
            var answer = await client.SendAsync(
                "GET", path, FakeNode.Headers(KeyValuePair.Create("Audit-ID", "mine")), null);
            Assert.Equal("mine", One(answer, "Audit-Id", path));
        }
    }

    private static string One(RawAnswer answer, string name, string what)
    {
        var values = answer.Headers.Where(h => h.Key.Equals(name, StringComparison.OrdinalIgnoreCase))
            .Select(h => h.Value).ToList();
        Assert.True(values.Count == 1, $"{name} is there {values.Count} times: {what}");
        return values[0];
    }
}
