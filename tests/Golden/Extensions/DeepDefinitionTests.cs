using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Golden.Extensions;

/// <summary>Schemas and objects that are nested deeper than parsers of JSON take unless they are told to.</summary>
public sealed class DeepDefinitionTests
{
    private const string Group = "deep.example.com";
    private const string Objects = $"/apis/{Group}/v1/namespaces/default/deeps";
    private const string Name = $"{Objects}/d";
    private const int Levels = 100;

    [Fact]
    public async Task A_kind_of_a_hundred_levels_is_served_like_any_other()
    {
        await using var server = await Server.StartAsync();
        await DefineAsync(server);

        var made = await server.SendAsync("POST", Objects, Deep("a").ToJsonString());
        Assert.True(made.Status == 201, made.Body.ToJsonString());
        Assert.Equal("a", (string?)Below(made.Body["spec"]!)["leaf"]);
        Assert.Equal("b", (string?)Below(made.Body["spec"]!)["other"]);

        var applied = await server.SendAsync(
            "PATCH", $"{Name}?fieldManager=f&force=true", Deep("aa").ToJsonString(), "application/apply-patch+yaml");
        Assert.True(applied.Status == 200, applied.Body.ToJsonString());
        var refused = await server.SendAsync(
            "PATCH", Name, new JsonObject { ["spec"] = Deep("x")["spec"]!.DeepClone() }.ToJsonString(),
            "application/merge-patch+json");
        Assert.Equal(422, refused.Status);
        Assert.Contains("only a", (string?)refused.Body["message"], StringComparison.Ordinal);

        var scale = await server.SendAsync(
            "PUT", $"{Name}/scale", """{"metadata":{"name":"d"},"spec":{"replicas":3}}""");
        Assert.True(scale.Status == 200, scale.Body.ToJsonString());
        foreach (var path in (string[])
            [Objects, $"{Objects}?pretty=true", "/openapi/v2", $"/openapi/v3/apis/{Group}/v1"])
        {
            var read = await server.SendAsync("GET", path);
            Assert.True(read.Status == 200, $"{path}: {read.Body.ToJsonString()}");
        }
    }

    private static async Task DefineAsync(Server server)
    {
        var made = await server.SendAsync(
            "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", Definition().ToJsonString());
        Assert.True(made.Status == 201, made.Body.ToJsonString());
        await server.Services.GetRequiredService<ResourceCatalog>().ServedAsync(new ResourceName(Group, "deeps"));
    }

    private static JsonObject Definition() => new()
    {
        ["metadata"] = new JsonObject { ["name"] = $"deeps.{Group}" },
        ["spec"] = new JsonObject
        {
            ["group"] = Group, ["scope"] = "Namespaced",
            ["names"] = new JsonObject { ["plural"] = "deeps", ["kind"] = "Deep" },
            ["versions"] = new JsonArray(new JsonObject
            {
                ["name"] = "v1", ["served"] = true, ["storage"] = true,
                ["subresources"] = new JsonObject
                {
                    ["scale"] = new JsonObject
                    {
                        ["specReplicasPath"] = ".spec.replicas", ["statusReplicasPath"] = ".status.replicas",
                    },
                },
                ["schema"] = new JsonObject
                {
                    ["openAPIV3Schema"] = Struct(
                        ("spec", Level(Levels)), ("status", Struct(("replicas", Scalar("integer"))))),
                },
            }),
        },
    };

    private static JsonObject Level(int left)
    {
        var leaf = Scalar("string");
        leaf["x-kubernetes-validations"] =
            new JsonArray(new JsonObject { ["rule"] = "self.matches('^a*$')", ["message"] = "only a" });
        var other = Scalar("string");
        other["default"] = "b";
        return left == 0
            ? Struct(("leaf", leaf), ("other", other))
            : Struct(("next", Level(left - 1)), ("replicas", Scalar("integer")));
    }

    private static JsonObject Scalar(string type) => new() { ["type"] = type };

    private static JsonObject Struct(params (string Name, JsonObject Schema)[] fields) => new()
    {
        ["type"] = "object",
        ["properties"] = new JsonObject(fields.Select(f => KeyValuePair.Create(f.Name, (JsonNode?)f.Schema))),
    };

    private static JsonObject Deep(string leaf)
    {
        var spec = new JsonObject { ["leaf"] = leaf };
        for (var i = 0; i < Levels; i++)
        {
            spec = new JsonObject { ["next"] = spec };
        }

        return new JsonObject
        {
            ["apiVersion"] = $"{Group}/v1", ["kind"] = "Deep", ["metadata"] = new JsonObject { ["name"] = "d" },
            ["spec"] = spec,
        };
    }

    private static JsonNode Below(JsonNode spec)
    {
        while (spec["next"] is { } next)
        {
            spec = next;
        }

        return spec;
    }
}
