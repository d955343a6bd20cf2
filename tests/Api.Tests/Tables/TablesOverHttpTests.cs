using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Tables;

/// <summary>Tables that are not just the columns and the order of a kind.</summary>
public sealed class TablesOverHttpTests
{
    private const string Table = "application/json;as=Table;v=v1;g=meta.k8s.io";
    private const string Schemas = "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas";
    private const string Deployments = "/apis/apps/v1/namespaces/web/deployments";

    [Fact]
    public async Task FlowSchemasAreShownAsTheyAreAsked()
    {
        await using var host = await ProtocolHost.StartAsync();
        await PostAsync(host, Schemas, Schema("a", 900));
        await PostAsync(host, Schemas, Schema("c", 5));
        await PostAsync(host, Schemas, Schema("b", 5));
        var table = await host.GetJsonAsync($"{Schemas}?labelSelector=of%3Dtest", Table);
        Assert.Equal(["b", "c", "a"], table["rows"]!.AsArray().Select(static r => (string)r!["cells"]![0]!));
        var list = await host.GetJsonAsync($"{Schemas}?labelSelector=of%3Dtest");
        Assert.Equal(["a", "b", "c"], list["items"]!.AsArray().Select(static i => (string)i!["metadata"]!["name"]!));
    }

    [Fact]
    public async Task AScaleIsShownAsAScale()
    {
        await using var host = await ProtocolHost.StartAsync();
        await PostAsync(host, "/api/v1/namespaces", """{"metadata":{"name":"web"}}""");
        await PostAsync(
            host,
            Deployments,
            """
            {"metadata":{"name":"d"},"spec":{"replicas":3,"selector":{"matchLabels":{"a":"b"}},
            "template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}
            """);
        var table = await host.GetJsonAsync($"{Deployments}/d/scale", Table);
        Assert.Equal(
            ["Name", "Desired", "Available", "Age"],
            table["columnDefinitions"]!.AsArray().Select(static c => (string)c!["name"]!));
        var row = table["rows"]!.AsArray().Single()!;
        Assert.Equal(
            ("d", 3, 0), ((string)row["cells"]![0]!, (int)row["cells"]![1]!, (int)row["cells"]![2]!));
        Assert.Equal("d", (string)row["object"]!["metadata"]!["name"]!);
    }

    private static string Schema(string name, int precedence) =>
        $$$"""
        {"metadata":{"name":"{{{name}}}","labels":{"of":"test"}},"spec":{"matchingPrecedence":{{{precedence}}},
        "priorityLevelConfiguration":{"name":"level"},
        "rules":[{"subjects":[{"kind":"User","user":{"name":"jane"}}],
        "nonResourceRules":[{"verbs":["*"],"nonResourceURLs":["*"]}]}]}}
        """;

    private static async Task PostAsync(ProtocolHost host, string path, string json)
    {
        using var body = new StringContent(json, Encoding.UTF8, "application/json");
        using var answer = await host.Http.PostAsync(path, body);
        var made = await answer.Content.ReadFromJsonAsync<JsonNode>();
        Assert.True(answer.IsSuccessStatusCode, made?.ToJsonString());
    }
}
