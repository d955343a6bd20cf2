using System.Text.Json.Nodes;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Tests.Admission.Webhooks;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Admission.Policies;

/// <summary>What policies say of writes, and what becomes of them; golden recordings have the rest.</summary>
public sealed class ValidatingPolicyPluginTests
{
    private const string Twelve = "[1,2,3,4,5,6,7,8,9,10,11,12]";

    /// <summary>Costs more than one expression may, a tenth of the budget of a policy.</summary>
    private const string Dear = $"{Twelve}.all(a, {Twelve}.all(b, {Twelve}.all(c, {Twelve}.all(d, {Twelve}.all(e, "
        + "a + b + c + d + e > 0)))))";

    /// <summary>Expressions about a ConfigMap <c>x</c> with <c>data: {k: v}</c>, and what comes of them.</summary>
    [Theory]
    [InlineData("object.data.k == 'v' && oldObject == null")]
    [InlineData("request.operation == 'CREATE' && request.namespace == 'space' && request.name == 'x'")]
    [InlineData("request.kind.kind == 'ConfigMap' && request.resource.resource == 'configmaps' && !request.dryRun")]
    [InlineData("request.userInfo.username == 'admin' && request.userInfo.groups.exists(g, g == 'system:masters')")]
    [InlineData("!has(request.subResource) && request.options.kind == 'CreateOptions'")]
    [InlineData("namespaceObject.metadata.labels['team'] == 'a' && namespaceObject.status.phase == 'Active'")]
    [InlineData("namespaceObject.metadata.creationTimestamp > timestamp('2000-01-01T00:00:00Z')")]
    [InlineData("authorizer.requestResource.check('create').allowed() && authorizer.path('/x').check('get').allowed()")]
    [InlineData("!authorizer.serviceAccount('space', 'none').group('').resource('pods').check('get').allowed()")]
    [InlineData("object.metadata.name.size() > 1", "failed expression: object.metadata.name.size() > 1")]
    [InlineData(
        "object.spec.x", "expression 'object.spec.x == 1' resulted in error: no such key: spec", "object.spec.x == 1")]
    public async Task ExpressionsSeeTheWrite(string expression, string? message = null, string? written = null)
    {
        await using var host = await WebhookHost.StartAsync();
        var validation = new JsonObject { ["expression"] = written ?? expression };
        await host.ValidateAsync("p", $"\"validations\":[{validation.ToJsonString()}]");
        var (code, body) = await host.CreateAsync("x", "", "},\"data\":{\"k\":\"v\"");
        Assert.True(
            (message is null ? (201, null) : (422, PolicySetup.Denied("p", message)))
            == (code, (string?)body["message"]),
            body.ToJsonString());
    }

    [Fact]
    public async Task ABindingMayOnlyWarnAndAnErrorMayBeIgnored()
    {
        await using var host = await WebhookHost.StartAsync();
        await host.ValidateAsync(
            "warns", """
            "validations":[{"expression":"false","message":" careful "},{"expression":"object.spec.x == 1"}]
            """, actions: "\"Warn\"");
        await host.ValidateAsync(
            "ignores", """
            "failurePolicy":"Ignore","validations":[{"expression":"object.spec.x == 1"}],
            "auditAnnotations":[{"key":"k","valueExpression":"string(object.spec.x)"}]
            """);
        Assert.Equal(201, (await host.CreateAsync("x")).Code);
        Assert.Equal(
            [
                "299 - \"Validation failed for ValidatingAdmissionPolicy 'warns' with binding 'warns': careful\"",
                "299 - \"Validation failed for ValidatingAdmissionPolicy 'warns' with binding 'warns': expression "
                + "'object.spec.x == 1' resulted in error: no such key: spec\"",
            ],
            host.Warnings);
    }

    [Fact]
    public async Task TheAuditLogIsTold()
    {
        await using var host = await WebhookHost.StartAsync();
        await host.ValidateAsync(
            "p", """
            "validations":[{"expression":"true"},{"expression":"false","message":"no <b>"}],"auditAnnotations":[
            {"key":"name","valueExpression":"' is ' + object.metadata.name + ' '"},
            {"key":"none","valueExpression":"null"},{"key":"empty","valueExpression":"' '"}]
            """, actions: "\"Audit\"");
        var audit = new AuditRecord
        {
            Level = AuditLevel.Metadata, Id = "a", Uri = "/", Received = DateTimeOffset.UnixEpoch,
            Request = new RequestInfo { Path = "/", Verb = "create" },
        };
        var attributes = new AdmissionAttributes
        {
            Audit = audit,
            Operation = AdmissionOperation.Create,
            Definition = host.Api.Services.GetRequiredService<ResourceCatalog>().Current
                .Find(new ResourceName("", "configmaps"))!,
            Key = new ObjectKey("space", "x"),
            Object = new V1ConfigMap
            {
                ApiVersion = "v1", Kind = "ConfigMap",
                Metadata = new V1ObjectMeta { Name = "x", NamespaceProperty = "space" },
            },
            User = new UserIdentity { Name = "admin" },
            Warnings = [],
        };
        var plugin = host.Api.Services.GetServices<IAdmissionPlugin>()
            .Single(p => p.Name == "ValidatingAdmissionPolicy");
        Assert.Null(await plugin.ValidateAsync(attributes, CancellationToken.None));
        Assert.Equal(
            [
                new KeyValuePair<string, string>("p/name", "is x"),
                new KeyValuePair<string, string>(
                    "validation.policy.admission.k8s.io/validation_failure",
                    "[{\"message\":\"no \\u003cb\\u003e\",\"policy\":\"p\",\"binding\":\"p\",\"expressionIndex\":1,"
                    + "\"validationActions\":[\"Audit\"]}]"),
            ],
            audit.Annotations());
    }

    [Fact]
    public async Task VariablesAreReadWhenTheyAreNeeded()
    {
        await using var host = await WebhookHost.StartAsync();
        await host.ValidateAsync("p", """
            "variables":[{"name":"bad","expression":"object.spec.x"},{"name":"n","expression":"object.metadata.name"},
            {"name":"long","expression":"variables.n.size() > 1"}],
            "validations":[{"expression":"!variables.long || variables.bad == 1"}]
            """);
        Assert.Equal(201, (await host.CreateAsync("y")).Code);
        Assert.Equal(
            PolicySetup.Denied(
                "p", "expression '!variables.long || variables.bad == 1' resulted in error: composited variable "
                + "\"bad\" fails to evaluate: no such key: spec", "configmaps \"xx\""),
            (string?)(await host.CreateAsync("xx")).Body["message"]);
    }

    [Fact]
    public async Task ConditionsDecideWhetherItIsAsked()
    {
        await using var host = await WebhookHost.StartAsync();
        await host.ValidateAsync("p", """
            "matchConditions":[{"name":"named","expression":"object.metadata.name == 'x'"},
            {"name":"data","expression":"object.data.k == 'v'"}],"validations":[{"expression":"false","message":"no"}]
            """);
        Assert.Equal(201, (await host.CreateAsync("y")).Code);
        Assert.Equal(
            PolicySetup.Denied("p", "expression 'object.data.k == 'v'' resulted in error: no such key: data"),
            (string?)(await host.CreateAsync("x")).Body["message"]);
        Assert.Equal(
            PolicySetup.Denied("p", "no"),
            (string?)(await host.CreateAsync("x", "", "},\"data\":{\"k\":\"v\"")).Body["message"]);
    }

    [Fact]
    public async Task WhatCostsTooMuchIsEndedAndStopsNothingElse()
    {
        await using var host = await WebhookHost.StartAsync();
        const string One = $"{{\"expression\":\"{Dear}\"}}";
        await host.ValidateAsync("p", $"\"validations\":[{One}]");
        Assert.Equal(
            PolicySetup.Denied(
                "p", $"expression '{Dear}' resulted in error: operation cancelled: actual cost limit exceeded"),
            (string?)(await host.CreateAsync("x")).Body["message"]);
        await host.ValidateAsync("a", $"\"validations\":[{string.Join(',', Enumerable.Repeat(One, 11))}]");
        Assert.Equal(
            PolicySetup.Denied(
                "a", "validation failed due to running out of cost budget, no further validation rules will be run"),
            (string?)(await host.CreateAsync("x")).Body["message"]);
        Assert.Equal(
            201,
            (await host.SendAsync(
                HttpMethod.Post, "/api/v1/namespaces/space/secrets", """{"metadata":{"name":"s"}}""")).Code);
    }

    /// <summary>
    /// Each dear expression costs a tenth of the budget: with those of the messages too, five use it up, and then
    /// what upstream says of each validation is up to the failure policy, whatever it gave.
    /// </summary>
    [Theory]
    [InlineData("Fail", "true", 5, "failed messageExpression: validation failed due to running out of cost budget, "
        + "no further validation rules will be run")]
    [InlineData("Ignore", "false", 5, null)]
    [InlineData("Ignore", "false", 4, "told")]
    public async Task MessagesHaveWhatValidationsLeaveOfTheBudget(string policy, string first, int dear, string? told)
    {
        await using var host = await WebhookHost.StartAsync();
        const string One = $",{{\"expression\":\"{Dear}\",\"messageExpression\":\"{Dear} ? 'a' : 'b'\"}}";
        await host.ValidateAsync(
            "p", $"\"failurePolicy\":\"{policy}\",\"validations\":[{{\"expression\":\"{first}\","
            + $"\"messageExpression\":\"'told'\"}}{string.Concat(Enumerable.Repeat(One, dear))}]");
        var (code, body) = await host.CreateAsync("x");
        Assert.Equal(
            told is null ? (201, null) : (422, PolicySetup.Denied("p", told)), (code, (string?)body["message"]));
    }

    [Fact]
    public async Task RulesExclusionsSelectorsAndNamesSayWhatItIsAbout()
    {
        await using var host = await WebhookHost.StartAsync();
        const string No = "\"validations\":[{\"expression\":\"false\",\"message\":\"no\"}]";
        var named = PolicySetup.ConfigMapRules.Replace(
            "[{", "[{\"resourceNames\":[\"x\"],", StringComparison.Ordinal);
        await host.ValidateAsync("names", No, rules: named);
        await host.ValidateAsync(
            "excludes", No, $",\"matchResources\":{{\"excludeResourceRules\":{PolicySetup.ConfigMapRules}}}");
        await host.ValidateAsync(
            "objects", No, ",\"matchResources\":{\"objectSelector\":{\"matchLabels\":{\"a\":\"b\"}}}");
        await host.ValidateAsync(
            "spaces", No, ",\"matchResources\":{\"namespaceSelector\":{\"matchLabels\":{\"team\":\"b\"}}}");
        Assert.Equal(201, (await host.CreateAsync("y")).Code);
        Assert.Equal(PolicySetup.Denied("names", "no"), (string?)(await host.CreateAsync("x")).Body["message"]);
        Assert.Equal(
            PolicySetup.Denied("objects", "no", "configmaps \"z\""),
            (string?)(await host.CreateAsync("z", "", ",\"labels\":{\"a\":\"b\"}")).Body["message"]);
    }

    [Fact]
    public async Task ObjectsAreSeenInTheVersionThatRulesName()
    {
        await using var host = await WebhookHost.StartAsync();
        await host.ValidateAsync(
            "p", "\"validations\":[{\"expression\":\"object.spec.targetCPUUtilizationPercentage < 80 "
            + "&& object.apiVersion == 'autoscaling/v1' && request.requestKind.version == 'v2'\",\"message\":\"no\"}]",
            rules: PolicySetup.Rules("autoscaling", "horizontalpodautoscalers", version: "v1"));
        var codes = new List<int>();
        foreach (var percentage in (int[])[50, 90])
        {
            codes.Add((await host.SendAsync(
                HttpMethod.Post, "/apis/autoscaling/v2/namespaces/space/horizontalpodautoscalers", $$$"""
                {"metadata":{"name":"h{{{percentage}}}"},"spec":{"maxReplicas":3,"scaleTargetRef":{"kind":"Deployment",
                "apiVersion":"apps/v1","name":"d"},"metrics":[{"type":"Resource","resource":{"name":"cpu","target":{
                "type":"Utilization","averageUtilization":{{{percentage}}} } } }]}}
                """)).Code);
        }

        Assert.Equal([201, 422], codes);
    }

    [Fact]
    public async Task PoliciesAreSeenByNoPolicy()
    {
        await using var host = await WebhookHost.StartAsync();
        await host.ValidateAsync(
            "p", "\"validations\":[{\"expression\":\"false\"}]", rules: PolicySetup.Rules("*", "*/*", version: "*"));
        Assert.Equal(422, (await host.CreateAsync("x")).Code);
        Assert.Equal(
            200,
            (await host.SendAsync(
                HttpMethod.Delete,
                "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/p")).Code);
        await host.SyncAsync("validatingadmissionpolicybindings");
        Assert.Equal(201, (await host.CreateAsync("x")).Code);
    }

    [Fact]
    public async Task DeletionsSubresourcesAndControllersAreSeen()
    {
        await using var host = await WebhookHost.StartAsync();
        await host.PostAsync("/api/v1/namespaces/space/serviceaccounts", """{"metadata":{"name":"default"}}""");
        await host.PostAsync(
            "/api/v1/namespaces/space/pods",
            """{"metadata":{"name":"x"},"spec":{"containers":[{"name":"c","image":"i"}]}}""");
        await host.ValidateAsync(
            "p", "\"validations\":[{\"expression\":\"object == null ? oldObject.metadata.name != 'x' : "
            + "object.kind == 'Pod' && object.metadata.name != 'x'\",\"messageExpression\":"
            + "\"request.operation + ' ' + (has(request.subResource) ? request.subResource : 'pod') + ' ' + "
            + "request.kind.kind\"}]",
            rules: PolicySetup.Rules("", "pods*").Replace("pods*", "pods\",\"pods/*", StringComparison.Ordinal));
        const string Pod = "/api/v1/namespaces/space/pods/x";
        async Task<string?> SayAsync(HttpMethod method, string path, string? body = null) =>
            (string?)(await host.SendAsync(
                method, path, body, method == HttpMethod.Patch ? "application/merge-patch+json" : "application/json"))
            .Body["message"];
        string Denied(string what) => PolicySetup.Denied("p", what, "pods \"x\"");
        Assert.Equal(Denied("DELETE pod Pod"), await SayAsync(HttpMethod.Delete, Pod));
        Assert.Equal(
            Denied("UPDATE status Pod"),
            await SayAsync(HttpMethod.Patch, $"{Pod}/status", """{"status":{"phase":"Running"}}"""));
        Assert.Equal(
            Denied("CREATE binding Binding"),
            await SayAsync(HttpMethod.Post, $"{Pod}/binding", """{"metadata":{"name":"x"},"target":{"name":"n"}}"""));
        Assert.Equal(
            Denied("CREATE eviction Eviction"),
            await SayAsync(HttpMethod.Post, $"{Pod}/eviction", """{"metadata":{"name":"x"}}"""));

        var client = host.Api.Services.GetRequiredService<IResourceClient>();
        var written = await client.DeleteAsync(
            new DeleteRequest { Resource = new ResourceName("", "pods"), Key = new ObjectKey("space", "x") },
            CancellationToken.None);
        Assert.Equal(Denied("DELETE pod Pod"), written.Error!.Message);
    }

    [Fact]
    public async Task ScalesAreSeenAsScales()
    {
        await using var host = await WebhookHost.StartAsync();
        await host.PostAsync("/apis/apps/v1/namespaces/space/deployments", """
            {"metadata":{"name":"d"},"spec":{"replicas":1,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":
            {"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}
            """);
        var rules = PolicySetup.Rules("apps", "deployments/scale", "UPDATE");
        await host.ValidateAsync(
            "p", "\"validations\":[{\"expression\":\"object.spec.replicas < 3 && object.kind == 'Scale' && "
            + "oldObject.spec.replicas == 1 && request.kind.group == 'autoscaling'\",\"message\":\"no\"}]",
            rules: rules);
        await host.MutateAsync(
            "m", [PolicySetup.Applied("Object{spec: Object.spec{replicas: object.spec.replicas + 1}}")], rules: rules);
        const string Scale = "/apis/apps/v1/namespaces/space/deployments/d/scale";
        async Task<(int Code, JsonNode Body)> ScaleAsync(int replicas) => await host.SendAsync(
            HttpMethod.Patch, Scale, $"{{\"spec\":{{\"replicas\":{replicas}}}}}", "application/merge-patch+json");
        Assert.Equal(
            PolicySetup.Denied("p", "no", "deployments.apps \"d\""), (string?)(await ScaleAsync(2)).Body["message"]);
        var (code, scale) = await ScaleAsync(1);
        Assert.Equal((200, 2), (code, (int)scale["spec"]!["replicas"]!));
    }

    [Fact]
    public async Task CustomObjectsAreSeen()
    {
        await using var host = await WebhookHost.StartAsync();
        await host.DefineAsync("""
            {"metadata":{"name":"boats.p.example.com"},"spec":{"group":"p.example.com","scope":"Namespaced",
            "names":{"plural":"boats","kind":"Boat"},"versions":[{"name":"v1","served":true,"storage":true,"schema":
            {"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{"length":
            {"type":"integer"}}}}}}}]}}
            """);
        await host.ValidateAsync(
            "p", "\"validations\":[{\"expression\":\"object.spec.length < 5\",\"messageExpression\":"
            + "\"'length is ' + string(object.spec.length)\"}]",
            rules: PolicySetup.Rules("p.example.com", "boats"));
        var codes = new List<(int, string?)>();
        foreach (var length in (int[])[4, 5])
        {
            var (code, body) = await host.SendAsync(
                HttpMethod.Post, "/apis/p.example.com/v1/namespaces/space/boats", $$$"""
                {"apiVersion":"p.example.com/v1","kind":"Boat","metadata":{"name":"x{{{length}}}"},
                "spec":{"length":{{{length}}}}}
                """);
            codes.Add((code, (string?)body["message"]));
        }

        Assert.Equal(
            [(201, null), (422, PolicySetup.Denied("p", "length is 5", "boats.p.example.com \"x5\""))], codes);
    }

    [Fact]
    public async Task ChecksAndConditionsAreCounted()
    {
        await using var host = await WebhookHost.StartAsync();
        await host.ValidateAsync(
            "all", """
            "validations":[{"expression":"true"},{"expression":"false"},{"expression":"object.spec.x == 1"}],
            "matchConditions":[{"name":"here","expression":"object.metadata.name == 'x'"}]
            """, actions: "\"Warn\",\"Audit\"");
        await host.ValidateAsync(
            "ignores", """
            "failurePolicy":"Ignore","validations":[{"expression":"object.spec.x == 1"}],
            "matchConditions":[{"name":"wrong","expression":"object.spec.y == 1"},
            {"name":"not","expression":"object.metadata.name == 'y'"}]
            """);
        Assert.Equal(201, (await host.CreateAsync("x")).Code);
        Assert.Equal(201, (await host.CreateAsync("y")).Code);
        var metrics = await host.Api.Http.GetStringAsync("/metrics");
        foreach (var (policy, action, error, count) in new[]
        {
            ("all", "warn", "invalid_error", 2), ("all", "audit", "invalid_error", 2),
        })
        {
            var labels = $"{{policy=\"{policy}\",policy_binding=\"{policy}\",error_type=\"{error}\","
                + $"enforcement_action=\"{action}\"}} {count}";
            foreach (var series in new[] { "check_total", "check_duration_seconds_count" })
            {
                Assert.Contains(
                    $"apiserver_validating_admission_policy_{series}{labels}", metrics, StringComparison.Ordinal);
            }
        }

        static string Labels(string name) =>
            $"{{name=\"{name}\",kind=\"policy\",type=\"validate\",operation=\"CREATE\"}} 2";
        foreach (var line in new[]
        {
            $"evaluation_seconds_count{Labels("all")}", $"evaluation_errors_total{Labels("ignores")}",
        })
        {
            Assert.Contains($"apiserver_admission_match_condition_{line}", metrics, StringComparison.Ordinal);
        }
    }
}
