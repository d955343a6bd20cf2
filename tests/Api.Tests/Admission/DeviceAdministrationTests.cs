using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Admission;

/// <summary>Who may administer devices.</summary>
public sealed class DeviceAdministrationTests
{
    private const string Refusal =
        "spec.devices.requests[0].adminAccess: Forbidden: admin access to devices requires the " +
        "`resource.kubernetes.io/admin-access: true` label on the containing namespace";

    private const string Claims = "\"devices\":{\"requests\":[{\"name\":\"r\",\"exactly\":{\"deviceClassName\":\"c\",";

    [Theory]
    [InlineData("resourceclaims", "{\"metadata\":{\"name\":\"a\"},\"spec\":{" + Claims + "\"adminAccess\":true}}]}}}")]
    [InlineData(
        "resourceclaimtemplates",
        "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"spec\":{" + Claims + "\"adminAccess\":true}}]}}}}")]
    public async Task Needs_a_marked_namespace(string resource, string json)
    {
        await using var host = await ProtocolHost.StartAsync();
        const string Marked =
            """{"metadata":{"name":"marked","labels":{"resource.kubernetes.io/admin-access":"true"}}}""";
        await PostAsync(host, "/api/v1/namespaces", Marked);
        await PostAsync(host, "/api/v1/namespaces", """{"metadata":{"name":"plain"}}""");
        var refused = await PostAsync(host, $"/apis/resource.k8s.io/v1/namespaces/plain/{resource}", json);
        Assert.Equal((422, Refusal), ((int?)refused["code"], ((string?)refused["message"])?.Split(" is invalid: ")[1]));
        var made = await PostAsync(host, $"/apis/resource.k8s.io/v1/namespaces/marked/{resource}", json);
        Assert.Equal("a", (string?)made["metadata"]!["name"]);
    }

    private static async Task<JsonNode> PostAsync(ProtocolHost host, string path, string json)
    {
        using var body = new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await host.Http.PostAsync(path, body);
        return JsonNode.Parse(await response.Content.ReadAsByteArrayAsync())!;
    }
}
