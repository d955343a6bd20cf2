using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Golden.Extensions;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Golden.Fuzzing;

/// <summary>
/// Expressions that a fuzzer made, as rules of definitions and in policies: each is refused or kept, what it judges is
/// refused or written, nothing is answered with 5xx (of which the end of a request's time is one), and no policy keeps
/// what it is not for from being written.
/// </summary>
public sealed class ExpressionFuzzTests(FuzzServer server) : IClassFixture<FuzzServer>
{
    private const int Definitions = 60;
    private const int Policies = 90;
    private const string Json = "application/json";
    private const string Group = "rules.example.com";
    private const string Crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    private const string Admission = "/apis/admissionregistration.k8s.io/v1";
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";

    private static readonly Gen<string> Rule = RandomExpressions.Over(
        "self", "self.s", "self.n", "self.l", "self.m", "self.t", "self.x", "oldSelf", "oldSelf.n", "self.?u",
        "self.m['k']");

    private static readonly Gen<string> OfPolicy = RandomExpressions.Over(
        "object", "object.data", "object.data['k']", "oldObject", "object.metadata.name", "request.userInfo.groups",
        "request.operation", "namespaceObject.metadata.labels", "params", "params.data", "variables.v", "variables.w",
        "authorizer.group('').resource('pods').namespace('a').check('get').allowed()",
        "authorizer.requestResource.check('create').reason()");

    private int _count;
    private int _kept;

    [Fact]
    public async Task Rules_of_definitions_are_refused_or_kept()
    {
        await Gen.Select(Rule, Rule, Rule, Gen.Bool).CheckAsync(
            c => TryRuleAsync(c.Item1, c.Item2, c.Item3, c.Item4), Definitions, threads: 2);
        Assert.True(_kept > 0, "No rule was kept: nothing was judged by one.");
    }

    [Fact]
    public async Task Policies_are_refused_or_kept()
    {
        await Gen.Select(OfPolicy, OfPolicy, OfPolicy, OfPolicy, Gen.OneOf("Fail", "Ignore")).CheckAsync(
            c => TryPolicyAsync(c.Item1, c.Item2, c.Item3, c.Item4, c.Item5), Policies, threads: 2);
        Assert.True(_kept > 0, "No policy was kept: nothing was judged by one.");
    }

    private async Task TryRuleAsync(string rule, string inner, string message, bool mayLackOld)
    {
        var name = Next("kinds");
        var definition = Definition(name, rule, inner, message, mayLackOld);
        await server.CheckAsync(new FuzzRequest("POST", Crds, Json, definition));
        if (!await IsThereAsync(WellKnown.CustomResourceDefinitions, new ObjectKey("", $"{name}.{Group}")))
        {
            return;
        }

        Interlocked.Increment(ref _kept);

        await server.Host.Services.GetRequiredService<ResourceCatalog>().ServedAsync(new ResourceName(Group, name));
        var path = $"/apis/{Group}/v1/namespaces/default/{name}";
        foreach (var number in (int[])[1, 2])
        {
            await server.CheckAsync(new FuzzRequest("POST", path, Json, Item(name, number)));
            await server.CheckAsync(new FuzzRequest(
                "PATCH", $"{path}/a", "application/merge-patch+json",
                Encoding.UTF8.GetBytes($"{{\"spec\":{{\"n\":{number + 5},\"l\":null}}}}")));
        }

        await server.CheckAsync(new FuzzRequest("DELETE", $"{Crds}/{name}.{Group}", Json, []));
    }

    private async Task TryPolicyAsync(string validation, string condition, string variable, string text, string failure)
    {
        var name = Next("policy");
        foreach (var (kind, spec) in new[]
        {
            ("validatingadmissionpolic", Validating(name, validation, condition, variable, text, failure)),
            ("mutatingadmissionpolic", Mutating(name, validation, condition, variable, failure)),
        })
        {
            await server.CheckAsync(new FuzzRequest("POST", $"{Admission}/{kind}ies", Json, Bytes(name, spec)));
            await server.CheckAsync(new FuzzRequest(
                "POST", $"{Admission}/{kind}ybindings", Json, Bytes(name, Binding(name, kind))));
            var policies = new ResourceName("admissionregistration.k8s.io", $"{kind}ies");
            if (await IsThereAsync(policies, new ObjectKey("", name)))
            {
                Interlocked.Increment(ref _kept);
            }
        }

        await server.CheckAsync(new FuzzRequest("POST", ConfigMaps, Json, ConfigMap(name, isMeant: true)));
        await server.CheckAsync(new FuzzRequest(
            "PATCH", $"{ConfigMaps}/{name}", "application/merge-patch+json",
            """{"data":{"k":"changed"}}"""u8.ToArray()));
        await RequireWrittenAsync(Next("other"));
        foreach (var kind in (string[])["validatingadmissionpolic", "mutatingadmissionpolic"])
        {
            await server.CheckAsync(new FuzzRequest("DELETE", $"{Admission}/{kind}ybindings/{name}", Json, []));
            await server.CheckAsync(new FuzzRequest("DELETE", $"{Admission}/{kind}ies/{name}", Json, []));
        }
    }

    /// <summary>What no policy is for is written.</summary>
    private async Task RequireWrittenAsync(string name)
    {
        await server.CheckAsync(new FuzzRequest("POST", ConfigMaps, Json, ConfigMap(name, isMeant: false)));
        Assert.True(await IsThereAsync(new ResourceName("", "configmaps"), new ObjectKey("default", name)), name);
    }

    private async Task<bool> IsThereAsync(ResourceName resource, ObjectKey key) =>
        (await server.Host.Services.GetRequiredService<IResourceClient>().GetAsync(
            resource, key, ReadFreshness.Linearizable, CancellationToken.None)).Succeeded;

    private string Next(string what) =>
        string.Create(CultureInfo.InvariantCulture, $"{what}{Interlocked.Increment(ref _count)}");

    private static JsonObject Validating(
        string name, string validation, string condition, string variable, string text, string failure) => new()
    {
        ["failurePolicy"] = failure,
        ["paramKind"] = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ConfigMap" },
        ["matchConstraints"] = Match(name),
        ["matchConditions"] = new JsonArray(new JsonObject { ["name"] = "c", ["expression"] = condition }),
        ["variables"] = Variables(variable, text),
        ["validations"] = new JsonArray(new JsonObject
        {
            ["expression"] = validation, ["messageExpression"] = $"string({text})",
        }),
        ["auditAnnotations"] = new JsonArray(new JsonObject { ["key"] = "a", ["valueExpression"] = $"string({text})" }),
    };

    private static JsonObject Mutating(
        string name, string validation, string condition, string variable, string failure) => new()
    {
        ["failurePolicy"] = failure, ["reinvocationPolicy"] = "IfNeeded",
        ["paramKind"] = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ConfigMap" },
        ["matchConstraints"] = Match(name),
        ["matchConditions"] = new JsonArray(new JsonObject { ["name"] = "c", ["expression"] = condition }),
        ["variables"] = Variables(variable, condition),
        ["mutations"] = new JsonArray(
            new JsonObject
            {
                ["patchType"] = "ApplyConfiguration",
                ["applyConfiguration"] = new JsonObject
                {
                    ["expression"] = $"Object{{data: {{'p': string({validation})}}}}",
                },
            },
            new JsonObject
            {
                ["patchType"] = "JSONPatch",
                ["jsonPatch"] = new JsonObject
                {
                    ["expression"] = "[JSONPatch{op: 'add', path: '/data/' + jsonpatch.escapeKey(string("
                        + $"{variable})), value: 'v'}}]",
                },
            }),
    };

    private static JsonObject Match(string name) => new()
    {
        ["objectSelector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["fuzz"] = name } },
        ["resourceRules"] = new JsonArray(new JsonObject
        {
            ["apiGroups"] = new JsonArray(""), ["apiVersions"] = new JsonArray("v1"),
            ["operations"] = new JsonArray("CREATE", "UPDATE"), ["resources"] = new JsonArray("configmaps"),
        }),
    };

    private static JsonArray Variables(string first, string second) =>
    [
        new JsonObject { ["name"] = "v", ["expression"] = first },
        new JsonObject { ["name"] = "w", ["expression"] = second },
    ];

    private static JsonObject Binding(string name, string kind)
    {
        var binding = new JsonObject
        {
            ["policyName"] = name,
            ["paramRef"] = new JsonObject { ["name"] = "params", ["parameterNotFoundAction"] = "Allow" },
        };
        if (kind.StartsWith('v'))
        {
            binding["validationActions"] = new JsonArray("Deny", "Audit");
        }

        return binding;
    }

    private static byte[] Bytes(string name, JsonObject spec) => Encoding.UTF8.GetBytes(
        new JsonObject { ["metadata"] = new JsonObject { ["name"] = name }, ["spec"] = spec }.ToJsonString());

    private static byte[] ConfigMap(string name, bool isMeant) => Encoding.UTF8.GetBytes(new JsonObject
    {
        ["metadata"] = new JsonObject
        {
            ["name"] = name, ["labels"] = isMeant ? new JsonObject { ["fuzz"] = name } : null,
        },
        ["data"] = new JsonObject { ["k"] = "v", ["n"] = "1" },
    }.ToJsonString());

    private static byte[] Definition(string name, string rule, string inner, string message, bool mayLackOld)
    {
        var rules = new JsonArray(new JsonObject
        {
            ["rule"] = rule, ["messageExpression"] = $"string({message})", ["fieldPath"] = ".n",
        });
        if (mayLackOld)
        {
            rules[0]!["optionalOldSelf"] = true;
        }

        var spec = JsonNode.Parse("""
            {"type":"object","properties":{"s":{"type":"string","maxLength":50},"n":{"type":"integer"},
            "l":{"type":"array","maxItems":20,"items":{"type":"string","maxLength":20}},
            "m":{"type":"object","maxProperties":10,"additionalProperties":{"type":"string","maxLength":20}},
            "t":{"type":"string","format":"date-time"},"x":{"x-kubernetes-int-or-string":true},
            "u":{"type":"object","properties":{"a":{"type":"number"}}}}}
            """)!;
        spec["x-kubernetes-validations"] = rules;
        spec["properties"]!["l"]!["x-kubernetes-validations"] = new JsonArray(new JsonObject { ["rule"] = inner });
        return Encoding.UTF8.GetBytes(new JsonObject
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
        }.ToJsonString());
    }

    private static string Kind(string name) => char.ToUpperInvariant(name[0]) + name[1..];

    private static byte[] Item(string name, int number) => Encoding.UTF8.GetBytes($$$"""
        {"apiVersion":"{{{Group}}}/v1","kind":"{{{Kind(name)}}}","metadata":{"name":"{{{(char)('a' + number - 1)}}}"},
        "spec":{"s":"a,b","n":{{{number}}},"l":["a","b"],"m":{"k":"v"},"t":"2001-01-01T00:00:00Z","x":"5%",
        "u":{"a":1.5} } }
        """);
}
