using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;
using OrleansOrchestrator.TestKit.Remote;

namespace OrleansOrchestrator.Api.Tests.Admission.Webhooks;

/// <summary>The API, and one server of webhooks: each path answers as a test says.</summary>
internal sealed class WebhookHost : IAsyncDisposable
{
    private const string Group = "/apis/admissionregistration.k8s.io/v1/";

    private readonly TestAuthority _authority = new();
    private readonly Dictionary<string, Func<HttpContext, JsonNode, Task>> _answers = new(StringComparer.Ordinal);

    private WebhookHost(ProtocolHost api) => Api = api;

    public ProtocolHost Api { get; }

    public TestRemote Remote { get; private set; } = null!;

    public string Bundle => Convert.ToBase64String(_authority.Bundle);

    public TestAuthority Authority => _authority;

    public static async Task<WebhookHost> StartAsync(
        TestSilosOptions? options = null, Action<IServiceCollection>? configure = null)
    {
        var host = new WebhookHost(await ProtocolHost.StartAsync(options, configure));
        host.Remote = await TestRemote.StartAsync(
            host._authority.Issue(["localhost", "hooks.space.svc"]),
            async (server, context) =>
                await host._answers[context.Request.Path](context, await server.ReadAsync(context)));
        await host.PostAsync("/api/v1/namespaces", """{"metadata":{"name":"space","labels":{"team":"a"}}}""");
        return host;
    }

    /// <summary>What a path answers, whatever it is.</summary>
    public void Answer(string path, Func<HttpContext, JsonNode, Task> answer) => _answers[path] = answer;

    /// <summary>What a path has been told to answer.</summary>
    public Func<HttpContext, JsonNode, Task> AnswerOf(string path) => _answers[path];

    /// <summary>What a path answers: a response, which gets its uid.</summary>
    public void Respond(string path, Func<JsonNode, JsonObject> respond) => Answer(path, (context, review) =>
    {
        var response = respond(review["request"]!);
        response["uid"] ??= review["request"]!["uid"]!.DeepClone();
        return context.Response.WriteAsJsonAsync(new JsonObject
        {
            ["apiVersion"] = review["apiVersion"]!.DeepClone(), ["kind"] = "AdmissionReview", ["response"] = response,
        });
    });

    /// <summary>An answer with a patch.</summary>
    public static JsonObject Patched(string patch) => new()
    {
        ["allowed"] = true, ["patchType"] = "JSONPatch",
        ["patch"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(patch)),
    };

    /// <summary>Creates a configuration, and waits until the API has it.</summary>
    public async Task ConfigureAsync(string kind, string name, params string[] hooks)
    {
        var text = string.Join(',', hooks);
        var plural = $"{kind.ToLowerInvariant()}webhookconfigurations";
        var body = $$"""{"metadata":{"name":"{{name}}"},"webhooks":[{{text}}]}""";
        await PostAsync(Group + plural, body);
        await SyncAsync(plural);
    }

    public async Task SyncAsync(string plural)
    {
        var cache = await Api.Caches.GetAsync(
            new ResourceName("admissionregistration.k8s.io", plural), CancellationToken.None);
        await cache.ConsistentAsync(CancellationToken.None);
    }

    /// <summary>A webhook at a path of the server, about ConfigMaps unless more is said.</summary>
    public string Hook(string name, string path, string more = "", string? rules = null) => $$"""
        {"name":"{{name}}","clientConfig":{"url":"{{Remote.Url(path)}}","caBundle":"{{Bundle}}"},
        "sideEffects":"None","admissionReviewVersions":["v1"],"rules":[{{rules ?? ConfigMapRule}}]{{more}}}
        """;

    public const string ConfigMapRule =
        """{"operations":["*"],"apiGroups":[""],"apiVersions":["v1"],"resources":["configmaps"]}""";

    public async Task<JsonNode> PostAsync(string path, string body)
    {
        var (code, answer) = await SendAsync(HttpMethod.Post, path, body);
        Xunit.Assert.True(code is 200 or 201, answer.ToJsonString());
        return answer;
    }

    public async Task<(int Code, JsonNode Body)> SendAsync(
        HttpMethod method, string path, string? body = null, string type = "application/json")
    {
        using var request = new HttpRequestMessage(method, path);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, type);
        using var response = await Api.Http.SendAsync(request);
        Warnings = response.Headers.TryGetValues("Warning", out var all) ? [.. all] : [];
        return ((int)response.StatusCode, (await response.Content.ReadFromJsonAsync<JsonNode>())!);
    }

    /// <summary>Creates a definition, and says in the place of its controller that its names are accepted.</summary>
    public async Task DefineAsync(string body)
    {
        const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        var definition = await PostAsync(Definitions, body);
        definition["status"]!["acceptedNames"] = definition["spec"]!["names"]!.DeepClone();
        definition["status"]!["conditions"] = new JsonArray(new JsonObject
        {
            ["type"] = "Established", ["status"] = "True", ["reason"] = "Test", ["message"] = "of the test",
            ["lastTransitionTime"] = "2001-01-01T00:00:00Z",
        });
        var (code, answer) = await SendAsync(
            HttpMethod.Put, $"{Definitions}/{(string?)definition["metadata"]!["name"]}/status",
            definition.ToJsonString());
        Xunit.Assert.True(code == 200, answer.ToJsonString());
    }

    /// <summary>Those of the last answer.</summary>
    public string[] Warnings { get; private set; } = [];

    public Task<(int Code, JsonNode Body)> CreateAsync(string name, string query = "", string more = "") => SendAsync(
        HttpMethod.Post, $"/api/v1/namespaces/space/configmaps{query}",
        "{\"metadata\":{\"name\":\"" + name + "\"" + more + "}}");

    public async ValueTask DisposeAsync()
    {
        await Api.DisposeAsync();
        await Remote.DisposeAsync();
        _authority.Dispose();
    }
}
