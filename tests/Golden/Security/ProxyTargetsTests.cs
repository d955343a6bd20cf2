using System.Text;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Golden.Nodes;
using Xunit;

namespace OrleansOrchestrator.Golden.Security;

/// <summary>What proxies refuse, however users try to lead them there.</summary>
public sealed class ProxyTargetsTests
{
    private const string Space = "/api/v1/namespaces/default";

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("::ffff:127.0.0.2")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("::1")]
    [InlineData("64:ff9b::7f00:1")]
    [InlineData("2002:a9fe:a9fe::1")]
    public async Task A_pods_status_leads_nowhere_forbidden(string address)
    {
        await using var node = await FakeNode.StartAsync(_ => Task.CompletedTask);
        var status = $"{{\"status\":{{\"podIP\":\"{address}\",\"podIPs\":[{{\"ip\":\"{address}\"}}]}}}}";
        await SendAsync(node, "PATCH", $"{Space}/pods/p/status", status, "application/merge-patch+json");
        var answer = await SendAsync(node, "GET", $"{Space}/pods/p:80/proxy/");
        Assert.Equal((400, "address not allowed"), (answer.Status, Message(answer)));
    }

    // An address that no pod of the namespace has, though the Endpoints say so.
    [Theory]
    [InlineData("""{"ip":"10.0.0.9"}""")]
    [InlineData("""{"ip":"10.0.0.9","targetRef":{"kind":"Pod","name":"p","namespace":"kube-system"}}""")]
    [InlineData("""{"ip":"10.0.0.9","targetRef":{"kind":"Pod","name":"none","namespace":"default"}}""")]
    [InlineData("""{"ip":"10.0.0.9","targetRef":{"kind":"Pod","name":"p","namespace":"default"}}""")]
    public async Task Endpoints_lead_to_pods_of_their_namespace_alone(string address)
    {
        await using var node = await FakeNode.StartAsync(_ => Task.CompletedTask);
        await SendAsync(node, "POST", $"{Space}/services", """{"metadata":{"name":"s"},"spec":{"ports":[{"port":80}]}}""");
        var made = await SendAsync(
            node,
            "POST",
            $"{Space}/endpoints",
            $"{{\"metadata\":{{\"name\":\"s\"}},\"subsets\":[{{\"addresses\":[{address}],\"ports\":[{{\"port\":80}}]}}]}}");
        Assert.Equal(201, made.Status);
        var answer = await SendAsync(node, "GET", $"{Space}/services/s/proxy/");
        Assert.Equal((503, "no endpoints available for service \"s\""), (answer.Status, Message(answer)));
    }

    private static string Message(RawAnswer answer) => (string)JsonNode.Parse(answer.Body)!["message"]!;

    private static async Task<RawAnswer> SendAsync(
        FakeNode node, string method, string path, string? body = null, string type = "application/json")
    {
        using var client = new RawHttpClient(node.Api.Host, node.Api.Port);
        var headers = FakeNode.Headers().Where(h => h.Key != "Content-Type").Append(new("Content-Type", type));
        return await client.SendAsync(method, path, headers, body is null ? null : Encoding.UTF8.GetBytes(body));
    }
}
