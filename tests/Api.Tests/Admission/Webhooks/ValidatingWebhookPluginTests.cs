using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Admission.Webhooks;

/// <summary>Webhooks refuse, fail and lie; clients get what upstream says of it.</summary>
public sealed class ValidatingWebhookPluginTests
{
    private const string Failed = "Internal error occurred: failed calling webhook \"a.example.com\": ";
    private const string Invalid = Failed + "received invalid webhook response: ";

    [Theory]
    [InlineData("""{"allowed":false}""", 400, "", "admission webhook \"a.example.com\" denied the request without explanation")]
    [InlineData("""{"allowed":false,"status":{"message":"no"}}""", 400, "", "admission webhook \"a.example.com\" denied the request: no")]
    [InlineData("""{"allowed":false,"status":{"reason":"Gone"}}""", 400, "Gone", "admission webhook \"a.example.com\" denied the request: Gone")]
    [InlineData("""{"allowed":false,"status":{"code":403,"reason":"Forbidden","message":"no"}}""", 403, "Forbidden", "admission webhook \"a.example.com\" denied the request: no")]
    [InlineData("""{"allowed":false,"status":{"code":201}}""", 400, "", "admission webhook \"a.example.com\" denied the request without explanation")]
    public async Task ADenialIsTheClientsAnswer(string response, int code, string reason, string message)
    {
        await using var host = await WebhookHost.StartAsync();
        host.Respond("/a", _ => JsonNode.Parse(response)!.AsObject());
        await host.ConfigureAsync(
            "Validating", "one", host.Hook("a.example.com", "/a", ",\"failurePolicy\":\"Ignore\""));
        var (got, body) = await host.CreateAsync("x");
        Assert.Equal((code, reason, message), (got, (string?)body["reason"] ?? "", (string?)body["message"]));
    }

    public static TheoryData<string, string> Lies => new()
    {
        { """{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{"uid":"x","allowed":true}}""", "uid" },
        { """{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}""", Invalid + "webhook response was absent" },
        {
            """{"kind":"Review","apiVersion":"admission.k8s.io/v2","response":{"uid":"UID","allowed":true}}""",
            Invalid + "expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got admission.k8s.io/v2, Kind=Review"
        },
        {
            """{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{"uid":"UID","allowed":true,"patch":"W10="}}""",
            Invalid + "validating webhook may not return response.patch"
        },
        {
            """{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{"uid":"UID","allowed":true,"patchType":"JSONPatch"}}""",
            Invalid + "validating webhook may not return response.patchType"
        },
        { "<html>", Failed + "failed to call webhook: couldn't get version/kind; json parse error: invalid character '<' looking for beginning of value" },
        {
            """{"response":{"allowed":"yes"}}""",
            Failed + "failed to call webhook: json: cannot unmarshal string into Go struct field AdmissionResponse.response.allowed of type bool"
        },
    };

    [Theory]
    [MemberData(nameof(Lies))]
    public async Task ALieIsAFailureOfTheWebhook(string answer, string message)
    {
        await using var host = await WebhookHost.StartAsync();
        host.Answer("/a", (context, review) => context.Response.WriteAsync(
            answer.Replace("UID", (string)review["request"]!["uid"]!, StringComparison.Ordinal)));
        await host.ConfigureAsync("Validating", "one", host.Hook("a.example.com", "/a"));
        var (code, body) = await host.CreateAsync("x");
        var uid = (string?)host.Remote.Calls.Single()["request"]!["uid"];
        Assert.Equal(500, code);
        Assert.Equal(
            message == "uid" ? $"{Invalid}expected response.uid=\"{uid}\", got \"x\"" : message,
            (string?)body["message"]);
    }

    [Theory]
    [InlineData(500, "boom", "an error on the server (\"boom\") has prevented the request from succeeding")]
    [InlineData(404, "", "the server could not find the requested resource")]
    [InlineData(302, "", "the server responded with the status code 302 but did not return more information")]
    [InlineData(503, """{"kind":"Status","message":"busy"}""", "busy")]
    public async Task AnswersThatAreNoneAreSaid(int status, string text, string message)
    {
        await using var host = await WebhookHost.StartAsync();
        host.Answer("/a", (context, _) =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = "/b";
            return context.Response.WriteAsync(text);
        });
        await host.ConfigureAsync("Validating", "one", host.Hook("a.example.com", "/a"));
        var (code, body) = await host.CreateAsync("x");
        Assert.Equal((500, $"{Failed}failed to call webhook: {message}"), (code, (string?)body["message"]));
        Assert.Single(host.Remote.Calls);
    }

    [Fact]
    public async Task WhoHangsClosesOrTalksTooMuchIsCutOff()
    {
        await using var host = await WebhookHost.StartAsync();
        host.Answer("/hangs", (context, _) =>
            Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted)
                .ContinueWith(static _ => { }, TaskScheduler.Default));
        host.Answer("/talks", async (context, _) =>
        {
            var piece = Encoding.UTF8.GetBytes(new string(' ', 1 << 20));
            for (var i = 0; i < 64 && !context.RequestAborted.IsCancellationRequested; i++)
            {
                await context.Response.Body.WriteAsync(piece, context.RequestAborted);
            }
        });
        await host.ConfigureAsync(
            "Validating", "one",
            host.Hook("a.example.com", "/hangs", ",\"timeoutSeconds\":1,\"objectSelector\":{\"matchLabels\":{\"to\":\"hangs\"}}"),
            host.Hook("a.example.org", "/talks", ",\"objectSelector\":{\"matchLabels\":{\"to\":\"talks\"}}"));
        var (_, hangs) = await host.CreateAsync("x", "", ",\"labels\":{\"to\":\"hangs\"}");
        Assert.Equal(
            $"{Failed}failed to call webhook: Post \"{host.Remote.Url("/hangs")}?timeout=1s\": context deadline exceeded",
            (string?)hangs["message"]);
        var (_, talks) = await host.CreateAsync("x", "", ",\"labels\":{\"to\":\"talks\"}");
        Assert.EndsWith(
            "failed to call webhook: http: response body too large (limit is 8388608 bytes)", (string?)talks["message"],
            StringComparison.Ordinal);
        Assert.Equal(201, (await host.CreateAsync("y")).Code);
    }

    [Fact]
    public async Task ServicesAreCalledByNameAndTrustedByTheirBundle()
    {
        await using var host = await WebhookHost.StartAsync();
        host.Respond("/deep/path", _ => new JsonObject { ["allowed"] = true, ["warnings"] = new JsonArray("careful") });
        await host.PostAsync("/api/v1/namespaces/space/services", """
            {"metadata":{"name":"hooks"},"spec":{"type":"ExternalName","externalName":"localhost"}}
            """);
        var service = FormattableString.Invariant(
            $"{{\"service\":{{\"name\":\"hooks\",\"namespace\":\"space\",\"port\":{host.Remote.Port},\"path\":\"/deep/path\"}},\"caBundle\":\"");
        var hook = host.Hook("a.example.com", "/x").Replace(
            $"{{\"url\":\"{host.Remote.Url("/x")}\",\"caBundle\":\"", service, StringComparison.Ordinal);
        await host.ConfigureAsync("Validating", "one", hook);
        var (code, body) = await host.CreateAsync("x");
        Assert.True(code == 201, body.ToJsonString());
        Assert.Equal(["299 - \"careful\""], host.Warnings);

        using var stranger = new TestKit.Remote.TestAuthority();
        await host.ConfigureAsync("Validating", "two", hook.Replace(
            host.Bundle, Convert.ToBase64String(stranger.Bundle), StringComparison.Ordinal));
        var (_, distrust) = await host.CreateAsync("y");
        Assert.Equal(
            FormattableString.Invariant(
                $"{Failed}failed to call webhook: Post \"https://hooks.space.svc:{host.Remote.Port}/deep/path?timeout=10s\": ")
            + "tls: failed to verify certificate: x509: certificate signed by unknown authority",
            (string?)distrust["message"]);
    }

    [Fact]
    public async Task OnlyWhoIsConcernedIsAskedAndConfigurationsNever()
    {
        await using var host = await WebhookHost.StartAsync();
        host.Respond("/a", _ => new JsonObject { ["allowed"] = false });
        await host.ConfigureAsync(
            "Validating", "one",
            host.Hook("a.example.com", "/a", ",\"namespaceSelector\":{\"matchLabels\":{\"team\":\"b\"}}"),
            host.Hook("b.example.com", "/a", ",\"objectSelector\":{\"matchLabels\":{\"x\":\"y\"}}"),
            host.Hook("c.example.com", "/a", rules: WebhookHost.ConfigMapRule.Replace("\"*\"", "\"DELETE\"", StringComparison.Ordinal)),
            host.Hook("d.example.com", "/a", rules: """{"operations":["*"],"apiGroups":["admissionregistration.k8s.io"],"apiVersions":["*"],"resources":["*/*"]}"""),
            host.Hook("e.example.com", "/a", ",\"namespaceSelector\":{\"matchLabels\":{\"team\":\"none\"}}", """{"operations":["*"],"apiGroups":["*"],"apiVersions":["*"],"resources":["*"],"scope":"Cluster"}"""));
        Assert.Equal(201, (await host.CreateAsync("x")).Code);
        Assert.Empty(host.Remote.Calls);
        Assert.Equal(400, (await host.CreateAsync("y", "", ",\"labels\":{\"x\":\"y\"}")).Code);
        var (code, denial) = await host.SendAsync(HttpMethod.Delete, "/api/v1/namespaces/space/configmaps/x");
        Assert.Equal((400, "c.example.com"), (code, ((string)denial["message"]!).Split('"')[1]));
        var deleted = host.Remote.Calls.Last()["request"]!;
        Assert.Null(deleted["object"]);
        Assert.Equal("x", (string?)deleted["oldObject"]!["metadata"]!["name"]);
        var configuration = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/one";
        Assert.Equal(200, (await host.SendAsync(HttpMethod.Delete, configuration)).Code);
        await host.SyncAsync("validatingwebhookconfigurations");
        Assert.Equal(200, (await host.SendAsync(HttpMethod.Delete, "/api/v1/namespaces/space/configmaps/x")).Code);
        Assert.Equal(2, host.Remote.Calls.Count);
    }

    [Fact]
    public async Task WhoHasSideEffectsIsNotAskedAboutADryRun()
    {
        await using var host = await WebhookHost.StartAsync();
        host.Respond("/a", _ => new JsonObject { ["allowed"] = true });
        await host.ConfigureAsync("Validating", "one", host.Hook("a.example.com", "/a"));
        Assert.Equal(201, (await host.CreateAsync("x", "?dryRun=All")).Code);
        Assert.True((bool)host.Remote.Calls.Single()["request"]!["dryRun"]!);
        Assert.Equal("""["All"]""", host.Remote.Calls.Single()["request"]!["options"]!["dryRun"]!.ToJsonString());
    }

    [Fact]
    public async Task WhatIsCountedHasUpstreamsNames()
    {
        await using var host = await WebhookHost.StartAsync();
        host.Respond("/a", _ => new JsonObject { ["allowed"] = false });
        host.Answer("/b", (context, _) =>
        {
            context.Abort();
            return Task.CompletedTask;
        });
        await host.ConfigureAsync(
            "Validating", "one", host.Hook("a.example.com", "/a"),
            host.Hook("b.example.com", "/b", ",\"failurePolicy\":\"Ignore\""));
        Assert.Equal(400, (await host.CreateAsync("x")).Code);
        var metrics = await host.Api.Http.GetStringAsync("/metrics");
        foreach (var line in new[]
        {
            "apiserver_admission_webhook_rejection_count{name=\"a.example.com\",type=\"validating\",operation=\"CREATE\",error_type=\"no_error\",rejection_code=\"400\"} 1",
            "apiserver_admission_webhook_request_total{name=\"a.example.com\",type=\"validating\",operation=\"CREATE\",code=\"400\",rejected=\"true\"} 1",
            "apiserver_admission_webhook_fail_open_count{name=\"b.example.com\",type=\"validating\"} 1",
            "apiserver_admission_webhook_request_total{name=\"b.example.com\",type=\"validating\",operation=\"CREATE\",code=\"503\",rejected=\"false\"} 1",
        })
        {
            Assert.Contains(line, metrics, StringComparison.Ordinal);
        }

        Assert.Contains("apiserver_admission_webhook_admission_duration_seconds_bucket{", metrics, StringComparison.Ordinal);
    }
}
