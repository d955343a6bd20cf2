using Xunit;

namespace OrleansOrchestrator.Golden;

/// <summary>Patches and values at the edge, by upstream's rules, where no recording shows them.</summary>
public sealed class PatchAnswersTests
{
    private const string Merge = "application/merge-patch+json";
    private const string Strategic = "application/strategic-merge-patch+json";
    private const string Map = "/api/v1/namespaces/default/configmaps/m";
    private const string Scheme = "in scheme \"k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30\"";

    [Theory]
    [InlineData(Merge, """{"kind":"Secret"}""", 422, "converting (v1.Secret) to (core.ConfigMap): unknown conversion")]
    [InlineData(Merge, """{"kind":"Nothing"}""", 422, $"no kind \"Nothing\" is registered for version \"v1\" {Scheme}")]
    [InlineData(Merge, """{"apiVersion":"v9"}""", 422, $"no kind \"ConfigMap\" is registered for version \"v9\" {Scheme}")]
    [InlineData(Merge, """{"apiVersion":"a/b/c"}""", 422, "unexpected GroupVersion string: a/b/c")]
    [InlineData("application/json-patch+json", """[{"op":"replace","path":"/kind","value":"Secret"}]""", 422,
        "converting (v1.Secret) to (core.ConfigMap): unknown conversion")]
    [InlineData(Merge, "null", 400, "Invalid JSON Patch")]
    [InlineData(Merge, """{"metadata":{"namespace":"other"}}""", 400,
        "the namespace of the object (other) does not match the namespace on the request (default)")]
    [InlineData(Strategic, """{"metadata":{"namespace":"other"}}""", 400,
        "the namespace of the object (other) does not match the namespace on the request (default)")]
    [InlineData(Merge, """{"zz":1,"metadata":{"yy":1,"xx":1},"aa":{"b":1}}""", 422,
        "strict decoding error: unknown field \"aa\", unknown field \"metadata.xx\", unknown field \"metadata.yy\", unknown field \"zz\"")]
    [InlineData(Strategic, """{"zz":1,"metadata":{"yy":1,"xx":1},"aa":{"b":1}}""", 422,
        "strict decoding error: unknown field \"aa\", unknown field \"metadata.xx\", unknown field \"metadata.yy\", unknown field \"zz\"")]
    public async Task ARefusedPatchSaysWhatUpstreamSays(string type, string patch, int status, string message)
    {
        await using var server = await Server.StartAsync();
        await server.SendAsync("POST", "/api/v1/namespaces/default/configmaps", """{"metadata":{"name":"m"},"data":{"a":"b"}}""");
        var answer = await server.SendAsync("PATCH", $"{Map}?fieldValidation=Strict", patch, type);
        Assert.Equal(status, answer.Status);
        Assert.EndsWith(message, (string)answer.Body["message"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"kind":"Secret","apiVersion":"v9","data":{"c":"d"}}""")]
    [InlineData("null")]
    public async Task AStrategicMergeDoesNotLookAtTheKind(string patch)
    {
        await using var server = await Server.StartAsync();
        await server.SendAsync("POST", "/api/v1/namespaces/default/configmaps", """{"metadata":{"name":"m"},"data":{"a":"b"}}""");
        var answer = await server.SendAsync("PATCH", Map, patch, Strategic);
        Assert.Equal((200, "ConfigMap", "v1"),
            (answer.Status, (string)answer.Body["kind"]!, (string)answer.Body["apiVersion"]!));
    }

    [Theory]
    [InlineData("PATCH", """{"spec":{"type":"ExternalName","externalName":"a.example.com"}}""")]
    [InlineData("PUT", """{"metadata":{"name":"s"},"spec":{"type":"ExternalName","externalName":"a.example.com","ports":[{"port":1}]}}""")]
    public async Task AServiceThatBecomesAnExternalNameGivesItsAddressBack(string method, string body)
    {
        await using var server = await Server.StartAsync();
        const string Services = "/api/v1/namespaces/default/services";
        var before = await server.SendAsync("POST", Services, """{"metadata":{"name":"s"},"spec":{"type":"NodePort","ports":[{"port":1}]}}""");
        var after = await server.SendAsync(method, $"{Services}/s", body, method == "PUT" ? "application/json" : Merge);
        Assert.Equal(200, after.Status);
        var spec = after.Body["spec"]!.AsObject();
        Assert.DoesNotContain(spec, p =>
            p.Key is "clusterIP" or "clusterIPs" or "ipFamilies" or "ipFamilyPolicy" or "externalTrafficPolicy"
                or "internalTrafficPolicy");
        Assert.Null(spec["ports"]![0]!["nodePort"]);

        var again = await server.SendAsync(
            "POST", Services,
            $"{{\"metadata\":{{\"name\":\"t\"}},\"spec\":{{\"clusterIP\":\"{before.Body["spec"]!["clusterIP"]}\",\"type\":\"NodePort\"," +
            $"\"ports\":[{{\"port\":1,\"nodePort\":{before.Body["spec"]!["ports"]![0]!["nodePort"]}}}]}}}}");
        Assert.Equal(201, again.Status);
    }

    [Theory]
    [InlineData("services", """{"spec":{"ports":[{"port":1}],"externalIPs":["010.1.2.3"]}}""", "spec.externalIPs[0]", "must not have leading 0s")]
    [InlineData("services", """{"spec":{"ports":[{"port":1}],"externalIPs":["::ffff:10.1.2.3"]}}""", "spec.externalIPs[0]",
        "must not be an IPv4-mapped IPv6 address")]
    [InlineData("services", """{"spec":{"ports":[{"port":1}],"clusterIP":"10.096.3.4"}}""", "spec.clusterIPs[0]", "must not have leading 0s")]
    [InlineData("services", """{"spec":{"type":"LoadBalancer","ports":[{"port":1}],"loadBalancerSourceRanges":["10.0.0.0/08"]}}""",
        "spec.LoadBalancerSourceRanges[0]", "must not have leading 0s in IP or prefix length")]
    [InlineData("services", """{"spec":{"type":"LoadBalancer","ports":[{"port":1}],"loadBalancerSourceRanges":["10.0.0.1/8"]}}""",
        "spec.LoadBalancerSourceRanges[0]", "must not have bits set beyond the prefix length")]
    [InlineData("services", """{"spec":{"type":"LoadBalancer","ports":[{"port":1}],"loadBalancerSourceRanges":["::ffff:10.0.0.0/104"]}}""",
        "spec.LoadBalancerSourceRanges[0]", "must not have an IPv4-mapped IPv6 address")]
    [InlineData("podtemplates", """{"template":{"spec":{"containers":[{"name":"c","image":"i"}],"hostAliases":[{"ip":"1.2.3.04"}]}}}""",
        "template.spec.hostAliases[0].ip", "must not have leading 0s")]
    [InlineData("podtemplates", """{"template":{"spec":{"containers":[{"name":"c","image":"i"}],"dnsConfig":{"nameservers":["1.2.3.04"]}}}}""",
        "template.spec.dnsConfig.nameservers[0]", "must not have leading 0s")]
    [InlineData("endpoints", """{"subsets":[{"addresses":[{"ip":"01.2.3.4"}],"ports":[{"port":1}]}]}""", "subsets[0].addresses[0].ip",
        "must not have leading 0s")]
    [InlineData("endpointslices", """{"addressType":"IPv4","endpoints":[{"addresses":["1.2.3.04"]}]}""", "endpoints[0].addresses[0]",
        "must not have leading 0s")]
    [InlineData("nodes", """{"spec":{"podCIDRs":["10.01.0.0/24"]}}""", "spec.podCIDRs[0]", "must not have leading 0s in IP or prefix length")]
    public async Task NewAddressesHaveNoLeadingZeros(string resource, string content, string field, string complaint)
    {
        await using var server = await Server.StartAsync();
        var path = resource switch
        {
            "nodes" => "/api/v1/nodes",
            "endpointslices" => "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
            _ => $"/api/v1/namespaces/default/{resource}",
        };
        var answer = await server.SendAsync("POST", path, content.Insert(1, "\"metadata\":{\"name\":\"x\"},"));
        Assert.Equal(422, answer.Status);
        var cause = answer.Body["details"]!["causes"]![0]!;
        Assert.Equal(field, (string)cause["field"]!);
        Assert.EndsWith(complaint, (string)cause["message"]!, StringComparison.Ordinal);
    }
}
