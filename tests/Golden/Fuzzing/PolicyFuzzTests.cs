using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Resources.AdmissionRegistration.Expressions;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Golden.Fuzzing;

/// <summary>
/// Policies that a fuzzer wrote, of both kinds: most are kept, and then judge and change what is written, or fail at
/// it. Nothing is answered with 5xx, and what no policy is for is written.
/// </summary>
public sealed class PolicyFuzzTests(ExpressionFuzzServer server) : IClassFixture<ExpressionFuzzServer>
{
    private const int Policies = 60;
    private const string Json = "application/json";
    private const string Admission = "/apis/admissionregistration.k8s.io/v1";
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";
    private const string Validating = "validatingadmissionpolic";
    private const string Mutating = "mutatingadmissionpolic";

    /// <summary>What conditions see.</summary>
    private static readonly (string Type, string[] Texts)[] OfWrite =
    [
        (TypedForms.Bool,
        [
            "has(object.data)", "oldObject == null", "request.dryRun", "has(object.metadata.labels.fuzz)",
        ]),
        (TypedForms.Int, ["object.data.size()", "int(object.data.n)"]),
        (TypedForms.Text, ["object.data.k", "object.metadata.name", "request.operation", "request.userInfo.username"]),
        (TypedForms.Texts, ["request.userInfo.groups"]),
        (TypedForms.Map, ["object.data", "namespaceObject.metadata.labels", "oldObject.data"]),
        (TypedForms.Time, ["timestamp(object.metadata.creationTimestamp)"]),
    ];

    private static readonly (string Type, string[] Texts)[] OfParams =
    [
        (TypedForms.Bool, ["params == null"]), (TypedForms.Text, ["params.data.p"]), (TypedForms.Map, ["params.data"]),
    ];

    private static readonly (string Type, string[] Texts)[] OfVariables =
        [(TypedForms.Text, ["variables.v"]), (TypedForms.Int, ["variables.w"])];

    private static readonly (string Type, string[] Texts)[] OfAuthorizer =
    [
        (TypedForms.Bool,
        [
            "authorizer.group('').resource('pods').namespace('a').check('get').allowed()",
            "authorizer.serviceAccount('default', 'a').path('/healthz').check('get').errored()",
        ]),
        (TypedForms.Text, ["authorizer.requestResource.check('create').reason()"]),
    ];

    private static readonly TypedExpressions Condition = new(3, [.. OfWrite, .. OfAuthorizer]);
    private static readonly TypedExpressions Variable = new(3, [.. OfWrite, .. OfParams]);
    private static readonly TypedExpressions Message = new(3, [.. OfWrite, .. OfParams, .. OfVariables]);
    private static readonly TypedExpressions Any =
        new(3, [.. OfWrite, .. OfParams, .. OfVariables, .. OfAuthorizer]);

    private readonly ConcurrentQueue<string> _reasons = [];
    private int _count;
    private int _whole;
    private int _kept;
    private int _written;
    private int _refused;

    [Fact]
    public async Task Policies_are_refused_or_kept()
    {
        await server.CheckAsync(new FuzzRequest(
            "POST", ConfigMaps, Json, """{"metadata":{"name":"params"},"data":{"p":"a"}}"""u8.ToArray()));
        var drawn = Gen.Select(
            Gen.Select(Condition.Of(TypedForms.Bool), Gen.Int[0, 2]).Select(static (c, n) => n == 0 ? c : "true"),
            Gen.Select(Variable.Of(TypedForms.Text), Variable.Of(TypedForms.Int)),
            Gen.Select(Any.Of(TypedForms.Bool), Any.Of(TypedForms.Text), Message.Of(TypedForms.Text)),
            Gen.OneOf("Fail", "Ignore"),
            Gen.Select(Gen.Int[0, 4], Edits.Some).Select(static (n, edits) => n == 0 ? edits : []));
        await drawn.Select(static d => new Drawn(
                d.Item1, d.Item2.Item1, d.Item2.Item2, Broken(d.Item3.Item1, d.Item5), d.Item3.Item2, d.Item3.Item3,
                d.Item4, d.Item5.Length == 0))
            .CheckAsync(TryAsync, Policies, threads: 2);
        var told = string.Create(
            CultureInfo.InvariantCulture,
            $"Of {_whole} whole policies {_kept} were kept; {_written} writes went through, {_refused} did not.");
        TestContext.Current.TestOutputHelper?.WriteLine($"{told} Not:\n{string.Join('\n', _reasons)}");
        Assert.True(_kept > _whole / 2 && _written > _kept / 4 && _refused > _kept / 4, told);
    }

    private async Task TryAsync(Drawn drawn)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"policy{Interlocked.Increment(ref _count)}");
        await MakeAsync(Validating, name, Judging(drawn, name), drawn.IsWhole);
        await MakeAsync(Mutating, name, Changing(drawn, name), drawn.IsWhole);
        await server.KnownAsync(
            $"{Validating}ies", $"{Validating}ybindings", $"{Mutating}ies", $"{Mutating}ybindings");
        await CountAsync(new FuzzRequest("POST", ConfigMaps, Json, ConfigMap(name, isMeant: true)));
        await CountAsync(new FuzzRequest("POST", ConfigMaps, Json, ConfigMap($"{name}-plain", isMeant: false)));
        await CountAsync(new FuzzRequest(
            "PATCH", $"{ConfigMaps}/{name}-plain", "application/merge-patch+json",
            Encoding.UTF8.GetBytes($$$"""{"metadata":{"labels":{"fuzz":"{{{name}}}"}},"data":{"k":"a,b"}}""")));
        foreach (var kind in (string[])[Validating, Mutating])
        {
            await server.CheckAsync(new FuzzRequest("DELETE", $"{Admission}/{kind}ybindings/{name}", Json, []));
            await server.CheckAsync(new FuzzRequest("DELETE", $"{Admission}/{kind}ies/{name}", Json, []));
        }
    }

    private async Task MakeAsync(string kind, string name, JsonObject spec, bool isWhole)
    {
        var made = await server.CheckAsync(new FuzzRequest("POST", $"{Admission}/{kind}ies", Json, Bytes(name, spec)));
        if (isWhole)
        {
            Interlocked.Increment(ref _whole);
            _ = made.Status == 201 ? Interlocked.Increment(ref _kept) : 0;
        }

        if (made.Status != 201)
        {
            _reasons.Enqueue(Encoding.UTF8.GetString(made.Body));
        }

        if (made.Status == 201 && kind == Validating)
        {
            // What its controller asks: whether the expressions fit the kinds that the policy is for.
            _ = PolicyTypeChecker.Check(
                ResourceCodec.Decode<V1ValidatingAdmissionPolicy>(made.Body).Spec, server.Table);
        }

        await server.CheckAsync(
            new FuzzRequest("POST", $"{Admission}/{kind}ybindings", Json, Bytes(name, Binding(name, kind))));
    }

    /// <summary>What no policy is for goes through; the others do or do not.</summary>
    private async Task CountAsync(FuzzRequest request)
    {
        var answer = await server.CheckAsync(request);
        if (answer.Status is 200 or 201)
        {
            Interlocked.Increment(ref _written);
            return;
        }

        Assert.False(
            Encoding.UTF8.GetString(request.Body).Contains("-plain", StringComparison.Ordinal),
            Encoding.UTF8.GetString(answer.Body));
        Interlocked.Increment(ref _refused);
    }

    private static JsonObject Judging(Drawn drawn, string name) => new(
    [
        .. Head(drawn, name),
        new("validations", new JsonArray(new JsonObject
        {
            ["expression"] = drawn.Validation, ["messageExpression"] = $"string({drawn.Message})",
        })),
        new("auditAnnotations", new JsonArray(new JsonObject
        {
            ["key"] = "a", ["valueExpression"] = $"string({drawn.Text})",
        })),
    ]);

    private static JsonObject Changing(Drawn drawn, string name) => new(
    [
        .. Head(drawn, name),
        new("reinvocationPolicy", "IfNeeded"),
        new("mutations", new JsonArray(
            new JsonObject
            {
                ["patchType"] = "ApplyConfiguration",
                ["applyConfiguration"] = new JsonObject
                {
                    ["expression"] = $"Object{{data: {{'p': string({drawn.Text}), "
                        + $"?'q': optional.ofNonZeroValue({drawn.Message})}}}}",
                },
            },
            new JsonObject
            {
                ["patchType"] = "JSONPatch",
                ["jsonPatch"] = new JsonObject
                {
                    ["expression"] = $"{drawn.Validation} "
                        + $"? [JSONPatch{{op: 'add', path: '/data/r', value: string({drawn.Message})}}] "
                        + $": [JSONPatch{{op: 'test', path: '/data/' + jsonpatch.escapeKey({drawn.Text}), "
                        + "value: 'v'}]",
                },
            })),
    ]);

    private static IEnumerable<KeyValuePair<string, JsonNode?>> Head(Drawn drawn, string name) =>
    [
        new("failurePolicy", drawn.Failure),
        new("paramKind", new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ConfigMap" }),
        new("matchConstraints", new JsonObject
        {
            ["objectSelector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["fuzz"] = name } },
            ["resourceRules"] = new JsonArray(new JsonObject
            {
                ["apiGroups"] = new JsonArray(""), ["apiVersions"] = new JsonArray("v1"),
                ["operations"] = new JsonArray("CREATE", "UPDATE"), ["resources"] = new JsonArray("configmaps"),
            }),
        }),
        new("matchConditions", new JsonArray(new JsonObject { ["name"] = "c", ["expression"] = drawn.Condition })),
        new("variables", new JsonArray(
            new JsonObject { ["name"] = "v", ["expression"] = $"string({drawn.TextVariable})" },
            new JsonObject { ["name"] = "w", ["expression"] = $"int({drawn.NumberVariable})" })),
    ];

    private static JsonObject Binding(string name, string kind)
    {
        var binding = new JsonObject
        {
            ["policyName"] = name,
            ["paramRef"] = new JsonObject
            {
                ["name"] = "params", ["namespace"] = "default", ["parameterNotFoundAction"] = "Allow",
            },
        };
        if (kind == Validating)
        {
            binding["validationActions"] = new JsonArray("Deny", "Audit");
        }

        return binding;
    }

    private static byte[] Bytes(string name, JsonObject spec) => Encoding.UTF8.GetBytes(
        new JsonObject { ["metadata"] = new JsonObject { ["name"] = name }, ["spec"] = spec }
            .ToJsonString(GoldenJson.Relaxed));

    private static byte[] ConfigMap(string name, bool isMeant) => Encoding.UTF8.GetBytes(new JsonObject
    {
        ["metadata"] = new JsonObject
        {
            ["name"] = name, ["labels"] = isMeant ? new JsonObject { ["fuzz"] = name } : null,
        },
        ["data"] = new JsonObject { ["k"] = "v", ["n"] = "1" },
    }.ToJsonString());

    private static string Broken(string text, Edit[] edits) => edits.Length == 0
        ? text
        : Encoding.UTF8.GetString(Edits.InBytes(Encoding.UTF8.GetBytes(text), edits));

    /// <summary>What a fuzzer has put together.</summary>
    private sealed record Drawn(
        string Condition, string TextVariable, string NumberVariable, string Validation, string Text, string Message,
        string Failure, bool IsWhole);
}
