using System.Text.Json.Nodes;
using OrleansOrchestrator.Api.Tests.Admission.Webhooks;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Admission.Policies;

/// <summary>What policies make of objects, and what is said when they cannot.</summary>
public sealed class MutatingPolicyPluginTests
{
    private const string Denied = "policy 'p' with binding 'p' denied request: ";

    [Theory]
    [InlineData("Object{data: {'a': '1'}}", """{"k":"v","a":"1"}""")]
    [InlineData("Object{data: {'k': object.data.k + '!'}}", """{"k":"v!"}""")]
    [InlineData("Object{}", """{"k":"v"}""")]
    public async Task AConfigurationIsMerged(string expression, string data)
    {
        await using var host = await WebhookHost.StartAsync();
        await host.MutateAsync("p", [PolicySetup.Applied(expression)]);
        var (code, body) = await CreateAsync(host, "x");
        Assert.Equal(201, code);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(data), body["data"]), body.ToJsonString());
        Assert.DoesNotContain("f:a", body["metadata"]!["managedFields"]!.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ListsAreMergedByTheirKeysAndDefaultedAfterwards()
    {
        await using var host = await WebhookHost.StartAsync();
        await host.PostAsync("/api/v1/namespaces/space/serviceaccounts", """{"metadata":{"name":"default"}}""");
        await host.MutateAsync(
            "p",
            [PolicySetup.Applied(
                "Object{spec: Object.spec{containers: [Object.spec.containers{name: 'a', "
                + "env: [Object.spec.containers.env{name: 'E', value: '1'}]}], initContainers: "
                + "[Object.spec.initContainers{name: 'i', image: 'i'}]}}")],
            rules: PolicySetup.Rules("", "pods", "CREATE"));
        var pod = await host.PostAsync(
            "/api/v1/namespaces/space/pods",
            """{"metadata":{"name":"x"},"spec":{"containers":[{"name":"a","image":"a"},{"name":"b","image":"b"}]}}""");
        var containers = pod["spec"]!["containers"]!.AsArray();
        Assert.Equal(["a", "b"], containers.Select(c => (string?)c!["image"]));
        Assert.Equal("1", (string?)containers[0]!["env"]![0]!["value"]);
        Assert.Equal("File", (string?)pod["spec"]!["initContainers"]![0]!["terminationMessagePolicy"]);
    }

    [Theory]
    [InlineData(
        "Object{nope: 1}",
        "error applying patch: failed to convert patch object to typed object: .nope: field not declared in schema")]
    [InlineData(
        "Object{metadata: Object.wrong{}}",
        "type mismatch: unexpected type name \"Object.wrong\", expected \"Object.metadata\", which matches field name "
        + "path from root Object type")]
    [InlineData("Object{data: {'a': object.spec.x}}",
        "expression 'Object{data: {'a': object.spec.x}}' resulted in error: no such key: spec")]
    public async Task WhatIsWrongIsSaidOrIgnored(string expression, string message)
    {
        await using var host = await WebhookHost.StartAsync();
        await host.MutateAsync("p", [PolicySetup.Applied(expression)]);
        var (code, body) = await CreateAsync(host, "x");
        Assert.Equal(
            (403, "Invalid", Denied + message), (code, (string?)body["reason"], (string?)body["message"]));
        Assert.Equal(Denied + message, (string?)body["details"]!["causes"]![0]!["message"]);

        await using var other = await WebhookHost.StartAsync();
        await other.MutateAsync("p", [PolicySetup.Applied(expression)], more: "\"failurePolicy\":\"Ignore\",");
        Assert.Equal(201, (await CreateAsync(other, "x")).Code);
    }

    [Fact]
    public async Task WhatIsOwnedAsAWholeIsNotSetInParts()
    {
        await using var host = await WebhookHost.StartAsync();
        await host.MutateAsync(
            "p",
            [PolicySetup.Applied("Object{spec: Object.spec{selector: Object.spec.selector{matchLabels: {'a': 'b'}}}}")],
            rules: PolicySetup.Rules("apps", "deployments"));
        var (code, body) = await host.SendAsync(
            HttpMethod.Post, "/apis/apps/v1/namespaces/space/deployments", """
            {"metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":
            {"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}
            """);
        Assert.Equal(
            (403, Denied + "error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or "
                + "structs: .spec.selector"),
            (code, (string?)body["message"]));
    }

    [Theory]
    [InlineData(
        "[JSONPatch{op: 'add', path: '/data/a', value: jsonpatch.escapeKey('a/b')}]", """{"k":"v","a":"a~1b"}""")]
    [InlineData(
        "[JSONPatch{op: 'test', path: '/data/k', value: 'x'}, JSONPatch{op: 'remove', path: '/data/k'}]",
        """{"k":"v"}""")]
    [InlineData("[JSONPatch{op: 'move', from: '/data/k', path: '/data/m'}]", """{"m":"v"}""")]
    [InlineData("[JSONPatch{op: 'replace', path: '/data', value: {'n': 'w'}}]", """{"n":"w"}""")]
    [InlineData("[JSONPatch{op: 'replace', path: '/data/n', value: 'w'}]", """{"k":"v","n":"w"}""")]
    [InlineData("[JSONPatch{op: 'copy', from: '/data/k', path: '/data/n'}]", """{"k":"v","n":"v"}""")]
    [InlineData(
        "[JSONPatch{op: 'add', path: '/data/' + jsonpatch.escapeKey('a'), value: JSONPatch{op: 'o'}.op}]",
        """{"k":"v","a":"o"}""")]
    [InlineData(
        "[JSONPatch{op: 'add', path: '/data', value: {'set': string(has(JSONPatch{from: 'f'}.from)), "
        + "'unset': string(has(JSONPatch{}.value)), 'same': string(JSONPatch{op: 'a'} == JSONPatch{op: 'a'}), "
        + "'other': string(JSONPatch{value: '1'} == JSONPatch{value: 1}), "
        + "'value': string(JSONPatch{value: 'v'}.value)}}]",
        """{"set":"true","unset":"false","same":"true","other":"false","value":"v"}""")]
    public async Task OperationsAreDone(string expression, string data)
    {
        await using var host = await WebhookHost.StartAsync();
        await host.MutateAsync("p", [PolicySetup.Patched(expression)]);
        var (code, body) = await CreateAsync(host, "x");
        Assert.True(code == 201 && JsonNode.DeepEquals(JsonNode.Parse(data), body["data"]), body.ToJsonString());
    }

    [Theory]
    [InlineData(
        "[JSONPatch{op: 'remove', path: '/data/none'}]", 403,
        Denied + "JSON Patch: error in remove for path: '/data/none': Unable to remove nonexistent key: none: "
            + "missing value")]
    [InlineData(
        "[JSONPatch{op: 'add', path: '/unknown', value: 1}]", 500,
        "Internal error occurred: strict decoding error: unknown field \"unknown\"")]
    public async Task OperationsThatCannotBeDoneAreSaid(string expression, int code, string message)
    {
        await using var host = await WebhookHost.StartAsync();
        await host.MutateAsync("p", [PolicySetup.Patched(expression)]);
        var (got, body) = await CreateAsync(host, "x");
        Assert.Equal((code, message), (got, (string?)body["message"]));
    }

    [Fact]
    public async Task EachSeesWhatThoseBeforeItHaveMadeAndSomeAreAskedAgain()
    {
        await using var host = await WebhookHost.StartAsync();
        const string Counts = "Object{data: {'again': has(object.data.again) ? object.data.again + 'x' : 'x'}}";
        await host.MutateAsync("a", [PolicySetup.Applied(Counts)], reinvocation: "IfNeeded");
        await host.MutateAsync(
            "b", [PolicySetup.Applied("Object{data: {'once': has(object.data.once) ? 'twice' : 'once'}}")]);
        await host.MutateAsync(
            "c",
            [
                PolicySetup.Applied("Object{data: {'sum': variables.sum}}"),
                PolicySetup.Patched(
                    "[JSONPatch{op: 'add', path: '/data/sum2', value: object.data.sum + '+' + variables.sum}]"),
            ],
            more: "\"variables\":[{\"name\":\"sum\",\"expression\":\"object.data.again + object.data.once\"}],");
        var (_, body) = await CreateAsync(host, "x");
        Assert.True(
            JsonNode.DeepEquals(
                JsonNode.Parse("""{"k":"v","again":"xx","once":"once","sum":"xonce","sum2":"xonce+xonce"}"""),
                body["data"]),
            body.ToJsonString());
    }

    [Fact]
    public async Task ConditionsParametersAndValidationSeeWhatIsMade()
    {
        await using var host = await WebhookHost.StartAsync();
        await host.CreateAsync("param", "", "},\"data\":{\"team\":\"blue\"");
        await host.MutateAsync(
            "p", [PolicySetup.Applied("Object{metadata: Object.metadata{labels: {'team': string(params.data.team)}}}")],
            ",\"paramRef\":{\"name\":\"param\",\"parameterNotFoundAction\":\"Deny\"}",
            "\"paramKind\":{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\"},\"matchConditions\":[{\"name\":\"c\","
            + "\"expression\":\"object.metadata.name != 'y'\"}],");
        await host.ValidateAsync(
            "v", "\"validations\":[{\"expression\":\"has(object.metadata.labels.team)\",\"message\":\"no team\"}]");
        Assert.Equal("blue", (string?)(await CreateAsync(host, "x")).Body["metadata"]!["labels"]!["team"]);
        Assert.Equal(
            PolicySetup.Denied(
                "v", "expression 'has(object.metadata.labels.team)' resulted in error: no such key: labels",
                "configmaps \"y\""),
            (string?)(await CreateAsync(host, "y")).Body["message"]);
    }

    [Fact]
    public async Task CustomObjectsAreChangedByTheirSchema()
    {
        await using var host = await WebhookHost.StartAsync();
        await host.DefineAsync("""
            {"metadata":{"name":"boats.m.example.com"},"spec":{"group":"m.example.com","scope":"Namespaced",
            "names":{"plural":"boats","kind":"Boat"},"versions":[{"name":"v1","served":true,"storage":true,"schema":
            {"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{"length":
            {"type":"integer"},"colour":{"type":"string","default":"blue"},"crew":{"type":"array",
            "x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],"items":{"type":"object","required":
            ["name"],"properties":{"name":{"type":"string"},"age":{"type":"integer"}}}}}}}}}}]}}
            """);
        await host.MutateAsync(
            "p",
            [PolicySetup.Applied(
                "Object{spec: Object.spec{length: object.spec.length * 2, "
                + "crew: [Object.spec.crew{name: 'a', age: 2}]}}")],
            rules: PolicySetup.Rules("m.example.com", "boats"));
        var item = await host.PostAsync("/apis/m.example.com/v1/namespaces/space/boats", """
            {"apiVersion":"m.example.com/v1","kind":"Boat","metadata":{"name":"x"},
            "spec":{"length":3,"crew":[{"name":"a","age":1},{"name":"b"}]}}
            """);
        Assert.True(
            JsonNode.DeepEquals(
                JsonNode.Parse("""{"length":6,"crew":[{"name":"a","age":2},{"name":"b"}],"colour":"blue"}"""),
                item["spec"]),
            item.ToJsonString());
    }

    private static Task<(int Code, JsonNode Body)> CreateAsync(WebhookHost host, string name) =>
        host.CreateAsync(name, "", "},\"data\":{\"k\":\"v\"");

    [Fact]
    public async Task MutationsAreCounted()
    {
        await using var host = await WebhookHost.StartAsync();
        await host.MutateAsync(
            "p", [PolicySetup.Applied("Object{data: {'a': '1'}}"), PolicySetup.Applied("Object{nope: 1}")],
            more: "\"failurePolicy\":\"Ignore\",");
        Assert.Equal(201, (await CreateAsync(host, "x")).Code);
        var metrics = await host.Api.Http.GetStringAsync("/metrics");
        foreach (var error in new[] { "no_error", "invalid_error" })
        {
            var labels = $"{{policy=\"p\",policy_binding=\"p\",error_type=\"{error}\"}} 1";
            foreach (var series in new[] { "check_total", "check_duration_seconds_count" })
            {
                Assert.Contains(
                    $"apiserver_mutating_admission_policy_{series}{labels}", metrics, StringComparison.Ordinal);
            }
        }
    }
}
