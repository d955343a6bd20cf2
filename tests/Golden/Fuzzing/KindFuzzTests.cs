using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Schema;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Golden.Fuzzing;

/// <summary>
/// Objects of every kind, in every encoding, and patches of them, that began as good ones: there is an answer, it is
/// below 500, and time and memory stay bounded. Which kinds there are the server's own catalogue says, so that none is
/// forgotten that comes.
/// </summary>
public sealed class KindFuzzTests(KindFuzzServer server) : IClassFixture<KindFuzzServer>
{
    private const int RequestsOfEach = 20;

    private const string Json = "application/json";

    private const string Protobuf = "application/vnd.kubernetes.protobuf";

    private static readonly string?[] Accepts =
        [null, "application/yaml", Protobuf, "application/json;as=Table;v=v1;g=meta.k8s.io"];

    private static readonly string[] Validations = ["Ignore", "Warn", "Strict"];

    private static readonly JsonObject Nothing = new() { ["metadata"] = new JsonObject { ["name"] = "x" } };

    [Fact]
    public void Every_kind_has_an_object_to_begin_with() => Assert.DoesNotContain(
        server.Targets,
        static t => t.Existing is null && !t.Definition.Of.IsVirtual && t.Definition.Of.CreationRefusal is null);

    [Fact]
    public Task New_objects_of_every_kind() => FuzzAsync(static (target, random, edits) =>
    {
        var item = Begin(target, random);
        if (random.Next(2) == 0 && item["metadata"] is JsonObject metadata)
        {
            metadata["name"] = "new";
        }

        var (type, body) = Encoded(target.Definition, item, random, edits);
        return new FuzzRequest("POST", $"{target.Collection}?{Query(random)}", type, body);
    });

    [Fact]
    public Task Updates_of_every_kind() => FuzzAsync(static (target, random, edits) =>
    {
        var (type, body) = Encoded(target.Definition, Begin(target, random), random, edits);
        return new FuzzRequest("PUT", $"{Place(target, random)}?{Query(random)}", type, body);
    });

    [Fact]
    public Task Patches_of_every_kind() => FuzzAsync(static (target, random, edits) =>
    {
        var (schema, how) = (target.Definition.Codec.Schema, random.Next(4));
        var (type, patch) = how switch
        {
            0 => (
                "application/json-patch+json",
                (JsonNode)KindEdits.Operations(target.Existing ?? Nothing, schema, random)),
            1 => ("application/merge-patch+json", Part(target, schema, random)),
            2 => ("application/strategic-merge-patch+json", Part(target, schema, random)),
            _ => ("application/apply-patch+yaml", Begin(target, random)),
        };
        var force = how == 3 ? "&force=true&fieldManager=f" : "";
        return new FuzzRequest(
            "PATCH", $"{Place(target, random)}?{Query(random)}{force}", type, Broken(patch, random, edits));
    });

    [Fact]
    public Task What_is_created_below_every_kind() => FuzzAsync((target, random, edits) =>
    {
        var below = Created(target.Definition);
        if (below.Count == 0)
        {
            return null;
        }

        var (name, schema) = below[random.Next(below.Count)];
        var drawn = new SchemaDraw(random, 40).Value(schema) ?? new JsonObject();
        return new FuzzRequest(
            "POST", $"{target.Object}/{name}?{Query(random)}", Json, Broken(drawn, random, edits));
    });

    /// <summary>The kinds that are posted to subresources; those of streams have no body.</summary>
    private static List<(string Name, ObjectSchema Schema)> Created(ResourceDefinition definition) =>
    [
        .. from sub in definition.Subresources
           where sub.Verbs.Contains("create") && sub.Kind is not null
           let schema = BuiltInSchema.Find(new SchemaKind(
               sub.Group ?? definition.Name.Group, sub.Version ?? definition.Version, sub.Kind!))
           where schema is not null
           select (sub.Name, schema),
    ];

    /// <summary>A good object, or the one that is there, with other values of the same types here and there.</summary>
    private static JsonObject Begin(KindTarget target, Random random)
    {
        var schema = target.Definition.Codec.Schema;
        var item = target.Existing is not null && random.Next(2) == 0 ? target.Existing
            : target.Seeds.Count > 0 ? target.Seeds[random.Next(target.Seeds.Count)]
            : new SchemaDraw(random, 60).Value(schema) as JsonObject ?? [];
        return KindEdits.Grafted(item, schema, random);
    }

    /// <summary>Some fields of an object.</summary>
    private static JsonObject Part(KindTarget target, ObjectSchema schema, Random random)
    {
        var whole = KindEdits.Grafted(target.Existing ?? Nothing, schema, random);
        foreach (var name in whole.Select(static f => f.Key).Where(_ => random.Next(3) == 0).ToList())
        {
            whole.Remove(name);
        }

        return whole;
    }

    /// <summary>The object, or one of its parts or forms.</summary>
    private static string Place(KindTarget target, Random random)
    {
        var parts = target.Definition.Subresources.Where(static s => s.Verbs.Contains("update")).ToList();
        return parts.Count > 0 && random.Next(3) == 0
            ? $"{target.Object}/{parts[random.Next(parts.Count)].Name}"
            : target.Object;
    }

    private static string Query(Random random) =>
        $"dryRun=All&fieldValidation={Validations[random.Next(Validations.Length)]}";

    private static (string Type, byte[] Body) Encoded(
        ResourceDefinition definition, JsonObject item, Random random, Edit[] edits)
    {
        var how = random.Next(4);
        if (how == 0 && KindEdits.Protobuf(item, definition) is { } message)
        {
            return (Protobuf, random.Next(2) == 0 ? Edits.InBytes(message, edits) : message);
        }

        return (how == 1 ? "application/yaml" : Json, Broken(item, random, edits));
    }

    /// <summary>Half of them stay whole, and meet the rules behind the decoder.</summary>
    private static byte[] Broken(JsonNode item, Random random, Edit[] edits)
    {
        var bytes = Encoding.UTF8.GetBytes(item.ToJsonString(GoldenJson.Relaxed));
        return random.Next(6) switch
        {
            0 => Edits.InBytes(bytes, edits),
            1 or 2 => Edits.InStructure(bytes, edits),
            _ => bytes,
        };
    }

    private Task FuzzAsync(Func<KindTarget, Random, Edit[], FuzzRequest?> make) =>
        Gen.Select(Gen.Int[0, server.Targets.Count - 1], Gen.Int[0, int.MaxValue], Edits.Some).CheckAsync(
            async drawn =>
            {
                var random = new Random(drawn.Item2);
                if (make(server.Targets[drawn.Item1], random, drawn.Item3) is { } request)
                {
                    await server.CheckAsync(request with { Accept = Accepts[random.Next(Accepts.Length)] });
                }
            },
            cases: server.Targets.Count * RequestsOfEach,
            threads: 1);
}
