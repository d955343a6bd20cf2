using System.Globalization;
using System.Text;
using System.Text.Json;
using CsCheck;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Golden.Extensions;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Golden.Fuzzing;

/// <summary>
/// Definitions of custom kinds, and objects of them, that a fuzzer made: each is refused or served, nothing is answered
/// with 5xx, and no definition that was taken keeps anything else from being served, discovery and the documents of all
/// kinds included.
/// </summary>
public sealed class DefinitionFuzzTests(FuzzServer server) : IClassFixture<FuzzServer>
{
    private const int Definitions = 120;
    private const int ObjectsOfEach = 3;
    private const string Group = "fuzz.example.com";
    private const string Json = "application/json";
    private const string Crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    private const string TableForm = "application/json;as=Table;v=v1;g=meta.k8s.io";

    /// <summary>What schemas say, together all of it.</summary>
    private static readonly byte[][] Schemas =
    [
        .. new[]
        {
            """
            {"type":"object","properties":{"spec":{"type":"object","required":["a"],
            "properties":{"a":{"type":"string","minLength":1,"maxLength":9,"pattern":"^a+$","enum":["a",
            "aa"],"default":"a"},"n":{"type":"integer","format":"int32","minimum":1,"maximum":9,
            "multipleOf":2,"exclusiveMinimum":true},"b":{"type":"boolean","nullable":true,"default":null}}},
            "status":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}
            """,
            """
            {"type":"object","properties":{"spec":{"type":"object","properties":{"l":{"type":"array",
            "x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],"items":{"type":"object",
            "required":["k"],"properties":{"k":{"type":"string"},"v":{"x-kubernetes-int-or-string":true}}}},
            "s":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string",
            "format":"date-time"}},"m":{"type":"object","x-kubernetes-map-type":"atomic",
            "additionalProperties":{"type":"number"}},"t":{"type":"object","additionalProperties":true}}}}}
            """,
            """
            {"type":"object","properties":{"spec":{"type":"object","properties":{"e":{"type":"object",
            "x-kubernetes-embedded-resource":true,"x-kubernetes-preserve-unknown-fields":true},
            "c":{"type":"integer","anyOf":[{"minimum":5},{"maximum":2}],"allOf":[{"not":{"enum":[7]}}],
            "oneOf":[{"multipleOf":2},{"multipleOf":3}]}},
            "x-kubernetes-validations":[{"rule":"self.c > 0 || has(self.e)","message":"m","fieldPath":".c",
            "reason":"FieldValueForbidden"},{"rule":"oldSelf == self","optionalOldSelf":false,
            "messageExpression":"'was ' + string(oldSelf.c)"}]}}}
            """,
        }.Select(Encoding.UTF8.GetBytes),
    ];

    private static readonly string[] Paths =
    [
        ".spec.a", ".spec.l[0].k", ".spec.l[?(@.k==\"x\")].v", "..", ".status", ".", ".spec['a']", ".spec.*", "..a",
        ".metadata.creationTimestamp", ".spec.l[*].k", ".spec.l[-1:].v", ".spec..a..b",
    ];

    private static readonly byte[][] Items =
    [
        .. new[]
        {
            """
            {"metadata":{"name":"x"},"spec":{"a":"aa","n":2,"b":true,"c":6,"l":[{"k":"x","v":1},{"k":"y",
            "v":"5%"}],"s":["2001-01-01T00:00:00Z"],"m":{"x":1.5},"t":{"u":{"v":[1]}},
            "e":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}}},"status":{"x":[1,{"y":null}]}}
            """,
            """
            {"metadata":{"name":"y","labels":{"a":"b"},"finalizers":["example.com/x"]},"spec":{"a":null,
            "l":[],"e":{}}}
            """,
        }.Select(Encoding.UTF8.GetBytes),
    ];

    private static readonly Gen<string> Path =
        Gen.Select(Gen.OneOf(Paths), Edits.Some, Gen.Bool).Select(static (path, edits, isKept) =>
            isKept ? path : Encoding.UTF8.GetString(Edits.InBytes(Encoding.UTF8.GetBytes(path), edits)));

    private int _count;
    private int _served;

    [Fact]
    public async Task Definitions_are_refused_or_served()
    {
        await Gen.Select(
            Gen.OneOf(Schemas), Edits.Some, Path, Path, Gen.Select(Gen.OneOf(Items), Edits.Some).Array[ObjectsOfEach])
            .CheckAsync(c => TryAsync(c.Item1, c.Item2, c.Item3, c.Item4, c.Item5), Definitions, threads: 2);
        Assert.True(_served > Definitions / 20, $"{_served} of {Definitions} definitions were served.");
        await OthersAreServedAsync();
    }

    /// <summary>What a definition that was taken must not break.</summary>
    private async Task OthersAreServedAsync()
    {
        foreach (var path in (string[])
            ["/apis", "/api/v1", "/openapi/v2", "/openapi/v3", "/openapi/v3/apis/apps/v1", "/api/v1/pods"])
        {
            await server.CheckAsync(new FuzzRequest("GET", path, "", []));
        }
    }

    private async Task TryAsync(
        byte[] schema, Edit[] edits, string column, string selectable, (byte[] Json, Edit[] Edits)[] items)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"kinds{Interlocked.Increment(ref _count)}");
        var definition = Definition(name, Edits.InStructure(schema, edits), column, selectable);
        await server.CheckAsync(new FuzzRequest("POST", Crds, Json, definition));
        if (!await IsServedAsync(name))
        {
            return;
        }

        Interlocked.Increment(ref _served);
        var all = $"/apis/{Group}/v1/namespaces/default/{name}";
        foreach (var (json, changes) in items)
        {
            await server.CheckAsync(new FuzzRequest("POST", all, Json, Edits.InStructure(Named(json, name), changes)));
        }

        await server.CheckAsync(new FuzzRequest(
            "PATCH", $"{all}/x?fieldManager=f&force=true", "application/apply-patch+yaml", Named(Items[0], name)));
        foreach (var accept in (string?[])[null, TableForm, "application/yaml"])
        {
            await server.CheckAsync(new FuzzRequest("GET", all, "", []) { Accept = accept });
        }

        await server.CheckAsync(new FuzzRequest("GET", $"/openapi/v3/apis/{Group}/v1", "", []));
        await server.CheckAsync(new FuzzRequest("DELETE", $"{Crds}/{name}.{Group}", Json, []));
    }

    /// <summary>Waits for a definition that was taken to be served; false for one that was not.</summary>
    private async Task<bool> IsServedAsync(string name)
    {
        var services = server.Host.Services;
        var key = new ObjectKey("", $"{name}.{Group}");
        var client = services.GetRequiredService<IResourceClient>();
        var taken = await client.GetAsync(
            WellKnown.CustomResourceDefinitions, key, ReadFreshness.Linearizable, CancellationToken.None);
        if (taken.Succeeded)
        {
            await services.GetRequiredService<ResourceCatalog>().ServedAsync(new ResourceName(Group, name));
        }

        return taken.Succeeded;
    }

    private static byte[] Definition(string name, byte[] schema, string column, string selectable)
    {
        var head = $$$"""
            {"metadata":{"name":"{{{name}}}.{{{Group}}}"},"spec":{"group":"{{{Group}}}","scope":"Namespaced",
            "names":{"plural":"{{{name}}}","kind":"{{{Kind(name)}}}"},"versions":[{"name":"v1",
            "served":true,"storage":true,"subresources":{"status":{}},"additionalPrinterColumns":[{"name":"c",
            "type":"string","jsonPath":{{{JsonSerializer.Serialize(column)}}}}],
            """;
        var selected = selectable.StartsWith(".spec.a", StringComparison.Ordinal)
            ? $$$"""
            "selectableFields":[{"jsonPath":{{{JsonSerializer.Serialize(selectable)}}}}],
            """
            : "";
        return
        [
            .. Encoding.UTF8.GetBytes($"{head}{selected}\"schema\":{{\"openAPIV3Schema\":"),
            .. schema,
            .. "}}]}}"u8,
        ];
    }

    private static string Kind(string name) => char.ToUpperInvariant(name[0]) + name[1..];

    private static byte[] Named(byte[] json, string name) => Encoding.UTF8.GetBytes(
        $$"""{"apiVersion":"{{Group}}/v1","kind":"{{Kind(name)}}",""" + Encoding.UTF8.GetString(json)[1..]);
}
