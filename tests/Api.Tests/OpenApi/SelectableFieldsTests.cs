using System.Text.Json.Nodes;
using OrleansOrchestrator.Api.Tests.Admission.Webhooks;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.OpenApi;

/// <summary>Clients learn from OpenAPI by which fields custom objects can be selected.</summary>
public sealed class SelectableFieldsTests
{
    [Theory]
    [InlineData("/openapi/v2", "definitions")]
    [InlineData("/openapi/v3/apis/h.example.com/v1", "components/schemas")]
    public async Task TheSelectableFieldsArePublished(string document, string place)
    {
        await using var host = await WebhookHost.StartAsync();
        await host.DefineAsync("""
            {"metadata":{"name":"boats.h.example.com"},"spec":{"group":"h.example.com","scope":"Namespaced",
            "names":{"plural":"boats","kind":"Boat"},"versions":[{"name":"v1","served":true,"storage":true,
            "selectableFields":[{"jsonPath":".spec.sail"},{"jsonPath":".spec.length"}],
            "schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":
            {"sail":{"type":"string"},"length":{"type":"integer"}}}}}}}]}}
            """);
        await host.SendAsync(HttpMethod.Get, "/apis/h.example.com/v1/namespaces/space/boats");
        JsonNode? node = (await host.SendAsync(HttpMethod.Get, document)).Body;
        foreach (var step in place.Split('/'))
        {
            node = node![step];
        }

        var fields = node!["com.example.h.v1.Boat"]!["x-kubernetes-selectable-fields"]!.AsArray();
        Assert.Equal(["spec.sail", "spec.length"], fields.Select(f => (string?)f!["fieldPath"]));
        Assert.Null(node["com.example.h.v1.BoatList"]!["x-kubernetes-selectable-fields"]);
    }
}
