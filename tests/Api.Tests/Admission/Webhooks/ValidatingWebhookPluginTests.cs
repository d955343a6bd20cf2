using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Admission.Webhooks;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Remote;
using OrleansOrchestrator.Api.Tests.Auth;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Admission.Webhooks;

/// <summary>Webhooks refuse, fail and lie; clients get what upstream says of it.</summary>
public sealed class ValidatingWebhookPluginTests
{
    private const string Failed = "Internal error occurred: failed calling webhook \"a.example.com\": ";
    private const string Invalid = Failed + "received invalid webhook response: ";

    [Theory]
    [InlineData("{}", 400, "", " without explanation")]
    [InlineData("""{"message":"no"}""", 400, "", ": no")]
    [InlineData("""{"reason":"Gone"}""", 400, "Gone", ": Gone")]
    [InlineData("""{"code":403,"reason":"Forbidden","message":"no"}""", 403, "Forbidden", ": no")]
    [InlineData("""{"code":201}""", 400, "", " without explanation")]
    public async Task ADenialIsTheClientsAnswer(string status, int code, string reason, string message)
    {
        await using var host = await WebhookHost.StartAsync();
        host.Respond("/a", _ => new JsonObject { ["allowed"] = false, ["status"] = JsonNode.Parse(status) });
        await host.ConfigureAsync(
            "Validating", "one", host.Hook("a.example.com", "/a", ",\"failurePolicy\":\"Ignore\""));
        var (got, body) = await host.CreateAsync("x");
        var expected = $"admission webhook \"a.example.com\" denied the request{message}";
        Assert.Equal((code, reason, expected), (got, (string?)body["reason"] ?? "", (string?)body["message"]));
    }

    public static TheoryData<string, string> Lies => new()
    {
        { Review("""{"uid":"x","allowed":true}"""), "uid" },
        { Review("null"), Invalid + "webhook response was absent" },
        {
            Review("""{"uid":"UID","allowed":true}""").Replace("v1", "v2", StringComparison.Ordinal),
            Invalid + "expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got "
                + "admission.k8s.io/v2, Kind=AdmissionReview"
        },
        {
            Review("""{"uid":"UID","allowed":true,"patch":"W10="}"""),
            Invalid + "validating webhook may not return response.patch"
        },
        {
            Review("""{"uid":"UID","allowed":true,"patchType":"JSONPatch"}"""),
            Invalid + "validating webhook may not return response.patchType"
        },
        {
            "<html>",
            Failed + "failed to call webhook: couldn't get version/kind; json parse error: invalid character '<' "
                + "looking for beginning of value"
        },
        {
            """{"response":{"allowed":"yes"}}""",
            Failed + "failed to call webhook: json: cannot unmarshal string into Go struct field "
                + "AdmissionResponse.response.allowed of type bool"
        },
    };

    private static string Review(string response) =>
        $$"""{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{{response}}}""";

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
            host.Hook("a.example.com", "/hangs", ",\"timeoutSeconds\":1" + Selects("object", "to", "hangs")),
            host.Hook("a.example.org", "/talks", Selects("object", "to", "talks")));
        var (_, hangs) = await host.CreateAsync("x", "", ",\"labels\":{\"to\":\"hangs\"}");
        Assert.Equal(
            $"{Failed}failed to call webhook: Post \"{host.Remote.Url("/hangs")}?timeout=1s\": "
            + "context deadline exceeded",
            (string?)hangs["message"]);
        var (_, talks) = await host.CreateAsync("x", "", ",\"labels\":{\"to\":\"talks\"}");
        Assert.EndsWith(
            "failed to call webhook: http: response body too large (limit is 8388608 bytes)",
            (string?)talks["message"],
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
        var port = host.Remote.Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        var service =
            "{\"service\":{\"name\":\"hooks\",\"namespace\":\"space\",\"path\":\"/deep/path\",\"port\":" + port
            + "},\"caBundle\":\"";
        var hook = host.Hook("a.example.com", "/x").Replace(
            $"{{\"url\":\"{host.Remote.Url("/x")}\",\"caBundle\":\"", service, StringComparison.Ordinal);
        await host.ConfigureAsync("Validating", "one", hook);
        var (code, body) = await host.CreateAsync("x");
        Assert.True(code == 201, body.ToJsonString());
        Assert.Equal(["299 - \"careful\""], host.Warnings);
        Assert.Equal(["HTTP/1.1"], host.Remote.Protocols);

        using var stranger = new TestKit.Remote.TestAuthority();
        await host.ConfigureAsync("Validating", "two", hook.Replace(
            host.Bundle, Convert.ToBase64String(stranger.Bundle), StringComparison.Ordinal));
        var (_, distrust) = await host.CreateAsync("y");
        Assert.Equal(
            $"{Failed}failed to call webhook: Post \"https://hooks.space.svc:{port}/deep/path?timeout=10s\": "
            + "tls: failed to verify certificate: x509: certificate signed by unknown authority",
            (string?)distrust["message"]);
    }

    [Fact]
    public async Task WhoseAuthoritiesCannotBeReadIsNotCalled()
    {
        await using var host = await WebhookHost.StartAsync();
        await host.ConfigureAsync("Validating", "one", host.Hook("a.example.com", "/x").Replace(
            host.Bundle, "Cg==", StringComparison.Ordinal));
        var (code, body) = await host.CreateAsync("x");
        Assert.Equal(
            (500, $"{Failed}could not get REST client: unable to load root certificates: "
                + "unable to parse bytes as PEM block"),
            (code, (string?)body["message"]));
        Assert.Empty(host.Remote.Calls);
    }

    [Fact]
    public async Task AServiceThatIsNotThereIsNamed()
    {
        await using var host = await WebhookHost.StartAsync();
        var hook = host.Hook("a.example.com", "/x").Replace(
            $"\"url\":\"{host.Remote.Url("/x")}\"", "\"service\":{\"namespace\":\"none-such\",\"name\":\"svc\"}",
            StringComparison.Ordinal);
        await host.ConfigureAsync("Validating", "one", hook);
        const string Why =
            "failed calling webhook \"a.example.com\": failed to call webhook: Post "
            + "\"https://svc.none-such.svc:443/?timeout=10s\": service \"svc\" not found";
        var (code, body) = await host.CreateAsync("x");
        Assert.Equal((500, $"Internal error occurred: {Why}"), (code, (string?)body["message"]));
        Assert.Equal("InternalError", (string?)body["reason"]);
        Assert.Equal(Why, (string?)body["details"]!["causes"]![0]!["message"]);
    }

    [Fact]
    public async Task OnlyWhoIsConcernedIsAskedAndConfigurationsNever()
    {
        await using var host = await WebhookHost.StartAsync();
        host.Respond("/a", _ => new JsonObject { ["allowed"] = false });
        var onDelete = WebhookHost.ConfigMapRule.Replace("\"*\"", "\"DELETE\"", StringComparison.Ordinal);
        const string OwnGroup = """
            {"operations":["*"],"apiGroups":["admissionregistration.k8s.io"],"apiVersions":["*"],"resources":["*/*"]}
            """;
        const string OfCluster = """
            {"operations":["*"],"apiGroups":["*"],"apiVersions":["*"],"resources":["*"],"scope":"Cluster"}
            """;
        await host.ConfigureAsync(
            "Validating", "one",
            host.Hook("a.example.com", "/a", Selects("namespace", "team", "b")),
            host.Hook("b.example.com", "/a", Selects("object", "x", "y")),
            host.Hook("c.example.com", "/a", rules: onDelete),
            host.Hook("d.example.com", "/a", rules: OwnGroup),
            host.Hook("e.example.com", "/a", Selects("object", "x", "y"), OfCluster));
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

    /// <summary>Whatever a kubeconfig says: here it is asked for a certificate, and has none to give.</summary>
    [Theory]
    [InlineData("Fail", 500)]
    [InlineData("Ignore", 201)]
    public async Task AWebhookBehindThisServerIsAskedByItsOwnCertificate(string policy, int expected)
    {
        var wanted = 0;
        var certificate = new RenewedCertificate(
            (_, _) =>
            {
                wanted++;
                throw new TimeoutException("nobody signs");
            },
            TimeProvider.System);
        await using var host = await WebhookHost.StartAsync(
            configure: s => s.AddSingleton(new OwnServer(certificate, new OwnServerTests.Trust())));
        var hook = host.Hook("a.example.com", "/x", $",\"failurePolicy\":\"{policy}\"").Replace(
            $"\"url\":\"{host.Remote.Url("/x")}\"",
            """
            "service":{"name":"kubernetes","namespace":"default","path":"/apis/hooks"}
            """,
            StringComparison.Ordinal);
        await host.ConfigureAsync("Validating", "one", hook);
        var (code, _) = await host.CreateAsync("x");
        Assert.Equal(expected, code);
        Assert.Equal(1, wanted);
    }

    /// <summary>By upstream's <c>client_auth_test.go</c>; each plugin has users of its own.</summary>
    [Fact]
    public async Task AWebhookIsToldWhoAsksWhereAUserIsNamedAfterIt()
    {
        var users = new RemoteUsers(
            new Dictionary<string, RemoteCredentials>
            {
                ["localhost"] = new() { Authorization = "Bearer no" },
                ["*.space.svc"] = new() { Authorization = "Bearer other" },
                ["*"] = new() { Authorization = "Bearer yes" },
            },
            "");
        await using var host = await WebhookHost.StartAsync(
            configure: s => s.AddSingleton(new HookUsers(RemoteUsers.None, users)));
        var told = new List<string>();
        foreach (var (path, kind) in new[] { ("/a", "Mutating"), ("/b", "Validating") })
        {
            host.Respond(path, static _ => new JsonObject { ["allowed"] = true });
            var respond = host.AnswerOf(path);
            host.Answer(path, (context, review) =>
            {
                told.Add($"{path}{context.Request.Headers.Authorization}");
                return respond(context, review);
            });
            await host.ConfigureAsync(kind, "one", host.Hook($"{kind.ToLowerInvariant()}.example.com", path));
        }

        Assert.Equal(201, (await host.CreateAsync("c")).Code);
        Assert.Equal(["/a", "/bBearer yes"], told);
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
            host.Hook("b.example.com", "/b", ",\"failurePolicy\":\"Ignore\""),
            host.Hook(
                "c.example.com", "/c", ",\"matchConditions\":[{\"name\":\"never\",\"expression\":\"false\"}]"));
        Assert.Equal(400, (await host.CreateAsync("x")).Code);
        var metrics = await host.Api.Http.GetStringAsync("/metrics");
        string Labels(string name, string more) => $"{{name=\"{name}\",type=\"validating\"{more}}} 1";
        foreach (var (what, line) in new[]
        {
            (
                "rejection_count",
                Labels("a.example.com", ",operation=\"CREATE\",error_type=\"no_error\",rejection_code=\"400\"")),
            ("request_total", Labels("a.example.com", ",operation=\"CREATE\",code=\"400\",rejected=\"true\"")),
            ("fail_open_count", Labels("b.example.com", "")),
            ("request_total", Labels("b.example.com", ",operation=\"CREATE\",code=\"503\",rejected=\"false\"")),
        })
        {
            Assert.Contains($"apiserver_admission_webhook_{what}{line}", metrics, StringComparison.Ordinal);
        }

        Assert.Contains(
            "apiserver_admission_webhook_admission_duration_seconds_bucket{", metrics, StringComparison.Ordinal);
        foreach (var series in new[] { "exclusions_total", "evaluation_seconds_count" })
        {
            Assert.Contains(
                $"apiserver_admission_match_condition_{series}{{name=\"c.example.com\",kind=\"webhook\","
                + "type=\"validate\",operation=\"CREATE\"} 1",
                metrics, StringComparison.Ordinal);
        }
    }

    private static string Selects(string what, string label, string value) =>
        $",\"{what}Selector\":{{\"matchLabels\":{{\"{label}\":\"{value}\"}}}}";
}
