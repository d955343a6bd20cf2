using OrleansOrchestrator.Api.Tests.Admission.Webhooks;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Admission.Policies;

/// <summary>The policies of <c>docs/policies.md</c> do what it says.</summary>
public sealed class PolicyExampleTests
{
    [Fact]
    public async Task ThePoliciesOfTheDocumentationWork()
    {
        await using var host = await WebhookHost.StartAsync();
        await host.SendAsync(HttpMethod.Post, "/api/v1/namespaces", """{"metadata":{"name":"default"}}""");
        await host.PostAsync(
            "/api/v1/namespaces", """{"metadata":{"name":"shop","labels":{"registries":"checked","team":"blue"}}}""");
        await host.PostAsync("/api/v1/namespaces/shop/serviceaccounts", """{"metadata":{"name":"default"}}""");
        await host.PostAsync(
            "/api/v1/namespaces/default/configmaps",
            """{"metadata":{"name":"registries"},"data":{"registries":"registry.example/,docker.io/library/"}}""");
        await ApplyAsync(host);

        var (code, refused) = await PodAsync(host, "evil.example/web");
        Assert.Equal(422, code);
        Assert.Equal(
            "pods \"web\" is forbidden: ValidatingAdmissionPolicy 'registries' with binding 'registries' denied "
            + "request: images of these containers are from elsewhere: web",
            (string?)refused["message"]);
        Assert.Equal(201, (await PodAsync(host, "registry.example/web")).Code);

        var item = await host.PostAsync("/api/v1/namespaces/shop/configmaps", """{"metadata":{"name":"settings"}}""");
        Assert.Equal("blue", (string?)item["metadata"]!["labels"]!["team"]);
        item = await host.PostAsync(
            "/api/v1/namespaces/shop/configmaps", """{"metadata":{"name":"others","labels":{"team":"red"}}}""");
        Assert.Equal("red", (string?)item["metadata"]!["labels"]!["team"]);
    }

    private static async Task ApplyAsync(WebhookHost host)
    {
        var text = await File.ReadAllTextAsync(Repository.PathOf("docs", "examples", "policies.yaml"));
        foreach (var document in text.Split("---\n"))
        {
            var kind = document.Split('\n').Single(l => l.StartsWith("kind: ", StringComparison.Ordinal))[6..];
            var plural = kind.EndsWith('y') ? $"{kind[..^1]}ies" : $"{kind}s";
            var (code, body) = await host.SendAsync(
                HttpMethod.Post, $"/apis/admissionregistration.k8s.io/v1/{plural.ToLowerInvariant()}", document,
                "application/yaml");
            Assert.True(code == 201, body.ToJsonString());
            await host.SyncAsync(plural.ToLowerInvariant());
        }
    }

    private static Task<(int Code, System.Text.Json.Nodes.JsonNode Body)> PodAsync(WebhookHost host, string image) =>
        host.SendAsync(HttpMethod.Post, "/api/v1/namespaces/shop/pods", $$$"""
            {"metadata":{"name":"web"},"spec":{"containers":[{"name":"web","image":"{{{image}}}"}]}}
            """);
}
