using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Golden.Fuzzing;

/// <summary>
/// Rules that a fuzzer wrote, in definitions of custom kinds: many are kept, the others cost too much; those judge
/// objects. What is not whole is refused or kept; nothing is answered with 5xx, of which the end of a request's time is
/// one.
/// </summary>
public sealed class RuleFuzzTests(ExpressionFuzzServer server) : IClassFixture<ExpressionFuzzServer>
{
    private const int Definitions = 60;
    private const string Json = "application/json";
    private const string Group = "rules.example.com";
    private const string Crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    private const string TableForm = "application/json;as=Table;v=v1;g=meta.k8s.io";

    private static readonly (string Type, string[] Texts)[] Self =
    [
        (TypedForms.Bool, ["has(self.l)", "has(self.u.a)", "self.x == '5%'", "type(self.x) == int"]),
        (TypedForms.Int, ["self.n", "self.l.size()"]),
        (TypedForms.Double, ["self.u.a"]),
        (TypedForms.Text, ["self.s", "self.l[0]", "self.m['k']", "self.?s.orValue('none')"]),
        (TypedForms.Texts, ["self.l"]),
        (TypedForms.Map, ["self.m"]),
        (TypedForms.Time, ["self.t"]),
    ];

    private static readonly TypedExpressions Plain = new(2, Self);

    private static readonly TypedExpressions OfUpdate = new(
        1,
        [
            .. Self,
            (TypedForms.Bool, ["self == oldSelf", "self.l == oldSelf.l"]),
            (TypedForms.Int, ["oldSelf.n"]),
            (TypedForms.Text, ["oldSelf.s"]),
            (TypedForms.Map, ["oldSelf.m"]),
        ]);

    private static readonly TypedExpressions OfAnyWrite = new(
        1,
        [
            .. Self,
            (TypedForms.Bool, ["oldSelf.hasValue()", "oldSelf.?l.hasValue()"]),
            (TypedForms.Int, ["oldSelf.?n.orValue(1)"]),
            (TypedForms.Text, ["oldSelf.?s.orValue('')"]),
        ]);

    private static readonly TypedExpressions OfList = new(
        1,
        [
            (TypedForms.Texts, ["self", "self.filter(x, x != '')"]),
            (TypedForms.Text, ["self[0]"]),
            (TypedForms.Int, ["self.size()"]),
        ]);

    private static readonly TypedExpressions OfItem = new(
        1,
        [
            (TypedForms.Text, ["self"]),
            (TypedForms.Int, ["self.size()"]),
        ]);

    /// <summary>
    /// A rule of a whole, which may look at what was before: a transition is asked of updates only, unless it says that
    /// it can do without.
    /// </summary>
    private static readonly Gen<JsonObject> Rule = Gen.OneOf(
        Of(Plain.Of(TypedForms.Bool), Plain),
        Of(OfUpdate.Of(TypedForms.Bool).Select(static r => $"self == oldSelf || {r}"), OfUpdate),
        Of(OfAnyWrite.Of(TypedForms.Bool).Select(static r => $"oldSelf.hasValue() || {r}"), OfAnyWrite)
            .Select(static rule =>
            {
                rule["optionalOldSelf"] = true;
                return rule;
            }));

    private static readonly Gen<JsonObject> Item = Gen.Select(
        Gen.OneOf("a,b", "", "\u00e9", "2001-01-01T00:00:00Z", "10.0.0.1", "1Gi"), Gen.Int[-2, 9],
        Gen.OneOf("a", "b", "", "a,b").Array[0, 4], Gen.Bool).Select(static (text, number, list, isFull) =>
    {
        var spec = new JsonObject
        {
            ["s"] = text, ["n"] = number, ["l"] = new JsonArray([.. list.Select(static l => (JsonNode?)l)]),
        };
        if (isFull)
        {
            spec["m"] = new JsonObject { ["k"] = text };
            spec["t"] = "2001-01-01T00:00:00Z";
            spec["x"] = "5%";
            spec["u"] = new JsonObject { ["a"] = 1.5 };
        }

        return spec;
    });

    private readonly ConcurrentQueue<string> _reasons = [];
    private int _count;
    private int _whole;
    private int _kept;
    private int _written;
    private int _refused;

    [Fact]
    public async Task Rules_of_definitions_are_refused_or_kept()
    {
        var edits = Gen.Select(Gen.Int[0, 4], Edits.Some).Select(static (n, some) => n == 0 ? some : []);
        await Gen.Select(Rule, OfList.Of(TypedForms.Bool), OfItem.Of(TypedForms.Bool), edits, Item.Array[2]).CheckAsync(
            c => TryAsync(c.Item1, c.Item2, c.Item3, c.Item4, c.Item5), Definitions, threads: 2);
        var told = string.Create(
            CultureInfo.InvariantCulture,
            $"Of {_whole} whole definitions {_kept} were kept; {_written} writes went through, {_refused} did not.");
        TestContext.Current.TestOutputHelper?.WriteLine($"{told} Not:\n{string.Join('\n', _reasons)}");
        Assert.True(_kept > _whole / 5 && _written > 0 && _refused > 0, told);
    }

    private static Gen<JsonObject> Of(Gen<string> rule, TypedExpressions environment) =>
        Gen.Select(rule, environment.Of(TypedForms.Text), static (text, message) => new JsonObject
        {
            ["rule"] = text, ["messageExpression"] = message, ["fieldPath"] = ".n",
        });

    private async Task TryAsync(JsonObject rule, string list, string item, Edit[] edits, JsonObject[] objects)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"kinds{Interlocked.Increment(ref _count)}");
        if (edits.Length > 0)
        {
            rule = rule.DeepClone().AsObject();
            rule["rule"] = Encoding.UTF8.GetString(
                Edits.InBytes(Encoding.UTF8.GetBytes((string)rule["rule"]!), edits));
        }
        else
        {
            Interlocked.Increment(ref _whole);
        }

        var made = await server.CheckAsync(new FuzzRequest("POST", Crds, Json, Definition(name, rule, list, item)));
        if (made.Status != 201)
        {
            _reasons.Enqueue(Encoding.UTF8.GetString(made.Body));
            return;
        }

        _ = edits.Length == 0 ? Interlocked.Increment(ref _kept) : 0;
        await server.ServedAsync(new ResourceName(Group, name));
        await WriteAsync(name, objects);
        await server.CheckAsync(new FuzzRequest("DELETE", $"{Crds}/{name}.{Group}", Json, []));
    }

    private async Task WriteAsync(string name, JsonObject[] objects)
    {
        var all = $"/apis/{Group}/v1/namespaces/default/{name}";
        foreach (var (i, spec) in objects.Index())
        {
            await CountAsync(new FuzzRequest("POST", all, Json, Bytes(Object(name, i, spec))));
            await CountAsync(new FuzzRequest(
                "PATCH", $"{all}/item{i}", "application/merge-patch+json",
                Bytes(new JsonObject { ["spec"] = objects[^(i + 1)].DeepClone() })));
            await CountAsync(new FuzzRequest(
                "PATCH", $"{all}/item{i}?fieldManager=f&force=true", "application/apply-patch+yaml",
                Bytes(Object(name, i, new JsonObject { ["n"] = i }))));
        }

        await server.CheckAsync(new FuzzRequest("GET", all, "", []) { Accept = TableForm });
    }

    private async Task CountAsync(FuzzRequest request)
    {
        var status = (await server.CheckAsync(request)).Status;
        _ = status is 200 or 201 ? Interlocked.Increment(ref _written)
            : status == 422 ? Interlocked.Increment(ref _refused)
            : 0;
    }

    private static JsonObject Object(string name, int number, JsonObject spec) => new()
    {
        ["apiVersion"] = $"{Group}/v1", ["kind"] = Kind(name),
        ["metadata"] = new JsonObject { ["name"] = $"item{number}" }, ["spec"] = spec.DeepClone(),
    };

    private static byte[] Definition(string name, JsonObject rule, string list, string item)
    {
        var spec = JsonNode.Parse("""
            {"type":"object","properties":{"s":{"type":"string","maxLength":30},"n":{"type":"integer"},
            "l":{"type":"array","maxItems":8,"items":{"type":"string","maxLength":20}},
            "m":{"type":"object","maxProperties":8,"additionalProperties":{"type":"string","maxLength":20}},
            "t":{"type":"string","format":"date-time"},"x":{"x-kubernetes-int-or-string":true},
            "u":{"type":"object","properties":{"a":{"type":"number"}}}}}
            """)!;
        spec["x-kubernetes-validations"] = new JsonArray(rule.DeepClone());
        spec["properties"]!["l"]!["x-kubernetes-validations"] = new JsonArray(new JsonObject { ["rule"] = list });
        spec["properties"]!["l"]!["items"]!["x-kubernetes-validations"] =
            new JsonArray(new JsonObject { ["rule"] = item, ["message"] = "not this one" });
        return Bytes(new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = $"{name}.{Group}" },
            ["spec"] = new JsonObject
            {
                ["group"] = Group, ["scope"] = "Namespaced",
                ["names"] = new JsonObject { ["plural"] = name, ["kind"] = Kind(name) },
                ["versions"] = new JsonArray(new JsonObject
                {
                    ["name"] = "v1", ["served"] = true, ["storage"] = true,
                    ["schema"] = new JsonObject
                    {
                        ["openAPIV3Schema"] = new JsonObject
                        {
                            ["type"] = "object", ["properties"] = new JsonObject { ["spec"] = spec },
                        },
                    },
                }),
            },
        });
    }

    private static string Kind(string name) => char.ToUpperInvariant(name[0]) + name[1..];

    private static byte[] Bytes(JsonObject json) => Encoding.UTF8.GetBytes(json.ToJsonString(GoldenJson.Relaxed));
}
