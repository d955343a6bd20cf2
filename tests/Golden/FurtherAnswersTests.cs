using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Golden;

/// <summary>Answers that no recording beside this repository holds, by upstream's rules.</summary>
public sealed class FurtherAnswersTests
{
    private const string Space = "/api/v1/namespaces/default";

    [Fact]
    public async Task AnEventIsOneObjectInBothGroups()
    {
        await using var server = await Server.StartAsync();
        const string Grouped = "/apis/events.k8s.io/v1/namespaces/default/events";
        await server.SendAsync("POST", Grouped, """
            {"metadata":{"name":"e"},"eventTime":"2001-01-01T00:00:00.000000Z","reportingController":"c.example.com","reportingInstance":"i",
            "action":"Do","reason":"R","type":"Normal","note":"n","regarding":{"kind":"Pod","name":"p","namespace":"default"}}
            """);
        var core = (await server.SendAsync("GET", $"{Space}/events/e")).Body;
        Assert.Equal(
            ("n", "c.example.com", "p"),
            ((string)core["message"]!, (string)core["reportingComponent"]!, (string)core["involvedObject"]!["name"]!));

        await server.SendAsync(
            "PATCH", $"{Space}/events/e", """{"message":"changed"}""", "application/merge-patch+json");
        var list = (await server.SendAsync("GET", $"{Grouped}?fieldSelector=regarding.name%3Dp")).Body;
        Assert.Equal("changed", (string)list["items"]![0]!["note"]!);
        var other = await server.SendAsync("GET", $"{Grouped}?fieldSelector=involvedObject.name%3Dp");
        Assert.Equal("field label not supported: involvedObject.name", (string)other.Body["message"]!);

        var refused = await server.SendAsync(
            "PATCH", $"{Grouped}/e", """{"regarding":{"name":"q"}}""", "application/merge-patch+json");
        Assert.Equal(
            "Event \"e\" is invalid: involvedObject: Invalid value: {\"Kind\":\"Pod\",\"Namespace\":\"default\",\"Name\":\"q\",\"UID\":\"\"," +
            "\"APIVersion\":\"\",\"ResourceVersion\":\"\",\"FieldPath\":\"\"}: field is immutable",
            (string)refused.Body["message"]!);
    }

    /// <summary>Who asks for an object without what is the cluster's own learns that nobody makes one any more.
    /// </summary>
    [Theory]
    [InlineData("true", 400)]
    [InlineData("", 400)]
    [InlineData("False", 200)]
    [InlineData("0", 200)]
    public async Task NothingIsExported(string export, int status)
    {
        await using var server = await Server.StartAsync();
        var answer = await server.SendAsync("GET", $"/api/v1/namespaces/default?export={export}");
        Assert.Equal(status, answer.Status);
        Assert.Equal(
            status == 200 ? null : "the export parameter, deprecated since v1.14, is no longer supported",
            (string?)answer.Body["message"]);
    }

    /// <summary>A pod of a StatefulSet has its name from it, others of controllers have theirs generated.</summary>
    [Theory]
    [InlineData("StatefulSet", "web-0")]
    [InlineData("ReplicaSet", "web-")]
    public async Task APodOfAControllerIsRefusedByTheNameItHas(string owner, string name)
    {
        await using var server = await Server.StartAsync();
        var pod = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = "web-0", ["generateName"] = "web-",
                ["ownerReferences"] = new JsonArray(new JsonObject
                {
                    ["apiVersion"] = "apps/v1", ["kind"] = owner, ["name"] = "web", ["uid"] = "u",
                    ["controller"] = true,
                }),
            },
            ["spec"] = JsonNode.Parse("""{"serviceAccountName":"s","containers":[{"name":"c","image":"i"}]}"""),
        };

        var refused = await server.Services.GetRequiredService<IResourceClient>().CreateAsync(
            new CreateRequest
            {
                Resource = WellKnown.Pods, Namespace = "default", Json = Encoding.UTF8.GetBytes(pod.ToJsonString()),
            },
            CancellationToken.None);

        Assert.Equal(
            $"pods \"{name}\" is forbidden: error looking up service account default/s: serviceaccount \"s\" not found",
            refused.Error!.Message);
    }

    [Fact]
    public async Task AnObjectOfTheHighestGenerationCanGo()
    {
        await using var server = await Server.StartAsync();
        const string Leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
        await server.SendAsync(
            "POST", Leases,
            """{"metadata":{"name":"l","generation":9223372036854775807,"finalizers":["example.com/f"]}}""");
        await server.SendAsync("DELETE", $"{Leases}/l");
        var released = await server.SendAsync(
            "PATCH", $"{Leases}/l", """{"metadata":{"finalizers":null}}""", "application/merge-patch+json");
        Assert.Equal(200, released.Status);
        Assert.Equal(404, (await server.SendAsync("GET", $"{Leases}/l")).Status);
    }

    [Fact]
    public async Task ComponentsAreListedAndShownOneByOne()
    {
        await using var server = await Server.StartAsync();
        var list = (await server.SendAsync("GET", "/api/v1/componentstatuses")).Body;
        Assert.Equal("{}", list["metadata"]!.ToJsonString());
        Assert.Equal(
            ["controller-manager", "etcd-0", "scheduler"], list["items"]!.AsArray().Select(c => (string)c!["metadata"]!["name"]!));
        var one = (await server.SendAsync("GET", "/api/v1/componentstatuses/etcd-0")).Body;
        Assert.Equal(
            """{"kind":"ComponentStatus","apiVersion":"v1","metadata":{"name":"etcd-0"},"conditions":[{"message":"ok","status":"True","type":"Healthy"}]}""",
            one.ToJsonString());
        Assert.Equal(
            "componentstatuses \"x\" not found",
            (string)(await server.SendAsync("GET", "/api/v1/componentstatuses/x")).Body["message"]!);
        Assert.Equal(405, (await server.SendAsync("DELETE", "/api/v1/componentstatuses/etcd-0")).Status);
        Assert.Equal(405, (await server.SendAsync("GET", $"{Space}/bindings")).Status);
    }

    [Fact]
    public async Task AnEvictedPodSaysSo()
    {
        await using var server = await Server.StartAsync();
        await server.SendAsync("POST", $"{Space}/serviceaccounts", """{"metadata":{"name":"default"}}""");
        await server.SendAsync(
            "POST",
            $"{Space}/pods",
            """{"metadata":{"name":"p"},"spec":{"nodeName":"n","containers":[{"name":"c","image":"i"}]}}""");
        var evicted = await server.SendAsync(
            "POST",
            $"{Space}/pods/p/eviction",
            """{"apiVersion":"policy/v1beta1","kind":"Eviction","metadata":{"name":"p"}}""");
        Assert.Equal(201, evicted.Status);

        var pod = (await server.SendAsync("GET", $"{Space}/pods/p")).Body;
        var condition = pod["status"]!["conditions"]!.AsArray().Single(c => (string)c!["type"]! == "DisruptionTarget")!;
        Assert.Equal(("True", "EvictionByEvictionAPI"), ((string)condition["status"]!, (string)condition["reason"]!));
        Assert.NotNull(pod["metadata"]!["deletionTimestamp"]);
    }

    [Fact]
    public async Task DeletingACollectionKeepsItsLimit()
    {
        await using var server = await Server.StartAsync();
        foreach (var name in (string[])["a", "b", "c"])
        {
            await server.SendAsync("POST", $"{Space}/configmaps", $$$"""{"metadata":{"name":"{{{name}}}"}}""");
        }

        var deleted = (await server.SendAsync("DELETE", $"{Space}/configmaps?limit=2")).Body;
        Assert.Equal(2, deleted["items"]!.AsArray().Count);
        Assert.NotNull(deleted["metadata"]!["continue"]);
        var left = (await server.SendAsync("GET", $"{Space}/configmaps")).Body["items"]!.AsArray();
        Assert.Equal("c", (string)Assert.Single(left)!["metadata"]!["name"]!);
    }

    [Theory]
    [InlineData("MQ==", "MQ==", "tls: failed to find any PEM data in certificate input")]
    [InlineData("LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCkFBQUEKLS0tLS1FTkQgUFJJVkFURSBLRVktLS0tLQo=", "MQ==", "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched")]
    public async Task TlsSecretsThatMakeNoPairAreWarnedOf(string certificate, string key, string expected)
    {
        await using var server = await Server.StartAsync();
        var made = await server.SendAsync("POST", $"{Space}/secrets", $$$"""{"metadata":{"name":"t"},"type":"kubernetes.io/tls","data":{"tls.crt":"{{{certificate}}}","tls.key":"{{{key}}}"}}""");
        Assert.Equal(201, made.Status);
        Assert.Equal($"299 - \"{expected}\"", Assert.Single(made.Warnings));
    }

    [Fact]
    public async Task NodePortsStayWhenTheirAllocationIsTurnedOff()
    {
        await using var server = await Server.StartAsync();
        var made = await server.SendAsync(
            "POST",
            $"{Space}/services",
            """{"metadata":{"name":"s"},"spec":{"type":"LoadBalancer","ports":[{"port":80}]}}""");
        var port = (int)made.Body["spec"]!["ports"]![0]!["nodePort"]!;
        var changed = await server.SendAsync(
            "PATCH", $"{Space}/services/s", """{"spec":{"allocateLoadBalancerNodePorts":false}}""", "application/merge-patch+json");
        Assert.Equal(port, (int)changed.Body["spec"]!["ports"]![0]!["nodePort"]!);
    }

    /// <summary>Older releases kept the port of the kubelet from balancers; this one no longer does.</summary>
    [Fact]
    public async Task ABalancerMayServeThePortOfTheKubelet()
    {
        await using var server = await Server.StartAsync();
        var made = await server.SendAsync(
            "POST",
            $"{Space}/services",
            """{"metadata":{"name":"k"},"spec":{"type":"LoadBalancer","ports":[{"port":10250}]}}""");
        Assert.Equal(201, made.Status);
    }

    [Fact]
    public async Task OddAddressesInAStatusAreWarnedOf()
    {
        await using var server = await Server.StartAsync();
        await server.SendAsync(
            "POST",
            $"{Space}/services",
            """{"metadata":{"name":"s"},"spec":{"type":"LoadBalancer","ports":[{"port":80}]}}""");
        var changed = await server.SendAsync(
            "PATCH", $"{Space}/services/s/status", """{"status":{"loadBalancer":{"ingress":[{"ip":"2001:DB8::1","ipMode":"VIP"}]}}}""", "application/merge-patch+json");
        Assert.StartsWith(
            "299 - \"status.loadBalancer.ingress[0]: IPv6 address",
            Assert.Single(changed.Warnings),
            StringComparison.Ordinal);
    }

    /// <summary>Labels are not changed by way of the status, but upstream notes who tried.</summary>
    [Fact]
    public async Task WhoWritesTheStatusOfAServiceCidrIsSaidToOwnItsLabels()
    {
        const string Cidr = "/apis/networking.k8s.io/v1/servicecidrs";
        await using var server = await Server.StartAsync();
        await server.SendAsync("POST", Cidr, """{"metadata":{"name":"c"},"spec":{"cidrs":["10.200.0.0/24"]}}""");
        var changed = (await server.SendAsync(
            "PATCH", $"{Cidr}/c/status", """{"metadata":{"labels":{"a":"b"}}}""", "application/merge-patch+json")).Body;
        Assert.Null(changed["metadata"]!["labels"]);
        var owner = changed["metadata"]!["managedFields"]!.AsArray()
            .Single(f => (string?)f!["subresource"] == "status");
        Assert.NotNull(owner!["fieldsV1"]!["f:metadata"]!["f:labels"]!["f:a"]);
    }

    [Fact]
    public async Task ARuntimeClassIsCreatedByPut()
    {
        await using var server = await Server.StartAsync();
        var made = await server.SendAsync(
            "PUT", "/apis/node.k8s.io/v1/runtimeclasses/r", """{"metadata":{"name":"r"},"handler":"runc"}""");
        Assert.Equal(201, made.Status);
    }

    [Fact]
    public async Task HalfASurrogatePairIsAReplacementCharacter()
    {
        await using var server = await Server.StartAsync();
        var made = await server.SendAsync(
            "POST",
            $"{Space}/configmaps",
            "{\"metadata\":{\"name\":\"s\"},\"\\ud800\":1,\"data\":{\"a\":\"\\udc00\"}}");
        Assert.Equal((201, "\ufffd"), (made.Status, (string)made.Body["data"]!["a"]!));
        Assert.Single(made.Warnings);
    }

    /// <summary>Upstream bounds the nesting, too, only further down.</summary>
    [Theory]
    [InlineData("POST", "application/json")]
    [InlineData("POST", "application/yaml")]
    [InlineData("PATCH", "application/merge-patch+json")]
    [InlineData("PATCH", "application/strategic-merge-patch+json")]
    [InlineData("PATCH", "application/json-patch+json")]
    [InlineData("PATCH", "application/apply-patch+yaml")]
    public async Task WhatIsNestedTooDeepIsCalledSo(string method, string type)
    {
        await using var server = await Server.StartAsync();
        var path = method == "POST" ? $"{Space}/configmaps" : $"{Space}/configmaps/deep";
        if (method == "PATCH")
        {
            await server.SendAsync("POST", $"{Space}/configmaps", """{"metadata":{"name":"deep"}}""");
        }

        foreach (var depth in (int[])[420, 600, 2_500, 20_000])
        {
            var value = string.Concat(Enumerable.Repeat("{\"a\":", depth)) + "1" + new string('}', depth);
            var body = type.Contains("json-patch", StringComparison.Ordinal)
                ? $"[{{\"op\":\"add\",\"path\":\"/x\",\"value\":{value}}}]"
                : $"{{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{{\"name\":\"deep\"}},\"x\":{value}}}";
            var answer = await server.SendAsync(
                method, type.Contains("apply", StringComparison.Ordinal) ? $"{path}?fieldManager=m" : path, body, type);
            var message = (string?)answer.Body["message"] ?? "";
            Assert.True(answer.Status < 500, $"{depth}: {message}");
            Assert.DoesNotContain("invalid JSON", message, StringComparison.Ordinal);
            Assert.True(
                answer.Status < 400 || message.Contains("exceeded max depth", StringComparison.Ordinal),
                $"{depth}: {answer.Status} {message}");
        }
    }

    [Fact]
    public async Task PatchesThatNestEndlesslyAreRefused()
    {
        await using var server = await Server.StartAsync();
        await server.SendAsync("POST", $"{Space}/configmaps", """{"metadata":{"name":"d"}}""");
        var path = string.Concat(Enumerable.Repeat("/a", 400));
        var value = string.Concat(Enumerable.Repeat("""{"a":""", 400)) + "{}" + new string('}', 400);
        var operations = Enumerable.Range(0, 4).Select(n =>
            $$"""{"op":"add","path":"/data{{string.Concat(Enumerable.Repeat(path, n))}}","value":{{value}}}""");
        var refused = await server.SendAsync(
            "PATCH", $"{Space}/configmaps/d", $"[{string.Join(',', operations)}]", "application/json-patch+json");
        Assert.Equal(422, refused.Status);
    }

    [Fact]
    public async Task ARefusedPatchShowsItsObjectInOrder()
    {
        await using var server = await Server.StartAsync();
        await server.SendAsync("POST", $"{Space}/configmaps", """{"metadata":{"name":"o"}}""");
        var refused = await server.SendAsync(
            "PATCH", $"{Space}/configmaps/o", """{"data":{"b":1},"binaryData":{}}""", "application/merge-patch+json");
        Assert.Contains(
            """patch: Invalid value: "{\"apiVersion\":\"v1\",\"binaryData\":{},\"data\":{\"b\":1},\"kind\":\"ConfigMap\",\"metadata\":{""",
            (string)refused.Body["message"]!,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("OPTIONS")]
    [InlineData("POST")]
    [InlineData("DELETE")]
    public async Task PathsOfOldAreWatchedWithGetAlone(string method)
    {
        await using var server = await Server.StartAsync();
        Assert.Equal(405, (await server.SendAsync(method, "/api/v1/watch/namespaces/default/configmaps")).Status);
    }

    [Fact]
    public async Task MicroTimesHaveSixDigits()
    {
        await using var server = await Server.StartAsync();
        var refused = await server.SendAsync(
            "POST",
            "/apis/coordination.k8s.io/v1/namespaces/default/leases",
            """{"metadata":{"name":"l"},"spec":{"renewTime":"2001-01-01T00:00:00.0000001Z"}}""");
        Assert.Equal(400, refused.Status);
        Assert.Contains(
            "as \"2006-01-02T15:04:05.000000Z07:00\": cannot parse \"1Z\" as \"Z07:00\"",
            (string)refused.Body["message"]!,
            StringComparison.Ordinal);
    }
}
