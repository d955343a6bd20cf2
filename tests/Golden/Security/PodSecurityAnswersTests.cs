using System.Text;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Golden.Security;

/// <summary>The Pod Security Standards as clients and controllers meet them, where no recording shows it.</summary>
public sealed class PodSecurityAnswersTests
{
    private const string Merge = "application/merge-patch+json";
    private const string HostNetwork = "\"hostNetwork\":true,";

    [Fact]
    public async Task AStricterNamespaceWarnsOfItsPodsAndHoldsOnlyWhatChanges()
    {
        await using var server = await Server.StartAsync();
        await MakeNamespaceAsync(server, "n");
        const string Owner = ",\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"X\",\"name\":\"x\",\"uid\":\"u\",\"controller\":true}]";
        foreach (var (name, extra, owner) in new[] { ("b", HostNetwork, Owner), ("a", HostNetwork, Owner),
            ("c", HostNetwork, ""), ("d", "\"hostPID\":true,", ""), ("e", "", "") })
        {
            Assert.Equal(201, (await server.SendAsync(
                "POST", "/api/v1/namespaces/n/pods", Pod(name, extra, owner, isPrivileged: name == "d"))).Status);
        }

        await server.SendAsync("GET", "/api/v1/namespaces/n/pods");
        var labelled = await LabelAsync(server, "n", "\"enforce\":\"baseline\"");
        Assert.Equal(
            [
                "299 - \"existing pods in namespace \\\"n\\\" violate the new PodSecurity enforce level \\\"baseline:latest\\\"\"",
                "299 - \"a (and 2 other pods): host namespaces\"",
                "299 - \"d: host namespaces, privileged\"",
            ],
            labelled.Warnings);
        Assert.Empty((await LabelAsync(server, "n", "\"enforce\":\"baseline\",\"warn\":\"restricted\"")).Warnings);
        Assert.Empty((await LabelAsync(server, "n", "\"enforce\":\"baseline\",\"warn\":\"privileged\"")).Warnings);

        Assert.Equal(200, (await server.SendAsync("PATCH", "/api/v1/namespaces/n/pods/a", """{"metadata":{"labels":{"x":"y"}}}""", Merge)).Status);
        var image = await server.SendAsync(
            "PATCH", "/api/v1/namespaces/n/pods/a", """{"spec":{"containers":[{"name":"c","image":"j"}]}}""", "application/strategic-merge-patch+json");
        Assert.Equal(
            (403, "pods \"a\" is forbidden: violates PodSecurity \"baseline:latest\": host namespaces (hostNetwork=true)"),
            (image.Status, (string)image.Body["message"]!));
        var ephemeral = await server.SendAsync(
            "PATCH", "/api/v1/namespaces/n/pods/e/ephemeralcontainers",
            """{"spec":{"ephemeralContainers":[{"name":"dbg","image":"i","securityContext":{"privileged":true}}]}}""",
            "application/strategic-merge-patch+json");
        Assert.Equal(403, ephemeral.Status);
    }

    [Fact]
    public async Task ControllersArePodsAuthorsLikeAllOthers()
    {
        await using var server = await Server.StartAsync();
        await MakeNamespaceAsync(server, "n", "\"pod-security.kubernetes.io/enforce\":\"baseline\"");
        var client = server.Services.GetRequiredService<IResourceClient>();
        var created = await client.CreateAsync(
            new CreateRequest { Resource = WellKnown.Pods, Namespace = "n",
                Json = Encoding.UTF8.GetBytes(Pod("p", HostNetwork)) }, CancellationToken.None);
        Assert.Equal(
            ("Forbidden", "pods \"p\" is forbidden: violates PodSecurity \"baseline:latest\": host namespaces (hostNetwork=true)"),
            (created.Error!.Reason, created.Error.Message));
    }

    /// <summary>Every kind that makes pods: a new one has to say where its template is.</summary>
    [Theory]
    [InlineData("/api/v1/namespaces/n/podtemplates", "\"template\":TEMPLATE")]
    [InlineData("/apis/apps/v1/namespaces/n/deployments",
        "\"spec\":{\"selector\":{\"matchLabels\":{\"a\":\"b\"}},\"template\":TEMPLATE}")]
    [InlineData("/apis/apps/v1/namespaces/n/replicasets",
        "\"spec\":{\"selector\":{\"matchLabels\":{\"a\":\"b\"}},\"template\":TEMPLATE}")]
    public async Task TemplatesAreWarnedOfAndNotRefused(string path, string content)
    {
        await using var server = await Server.StartAsync();
        await MakeNamespaceAsync(server, "n", "\"pod-security.kubernetes.io/enforce\":\"baseline\"");
        var template = """{"metadata":{"labels":{"a":"b"}},"spec":{"hostIPC":true,"containers":[{"name":"c","image":"i"}]}}""";
        var made = await server.SendAsync("POST", path,
            $"{{\"metadata\":{{\"name\":\"x\"}},{content.Replace("TEMPLATE", template, StringComparison.Ordinal)}}}");
        Assert.Equal(201, made.Status);
        Assert.Equal(["299 - \"would violate PodSecurity \\\"baseline:latest\\\": host namespaces (hostIPC=true)\""],
            made.Warnings);
    }

    [Fact]
    public async Task WhoIsExemptIsNotLookedAt()
    {
        await using var server = await Server.StartAsync(s => s.AddSingleton(new PodSecurityOptions
        {
            ExemptNamespaces = new HashSet<string> { "free" },
            ExemptUsernames = new HashSet<string> { "system:apiserver" },
        }));
        const string Labels = "\"pod-security.kubernetes.io/enforce\":\"restricted\",\"pod-security.kubernetes.io/warn-version\":\"v1.30\"";
        var made = await MakeNamespaceAsync(server, "free", Labels);
        Assert.Equal(
            ["299 - \"namespace \\\"free\\\" is exempt from Pod Security, and the policy (enforce=restricted:latest, warn=restricted:v1.30) will be ignored\""],
            made.Warnings);
        Assert.Equal(
            201, (await server.SendAsync("POST", "/api/v1/namespaces/free/pods", Pod("p", HostNetwork))).Status);

        await MakeNamespaceAsync(server, "n", Labels);
        Assert.Equal(403, (await server.SendAsync("POST", "/api/v1/namespaces/n/pods", Pod("p", HostNetwork))).Status);
        var client = server.Services.GetRequiredService<IResourceClient>();
        var created = await client.CreateAsync(
            new CreateRequest { Resource = WellKnown.Pods, Namespace = "n",
                Json = Encoding.UTF8.GetBytes(Pod("p", HostNetwork)) }, CancellationToken.None);
        Assert.True(created.Succeeded);
    }

    private static async Task<Answer> MakeNamespaceAsync(Server server, string name, string labels = "")
    {
        var made = await server.SendAsync(
            "POST", "/api/v1/namespaces", $"{{\"metadata\":{{\"name\":\"{name}\",\"labels\":{{{labels}}}}}}}");
        await server.SendAsync("POST", $"/api/v1/namespaces/{name}/serviceaccounts", """{"metadata":{"name":"default"},"automountServiceAccountToken":false}""");
        return made;
    }

    /// <summary>Sets labels, and reads them: after that they are in the cache that admission asks.</summary>
    private static async Task<Answer> LabelAsync(Server server, string name, string modes)
    {
        var labels = modes.Replace("\"enforce\"", "\"pod-security.kubernetes.io/enforce\"", StringComparison.Ordinal)
            .Replace("\"warn\"", "\"pod-security.kubernetes.io/warn\"", StringComparison.Ordinal);
        var answer = await server.SendAsync(
            "PATCH", $"/api/v1/namespaces/{name}", $"{{\"metadata\":{{\"labels\":{{{labels}}}}}}}", Merge);
        await server.SendAsync("GET", $"/api/v1/namespaces/{name}");
        return answer;
    }

    private static string Pod(string name, string extra, string owner = "", bool isPrivileged = false) =>
        $"{{\"metadata\":{{\"name\":\"{name}\"{owner}}},\"spec\":{{{extra}\"containers\":[{{\"name\":\"c\",\"image\":\"i\"," +
        $"\"securityContext\":{{\"privileged\":{(isPrivileged ? "true" : "false")}}}}}]}}}}";
}
