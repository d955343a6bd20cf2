using System.Diagnostics;
using System.Text.Json.Nodes;
using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Api.Patch;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel.Schema;
using OrleansOrchestrator.SeedKit;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Patch;

/// <summary>
/// Strategic merges of lists whose merge key repeats: a Service has port 53 twice, for UDP and TCP. Upstream patches
/// the first element with the key, and leaves elements with one key side by side.
/// </summary>
public sealed class RepeatedKeysTests
{
    /// <summary>How many patches a run compares with kubectl's: each is a process.</summary>
    private const int Comparisons = 25;

    /// <summary>The name of an element, and a patch's value for it; a null value deletes all of the name.</summary>
    private static readonly Gen<(string Name, string? Value)[]> Elements =
        Gen.Select(Gen.OneOf("a", "b", "c"), Gen.OneOf<string?>("1", "2", "3", null), (n, v) => (n, v)).Array[0, 4];

    private static readonly Gen<(string[] Original, (string Name, string? Value)[] Patch, string[]? Order)> Cases =
        Gen.Select(
        Gen.OneOf("a", "b", "c").Array[1, 5], Elements, Gen.OneOf("a", "b", "c").Array[0, 3], Gen.Bool, Case);

    [Theory]
    [InlineData(typeof(V1Service),
        """{"spec":{"ports":[{"port":53,"protocol":"UDP","targetPort":53},{"port":53,"protocol":"TCP","targetPort":53}]}}""",
        """{"spec":{"$setElementOrder/ports":[{"port":53},{"port":53}],"ports":[{"port":53,"targetPort":5354},{"port":53,"targetPort":5355}]}}""",
        """{"spec":{"ports":[{"port":53,"protocol":"UDP","targetPort":5355},{"port":53,"protocol":"TCP","targetPort":53}]}}""")]
    [InlineData(typeof(V1Container),
        """{"ports":[{"containerPort":1,"protocol":"TCP"},{"containerPort":1,"protocol":"UDP"}]}""",
        """{"$setElementOrder/ports":[{"containerPort":1},{"containerPort":1}],"ports":[{"containerPort":1,"name":"n"}]}""",
        """{"ports":[{"containerPort":1,"protocol":"TCP","name":"n"},{"containerPort":1,"protocol":"UDP"}]}""")]
    [InlineData(typeof(V1Container),
        """{"env":[{"name":"A","value":"1"},{"name":"B","value":"2"},{"name":"A","value":"3"}]}""",
        """{"$setElementOrder/env":[{"name":"A"},{"name":"B"},{"name":"A"}],"env":[{"name":"A","value":"x"}]}""",
        """{"env":[{"name":"A","value":"x"},{"name":"A","value":"3"},{"name":"B","value":"2"}]}""")]
    [InlineData(typeof(V1Container),
        """{"env":[{"name":"A","value":"1"},{"name":"B"},{"name":"A","value":"3"}]}""", """{"env":[{"name":"A","$patch":"delete"}]}""",
        """{"env":[{"name":"B"}]}""")]
    [InlineData(typeof(V1Container),
        """{"env":[{"name":"B"}]}""", """{"env":[{"name":"A","value":"1"},{"$patch":"replace"},{"name":"B"},{"name":"A","value":"2"}]}""",
        """{"env":[{"name":"A","value":"1"},{"name":"A","value":"2"},{"name":"B"}]}""")]
    [InlineData(typeof(V1Container),
        """{"env":[{"name":"A","value":"1"},{"name":"A","value":"2"}]}""", """{"env":[{"name":"A","$retainKeys":["name"]}]}""",
        """{"env":[{"name":"A"},{"name":"A","value":"2"}]}""")]
    [InlineData(typeof(V1Pod),
        """{"metadata":{"finalizers":["a","b","c"]}}""",
        """{"metadata":{"$deleteFromPrimitiveList/finalizers":["b","b"],"$setElementOrder/finalizers":["c","a","a"]}}""",
        """{"metadata":{"finalizers":["c","a"]}}""")]
    [InlineData(typeof(V1Container),
        """{"args":["a","b"]}""", """{"$deleteFromPrimitiveList/args":["a"]}""", """{"args":["b"]}""")]
    [InlineData(typeof(V1PodSpec),
        """{"containers":[{"name":"old"},{"name":"sidecar"}]}""",
        """{"$setElementOrder/containers":[{"name":"new"}],"containers":[{"name":"new"},{"name":"old","$patch":"delete"}]}""",
        """{"containers":[{"name":"sidecar"},{"name":"new"}]}""")]
    public void TheFirstOneIsMeant(Type model, string document, string patch, string expected) =>
        Assert.Equal(JsonNode.Parse(expected)!.ToJsonString(), Apply(model, document, patch).Required.ToJsonString());

    [Theory]
    [InlineData("""{"env":[{"value":"x","n":{"b":[1,true,null],"a":1.50}}]}""", 500,
        "map: map[n:map[a:1.5 b:[1 true <nil>]] value:x] does not contain declared merge key: name")]
    [InlineData("""{"env":[{"$patch":"delete"}]}""", 500, "map: map[$patch:delete] does not contain declared merge key: name")]
    [InlineData("""{"env":[{"name":"a","$patch":"frob"}]}""", 500, "unknown patch type: frob in map: map[$patch:frob name:a]")]
    [InlineData("""{"resources":{"$patch":7}}""", 500, "unknown patch type: %!s(int64=7) in map: map[$patch:7]")]
    [InlineData("""{"resources":{"$patch":null,"x":1e21}}""", 500, "unknown patch type: %!s(<nil>) in map: map[$patch:<nil> x:1e+21]")]
    [InlineData("""{"env":[{"$patch":"merge"}]}""", 500, "merging lists cannot yet be specified in the patch")]
    [InlineData("""{"env":["a"]}""", 500, "list element types are not identical: [[map[name:A]] [a]]")]
    [InlineData("""{"env":[["a"]]}""", 500, "list element types are not identical: [[map[name:A]] [[a]]]")]
    [InlineData("""{"$setElementOrder/env":"A","env":[]}""", 500, "expected a []interface {}, but received a string")]
    [InlineData("""{"$setElementOrder/env":["A"],"env":[{"name":"A"}]}""", 500, "expected a map[string]interface {}, but received a string")]
    [InlineData("""{"$setElementOrder/env":[{"name":"B"},{"name":"A"}],"env":[{"name":"A"},{"name":"B"}]}""", 500,
        "The order in patch list:\n[map[name:A] map[name:B]]\n doesn't match $setElementOrder list:\n[map[name:B] map[name:A]]\n")]
    [InlineData("""{"$setElementOrder/env":[{"name":"A"}],"env":[{"name":"A"},{"name":"A"}]}""", 500,
        "The order in patch list:\n[map[name:A] map[name:A]]\n doesn't match $setElementOrder list:\n[map[name:A]]\n")]
    [InlineData("""{"resources":{"$retainKeys":["a"],"b":1}}""", 400, "invalid patch format of retainKeys")]
    [InlineData("""{"resources":{"$retainKeys":"a"}}""", 400, "invalid patch format of retainKeys")]
    [InlineData("""{"$setElementOrder":[{"name":"A"}]}""", 400, "invalid patch format of setElementOrder list")]
    [InlineData("""{"$deleteFromPrimitiveList":["A"]}""", 400, "invalid patch format of primitive list")]
    public void NonsenseIsRefusedInGosWords(string patch, int code, string message)
    {
        var refusal = Apply(typeof(V1Container), """{"env":[{"name":"A"}],"resources":{"limits":{}}}""", patch).Error;
        Assert.Equal((code, message), (refusal!.Code, refusal.Message));
    }

    [Fact]
    public void MergesAsTheModelDoes() => Cases.Check(c =>
    {
        var merged = Apply(typeof(V1Container), Document(c.Original), Patch(c.Patch, c.Order))
            .Required["env"]!.AsArray();
        Assert.Equal(Model(c.Original, c.Patch, c.Order), merged.Select(e => $"{e!["name"]}={e["value"]}"));
    });

    /// <summary>Upstream's own code, as it is in kubectl; skipped where the machine has none.</summary>
    [Fact]
    public async Task MergesAsKubectlDoes()
    {
        var folder = Environment.GetEnvironmentVariable("ORC_TOOLS") ??
            Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache/orc/tools");
        var kubectl = Path.Combine(folder, "kubectl");
        Assert.SkipUnless(File.Exists(kubectl), "no kubectl on this machine");
        await Cases.CheckAsync(
            async c =>
            {
                var (document, change) = (Document(c.Original), Patch(c.Patch, c.Order));
                var theirs = await RunAsync(kubectl, document, change);
                var ours = Apply(typeof(V1Container), document, change).Required["env"]!.AsArray();
                Assert.Equal(
                    (change, theirs), (change, string.Join(' ', ours.Select(e => $"{e!["name"]}={e["value"]}"))));
            },
            cases: Comparisons, threads: 1);
    }

    private static (string[] Original, (string Name, string? Value)[] Patch, string[]? Order) Case(
        string[] original, (string Name, string? Value)[] patch, string[] others, bool isOrdered)
    {
        // The order has to name what the patch names, in its order; others may stand anywhere.
        string[] order =
            [.. others.Take(1), .. patch.Where(p => p.Value is not null).Select(p => p.Name), .. others.Skip(1)];
        return (original, patch, isOrdered ? order : null);
    }

    private static string Document(string[] names) => new JsonObject
    {
        ["env"] = new JsonArray([.. names.Select((n, i) => new JsonObject { ["name"] = n, ["value"] = $"old{i}" })]),
    }.ToJsonString();

    private static string Patch((string Name, string? Value)[] elements, string[]? order)
    {
        var patch = new JsonObject();
        if (order is not null)
        {
            patch["$setElementOrder/env"] = new JsonArray([.. order.Select(n => new JsonObject { ["name"] = n })]);
        }

        patch["env"] = new JsonArray([.. elements.Select(e => e.Value is { } value
            ? new JsonObject { ["name"] = e.Name, ["value"] = value }
            : new JsonObject { ["name"] = e.Name, ["$patch"] = "delete" })]);
        return patch.ToJsonString();
    }

    private static Outcome<JsonObject> Apply(Type model, string document, string patch) => StrategicMergePatch.Apply(
        JsonNode.Parse(document)!.AsObject(), JsonNode.Parse(patch)!.AsObject(), BuiltInSchema.Of(model));

    /// <summary>The rules, one after the other, without an eye to speed.</summary>
    private static List<string> Model(string[] original, (string Name, string? Value)[] patch, string[]? order)
    {
        var gone = patch.Where(p => p.Value is null).Select(p => p.Name).ToList();
        var changes = patch.Where(p => p.Value is not null).ToList();
        var kept = original.Select((n, i) => (Name: n, Value: $"old{i}")).Where(e => !gone.Contains(e.Name)).ToList();
        var merged = kept.ToList();
        foreach (var (name, value) in changes)
        {
            var at = merged.FindIndex(e => e.Name == name);
            if (at >= 0)
            {
                merged[at] = (name, value!);
            }
            else
            {
                merged.Add((name, value!));
            }
        }

        var seen = merged.Take(original.Length).Select(e => e.Name).ToList();
        var sorted = Sort(merged, changes.ConvertAll(c => c.Name), kept.ConvertAll(e => e.Name));
        return (order is null ? sorted : Sort(sorted, [.. order], seen)).ConvertAll(e => $"{e.Name}={e.Value}");
    }

    private static List<(string Name, string Value)> Sort(
        List<(string Name, string Value)> items, List<string> wanted, List<string> before)
    {
        var named = items.Where(i => wanted.Contains(i.Name)).OrderBy(i => wanted.IndexOf(i.Name)).ToList();
        var result = new List<(string Name, string Value)>();
        foreach (var other in items.Where(i => !wanted.Contains(i.Name)).OrderBy(i => before.IndexOf(i.Name)))
        {
            while (named.Count > 0
                && !(before.Contains(named[0].Name) && before.IndexOf(other.Name) < before.IndexOf(named[0].Name)))
            {
                result.Add(named[0]);
                named.RemoveAt(0);
            }

            result.Add(other);
        }

        return [.. result, .. named];
    }

    private static async Task<string> RunAsync(string kubectl, string container, string change)
    {
        var pod = JsonNode.Parse("""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}""")!;
        pod["spec"]!["containers"]![0]!["env"] = JsonNode.Parse(container)!["env"]!.DeepClone();
        var inner = JsonNode.Parse(change)!.AsObject();
        inner["name"] = "c";
        var patch = new JsonObject { ["spec"] = new JsonObject { ["containers"] = new JsonArray(inner) } };
        using var process = Process.Start(
            new ProcessStartInfo(kubectl, ["patch", "--local", "-f", "-", "-p", patch.ToJsonString(), "-o", "json"])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        })!;
        await process.StandardInput.WriteAsync(pod.ToJsonString());
        process.StandardInput.Close();
        var json = await process.StandardOutput.RestAsync();
        await process.EndedAsync();
        var env = JsonNode.Parse(json)!["spec"]!["containers"]![0]!["env"]?.AsArray() ?? [];
        return string.Join(' ', env.Select(e => $"{e!["name"]}={e["value"]}"));
    }
}
