using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit.Remote;

namespace OrleansOrchestrator.Api.Tests.Aggregation;

/// <summary>The API, and one server behind the Service <c>space/cargo</c>, which answers as a test says.</summary>
internal sealed class AggregationHost : IAsyncDisposable
{
    public const string Group = "harbour.example.com";
    public const string Boats = $"/apis/{Group}/v1/namespaces/space/boats";

    private const string ApiServices = "/apis/apiregistration.k8s.io/v1/apiservices";

    private readonly TestAuthority _authority = new();

    private AggregationHost(ProtocolHost api) => Api = api;

    public ProtocolHost Api { get; }

    public HttpClient Http => Api.Http;

    public TestRemote Remote { get; private set; } = null!;

    /// <summary>What the server answers of its boats.</summary>
    public Func<HttpContext, Task> Answer { get; set; } = NotFoundAsync;

    /// <summary>What it answers of itself, to whoever discovers it.</summary>
    public Func<HttpContext, Task> Describe { get; set; } = NotFoundAsync;

    public static async Task<AggregationHost> StartAsync(
        Action<IServiceCollection>? configure = null, bool isLegacy = false, IReadOnlyList<Regex>? origins = null)
    {
        var host = new AggregationHost(await ProtocolHost.StartAsync(configure: configure, origins: origins));
        host.Remote = await TestRemote.StartAsync(
            isLegacy
                ? host._authority.IssueLegacy("cargo.space.svc")
                : host._authority.Issue(["localhost", "cargo.space.svc"]),
            (_, context) => host.AnswerAsync(context),
            asksForCertificate: true);
        await host.PostAsync("/api/v1/namespaces", """{"metadata":{"name":"space"}}""");
        await host.PostAsync("/api/v1/namespaces/space/services", """
            {"metadata":{"name":"cargo"},"spec":{"type":"ExternalName","externalName":"localhost"}}
            """);
        return host;
    }

    /// <summary>Registers a version of the group, and says in the place of its controller whether it is available.
    /// </summary>
    public async Task RegisterAsync(
        string version = "v1", bool isAvailable = true, byte[]? bundle = null, string service = "cargo",
        int groupPriority = 2000)
    {
        var name = $"{version}.{Group}";
        var spec = new JsonObject
        {
            ["group"] = Group, ["version"] = version, ["groupPriorityMinimum"] = groupPriority,
            ["versionPriority"] = 10, ["caBundle"] = Convert.ToBase64String(bundle ?? _authority.Bundle),
            ["service"] = new JsonObject { ["namespace"] = "space", ["name"] = service, ["port"] = Remote.Port },
        };
        var item = await PostAsync(
            ApiServices, new JsonObject { ["metadata"] = new JsonObject { ["name"] = name }, ["spec"] = spec }
                .ToJsonString());
        await SayAsync(item, isAvailable);
    }

    /// <summary>Says whether a version is available.</summary>
    public async Task SayAsync(bool isAvailable, string version = "v1") =>
        await SayAsync(await Api.GetJsonAsync($"{ApiServices}/{version}.{Group}"), isAvailable);

    /// <summary>Takes a version away.</summary>
    public async Task ForgetAsync(string version = "v1")
    {
        using var response = await Http.DeleteAsync($"{ApiServices}/{version}.{Group}");
        Xunit.Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        await SyncAsync();
    }

    public async Task<JsonNode> PostAsync(string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await Http.PostAsync(path, content);
        var text = await response.Content.ReadAsStringAsync();
        Xunit.Assert.True(response.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }

    public async ValueTask DisposeAsync()
    {
        await Api.DisposeAsync();
        await Remote.DisposeAsync();
        _authority.Dispose();
    }

    private static Task NotFoundAsync(HttpContext context)
    {
        context.Response.StatusCode = 404;
        return Task.CompletedTask;
    }

    private Task AnswerAsync(HttpContext context) =>
        context.Request.Path.Value!.Contains("/boats", StringComparison.Ordinal) ? Answer(context) : Describe(context);

    private async Task SayAsync(JsonNode item, bool isAvailable)
    {
        item["status"] = new JsonObject
        {
            ["conditions"] = new JsonArray(new JsonObject
            {
                ["type"] = "Available", ["status"] = isAvailable ? "True" : "False", ["reason"] = "Test",
                ["message"] = "of the test", ["lastTransitionTime"] = "2001-01-01T00:00:00Z",
            }),
        };
        using var content = new StringContent(item.ToJsonString(), Encoding.UTF8, "application/json");
        using var response = await Http.PutAsync($"{ApiServices}/{(string?)item["metadata"]!["name"]}/status", content);
        Xunit.Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        await SyncAsync();
    }

    private async Task SyncAsync()
    {
        var cache = await Api.Caches.GetAsync(
            new ResourceName("apiregistration.k8s.io", "apiservices"), CancellationToken.None);
        await cache.ConsistentAsync(CancellationToken.None);
    }
}
