using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Audit;
using OrleansOrchestrator.Api.Tests.Admission.Webhooks;
using OrleansOrchestrator.TestKit.Remote;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Audit;

/// <summary>What events say of the webhooks that were asked.</summary>
public sealed class WebhookAnnotationsTests
{
    private const string Maps = "/api/v1/namespaces/space/configmaps";
    private const string Ignored = ",\"failurePolicy\":\"Ignore\"";

    private readonly Recorder _events = new() { Prefix = Maps };

    [Fact]
    public async Task MutationsAreNamedByRoundAndPlaceAndPatchesAreShown()
    {
        await using var host = await StartAsync("Request");
        host.Respond("/a", static request => request["object"]!["data"] is null
            ? WebhookHost.Patched("""[{"value":{"a":"<1>"},"path":"/data","op":"add"}]""")
            : new JsonObject { ["allowed"] = true });
        host.Respond("/b", static _ => WebhookHost.Patched("""[{"op":"add","path":"/data/b","value":"2"}]"""));
        await host.ConfigureAsync(
            "Mutating", "one", host.Hook("other.example.com", "/none", rules: WebhookHost.ConfigMapRule.Replace(
                "configmaps", "secrets", StringComparison.Ordinal)),
            host.Hook("a.example.com", "/a", ",\"reinvocationPolicy\":\"IfNeeded\""),
            host.Hook("b.example.com", "/b"));
        await host.CreateAsync("x");

        var annotations = (await _events.NextAsync())["annotations"]!;
        Assert.Equal(
            """{"configuration":"one","webhook":"a.example.com","mutated":true}""",
            (string?)annotations["mutation.webhook.admission.k8s.io/round_0_index_1"]);
        Assert.Equal(
            """{"configuration":"one","webhook":"b.example.com","mutated":true}""",
            (string?)annotations["mutation.webhook.admission.k8s.io/round_0_index_2"]);
        Assert.Equal(
            """{"configuration":"one","webhook":"a.example.com","mutated":false}""",
            (string?)annotations["mutation.webhook.admission.k8s.io/round_1_index_1"]);
        Assert.Equal(
            """{"configuration":"one","webhook":"a.example.com","patch":[{"op":"add","path":"/data","value":{"a":"\u003c1\u003e"}}],"patchType":"JSONPatch"}""",
            (string?)annotations["patch.webhook.admission.k8s.io/round_0_index_1"]);
        Assert.Null(annotations["patch.webhook.admission.k8s.io/round_1_index_1"]);
        Assert.Equal(4, annotations.AsObject().Count(static a => a.Key.Contains("webhook.", StringComparison.Ordinal)
            && !a.Key.StartsWith("patch.webhook.admission.k8s.io/round_0_index_2", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task PatchesAreNotShownToWhomBodiesAreNot()
    {
        await using var host = await StartAsync("Metadata");
        host.Respond("/a", static _ => WebhookHost.Patched("""[{"op":"add","path":"/data","value":{"a":"1"}}]"""));
        await host.ConfigureAsync("Mutating", "one", host.Hook("a.example.com", "/a"));
        await host.CreateAsync("x");

        var annotations = (await _events.NextAsync())["annotations"]!;
        Assert.NotNull(annotations["mutation.webhook.admission.k8s.io/round_0_index_0"]);
        Assert.Null(annotations["patch.webhook.admission.k8s.io/round_0_index_0"]);
    }

    [Fact]
    public async Task WhoCouldNotBeAskedAndWasPassedOverIsNamed()
    {
        await using var host = await StartAsync("Metadata");
        host.Answer("/broken", static (context, _) =>
        {
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            return Task.CompletedTask;
        });
        await host.ConfigureAsync("Mutating", "one", host.Hook("a.example.com", "/broken", Ignored));
        await host.ConfigureAsync(
            "Validating", "two", host.Hook("other.example.com", "/none", rules: WebhookHost.ConfigMapRule.Replace(
                "configmaps", "secrets", StringComparison.Ordinal)),
            host.Hook("b.example.com", "/broken", Ignored));
        var (code, _) = await host.CreateAsync("x");

        var annotations = (await _events.NextAsync())["annotations"]!;
        Assert.Equal(201, code);
        Assert.Equal(
            "a.example.com", (string?)annotations["failed-open.mutation.webhook.admission.k8s.io/round_0_index_0"]);
        Assert.Equal(
            """{"configuration":"one","webhook":"a.example.com","mutated":false}""",
            (string?)annotations["mutation.webhook.admission.k8s.io/round_0_index_0"]);
        Assert.Equal(
            "b.example.com", (string?)annotations["failed-open.validating.webhook.admission.k8s.io/round_0_index_0"]);
    }

    [Fact]
    public async Task AnnotationsOfWebhooksNeedProperKeys()
    {
        await using var host = await StartAsync("Metadata");
        host.Respond("/a", static _ => new JsonObject
        {
            ["allowed"] = true,
            ["auditAnnotations"] = new JsonObject { ["good"] = "yes", ["not/good"] = "no", ["nor this"] = "no" },
        });
        await host.ConfigureAsync("Validating", "one", host.Hook("a.example.com", "/a"));
        await host.CreateAsync("x");

        var annotations = (await _events.NextAsync())["annotations"]!.AsObject();
        Assert.Equal(
            ["a.example.com/good", "authorization.k8s.io/decision", "authorization.k8s.io/reason"],
            annotations.Select(static a => a.Key));
    }

    /// <summary>A webhook that is not asked because of its certificate is found by that (upstream's
    /// <c>x509metrics</c>).</summary>
    [Fact]
    public async Task ACertificateWithoutAlternativeNamesIsNamed()
    {
        await using var host = await StartAsync("Metadata");
        using var certificate = host.Authority.IssueLegacy("localhost");
        await using var legacy = await TestRemote.StartAsync(certificate, static (_, _) => Task.CompletedTask);
        var hook = host.Hook("a.example.com", "/a", Ignored)
            .Replace(host.Remote.Url("/a"), legacy.Url("/a"), StringComparison.Ordinal);
        await host.ConfigureAsync("Validating", "one", hook);
        await host.CreateAsync("x");

        var annotations = (await _events.NextAsync())["annotations"]!;
        Assert.Equal(
            "relies on a legacy Common Name field instead of the SAN extension for subject validation",
            (string?)annotations["missing-san.invalid-cert.kubernetes.io/localhost"]);
        Assert.Null(annotations["insecure-sha1.invalid-cert.kubernetes.io/localhost"]);
        Assert.Contains(
            "apiserver_webhooks_x509_missing_san_total 1\n", await host.Api.Http.GetStringAsync("/metrics"),
            StringComparison.Ordinal);
    }

    private async Task<WebhookHost> StartAsync(string level)
    {
        var policy = AuditPolicyReader.Read(System.Text.Encoding.UTF8.GetBytes(
            "{apiVersion: audit.k8s.io/v1, kind: Policy, rules: "
            + $"[{{level: {level}, omitStages: [RequestReceived]}}]}}"));
        return await WebhookHost.StartAsync(configure: services =>
        {
            services.AddSingleton<IAuditSink>(_events);
            services.AddAudit(policy);
        });
    }
}
