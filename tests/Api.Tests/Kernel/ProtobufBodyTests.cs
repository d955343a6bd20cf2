using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Api.Tests.Negotiation;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Kernel;

/// <summary>
/// Typed Go clients speak protobuf: what kubectl 1.35 sends is accepted, and what is malformed is refused in upstream's
/// words.
/// </summary>
public sealed class ProtobufBodyTests
{
    private const string MediaType = "application/vnd.kubernetes.protobuf";
    private static readonly string[] Served =
        ["namespaces", "deployments", "configmaps", "secrets", "serviceaccounts", "services"];

    [Fact]
    public async Task WhatKubectlSendsIsCreatedScaledAndDeleted()
    {
        await using var host = await ProtocolHost.StartAsync();
        foreach (var (path, body, json) in Recorded().Where(r => Served.Contains(r.Path.Split('/')[^1])))
        {
            var created = await SendAsync(host, HttpMethod.Post, path, body, HttpStatusCode.Created);
            AssertContains(JsonNode.Parse(json)!, created, path);
        }

        // autoscaling/v1 Scale {metadata: {name: x, namespace: web}, spec: {replicas: 5}}
        var scale = Envelop("autoscaling/v1", "Scale", "0a080a01781a0377656212020805");
        var scaled = await SendAsync(
            host, HttpMethod.Put, "/apis/apps/v1/namespaces/web/deployments/x/scale", scale, HttpStatusCode.OK);
        Assert.Equal(5, (int)scaled["spec"]!["replicas"]!);

        // meta/v1 DeleteOptions {preconditions: {uid: other}}, then none
        var options = Envelop("v1", "DeleteOptions", "12070a056f74686572");
        var refused = await SendAsync(
            host, HttpMethod.Delete, "/api/v1/namespaces/web/configmaps/c", options, HttpStatusCode.Conflict);
        Assert.Contains("other", (string)refused["message"]!, StringComparison.Ordinal);
        await SendAsync(
            host, HttpMethod.Delete, "/api/v1/namespaces/web/configmaps/c", Envelop("apps/v1", "DeleteOptions", ""), HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("", "the object provided is unrecognized (must be of type ConfigMap): empty data (<empty>)")]
    [InlineData(
        "7b7d",
        "the object provided is unrecognized (must be of type ConfigMap): provided data does not appear to be a protobuf message, " +
        "expected prefix [107 56 115 0] ({})")]
    [InlineData("6b3873001001", "the object provided is unrecognized (must be of type ConfigMap): proto: wrong wireType = 0 for field Raw (6b3873001001)")]
    [InlineData(
        "6b38730012021001",
        "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: proto: wrong wireType = 0 for field Data")]
    [InlineData(
        "6b3873000a0d0a02763112",
        "the object provided is unrecognized (must be of type ConfigMap): unexpected EOF (6b3873000a0d0a02763112)")]
    [InlineData(
        "6b3873000a0c0a0276311206536563726574",
        "Secret in version \"v1\" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): unknown conversion")]
    public async Task MalformedBodiesAreBadRequests(string hex, string message)
    {
        await using var host = await ProtocolHost.StartAsync();
        var answer = await SendAsync(
            host, HttpMethod.Post, "/api/v1/namespaces/web/configmaps", Convert.FromHexString(hex), HttpStatusCode.BadRequest);
        Assert.Equal(message, (string?)answer["message"]);
    }

    private static byte[] Envelop(string apiVersion, string kind, string raw)
    {
        byte[] type = [.. Field(0x0a, apiVersion), .. Field(0x12, kind)];
        var data = Convert.FromHexString(raw);
        return [.. "k8s\0"u8, 0x0a, (byte)type.Length, .. type, 0x12, (byte)data.Length, .. data];
    }

    private static byte[] Field(byte tag, string text) =>
        [tag, (byte)text.Length, .. System.Text.Encoding.UTF8.GetBytes(text)];

    private static async Task<JsonNode> SendAsync(
        ProtocolHost host, HttpMethod method, string path, byte[] body, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(method, path) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(MediaType);
        request.Headers.Accept.ParseAdd($"{MediaType},application/json");
        using var response = await host.Http.SendAsync(request, TestContext.Current.CancellationToken);
        var answer = await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        var text = System.Text.Encoding.UTF8.GetString(answer);
        Assert.True(expected == response.StatusCode, $"{method} {path}: {response.StatusCode} {text}");
        return ProtobufMessages.ToJson(answer);
    }

    /// <summary>All that was sent is in the answer, which has defaults besides.</summary>
    private static void AssertContains(JsonNode sent, JsonNode? answered, string path)
    {
        switch (sent)
        {
            case JsonObject item:
                foreach (var (key, value) in item.Where(p => p.Value is not null && p.Key != "status"))
                {
                    AssertContains(value!, answered?[key], $"{path}.{key}");
                }

                break;
            case JsonArray list:
                for (var i = 0; i < list.Count; i++)
                {
                    AssertContains(list[i]!, answered?[i], $"{path}[{i}]");
                }

                break;
            default:
                Assert.True(JsonNode.DeepEquals(sent, answered), $"{path}: {sent} became {answered}");
                break;
        }
    }

    private static List<(string Path, byte[] Body, string Json)> Recorded()
    {
        using var stream = typeof(ProtobufBodyTests).Assembly.GetManifestResourceStream("kubectl-protobuf.txt")!;
        using var reader = new StreamReader(stream);
        return
        [
            .. reader.ReadToEnd().Split('\n').Where(l => l.Length > 0 && l[0] != '#').Select(l => l.Split(' ', 3))
                .Select(w => (w[0][(w[0].IndexOf(':', StringComparison.Ordinal) + 1)..], Convert.FromHexString(w[1]), w[2])),
        ];
    }
}
