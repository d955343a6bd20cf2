using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;
using OrleansOrchestrator.Resources.Kernel.Ownership;
using OrleansOrchestrator.Resources.Kernel.Schema;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel.Json;

/// <summary>Two models compared as they are, against the same two written and compared as JSON.</summary>
public sealed class ModelCodecTests
{
    private const int Deepest = 8;

    /// <summary>Every form of list and map that a definition can have.</summary>
    private const string Custom = """
        {"type":"object","properties":{"aFirst":{"type":"string"},"spec":{"type":"object","properties":{
        "number":{"type":"number"},"either":{"x-kubernetes-int-or-string":true},
        "plain":{"type":"object","additionalProperties":{"type":"integer"}},
        "whole":{"type":"object","x-kubernetes-map-type":"atomic","properties":{"a":{"type":"string"}}},
        "list":{"type":"array","items":{"type":"object","properties":{"a":{"type":"string"}}}},
        "set":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}},
        "keyed":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],"items":{
        "type":"object","properties":{"k":{"type":"string","default":"z"},"v":{"type":"boolean"}}}},
        "open":{"type":"object","x-kubernetes-preserve-unknown-fields":true},
        "in":{"type":"object","x-kubernetes-embedded-resource":true,"x-kubernetes-preserve-unknown-fields":true}}},
        "status":{"type":"object","x-kubernetes-preserve-unknown-fields":true,
        "properties":{"n":{"type":"integer"}}}}}
        """;

    private static readonly Type[] Models =
    [
        typeof(V1Pod), typeof(V1Node), typeof(V1Service), typeof(V1Deployment), typeof(V1StatefulSet),
        typeof(Corev1Event),
        typeof(V1Lease),
        typeof(V1EndpointSlice), typeof(V1Secret), typeof(V1ConfigMap), typeof(V1Role), typeof(V1ControllerRevision),
        typeof(V1PersistentVolume), typeof(V1Job), typeof(V2HorizontalPodAutoscaler), typeof(V1NetworkPolicy),
        typeof(V1Ingress),
        typeof(V1CustomResourceDefinition), typeof(V1APIService), typeof(V1Namespace),
    ];

    [Fact]
    public void WhatChangesIsWhatTheJsonSays()
    {
        Gen.Select(Gen.Int, Gen.Int[0, Models.Length - 1].Select(i => Models[i])).Check(
            (seed, model) =>
            {
                var random = new Random(seed);
                var schema = BuiltInSchema.Of(model);
                var (left, right) = Versions(random, model, schema);
                var type = OwnedType.Of(schema);
                using var before = TypedJson.Parse(ResourceCodec.EncodeAsStored(left));
                using var after = TypedJson.Parse(ResourceCodec.Encode(right));
                var expected = FieldChanges.Between(before.RootElement, after.RootElement, type);
                var actual = CodecTable.Model(model).ChangesBetween(left, right);
                Assert.Equal(Text(expected), Text(actual));
            },
            cases: 2000);
    }

    /// <summary>Those of kinds that definitions make are compared as they are in memory, too.</summary>
    [Fact]
    public void WhatChangesInACustomObjectIsWhatTheJsonSays()
    {
        var schema = StructuralBuilder.Build(new SchemaKind("e.com", "v1", "Thing"), JsonSchema.Parse(Custom));
        var (codec, type) = (typeof(CustomObject), OwnedType.Of(schema));
        Gen.Int.Check(
            seed =>
            {
                var (left, right) = Versions(new Random(seed), codec, schema);
                using var before = TypedJson.Parse(ResourceCodec.Encode(left));
                using var after = TypedJson.Parse(ResourceCodec.Encode(right));
                var expected = FieldChanges.Between(before.RootElement, after.RootElement, type);
                var actual = new CustomContent((CustomObject)left, schema).ChangesTo(
                    new CustomContent((CustomObject)right, schema));
                Assert.Equal(Text(expected), Text(actual));
            },
            cases: 2000);
    }

    [Fact]
    public void NothingChangesWhenNothingIsTouched()
    {
        foreach (var model in Models)
        {
            var item = Read(model, Value(new Random(1), BuiltInSchema.Of(model), 0)!);
            var same = ResourceCodec.Decode(model, ResourceCodec.EncodeAsStored(item));
            var again = ResourceCodec.Decode(model, ResourceCodec.EncodeAsStored(item));
            Assert.True(CodecTable.Model(model).ChangesBetween(same, again)!.IsEmpty);
        }
    }

    /// <summary>One that was stored, and one that somebody made of it.</summary>
    private static (object Left, object Right) Versions(Random random, Type model, ObjectSchema schema)
    {
        var first = random.Next(8) == 0 ? new JsonObject() : Value(random, schema, 0)!;
        var left = ResourceCodec.Decode(model, ResourceCodec.EncodeAsStored(Read(model, first)));
        var next = random.Next(8) == 0 ? Value(random, schema, 0)!
            : Change(random, JsonNode.Parse(ResourceCodec.Encode(left))!, schema, 0)!;
        return (left, Read(model, next));
    }

    private static object Read(Type model, JsonNode json) =>
        ResourceCodec.Read(model, JsonSerializer.SerializeToUtf8Bytes(json), new JsonDecoding());

    private static string Text(FieldChanges? changes) =>
        changes is null ? "none" : $"{changes.Added}\n--\n{changes.Modified}\n--\n{changes.Removed}";

    private static JsonNode? Value(Random random, SchemaNode node, int depth) => node switch
    {
        ObjectSchema schema => depth >= Deepest ? new JsonObject() : new JsonObject(
            schema.Fields
                .Where(f => f.Name != "managedFields" && f.Presence != FieldPresence.Unmodelled)
                .Where(_ => random.Next(depth > 2 ? 4 : 2) == 0)
                .Select(f => KeyValuePair.Create(
                    f.Name, random.Next(20) == 0 ? null : Value(random, f.Node, depth + 1)))),
        ListSchema list => new JsonArray(
            [.. Enumerable.Range(0, random.Next(4)).Select(_ => Value(random, list.Items, depth + 1))]),
        MapSchema map => new JsonObject(
            new[] { "a", "name", "k/é" }.Where(_ => random.Next(2) == 0)
                .Select(k => KeyValuePair.Create(k, Value(random, map.Values, depth + 1)))),
        ScalarSchema scalar => Scalar(random, scalar.Kind),
        _ => JsonNode.Parse(random.Next(4) switch
        {
            0 => "1", 1 => "{\"a\":[1]}", 2 => "{\"a\":1,\"b\":{}}", _ => "{\"b\":{},\"a\":1}",
        }),
    };

    private static JsonNode? Scalar(Random random, ScalarKind kind)
    {
        var which = random.Next(3);
        return kind switch
        {
            ScalarKind.Boolean => which == 0,
            ScalarKind.Int32 or ScalarKind.Int64 => which,
            ScalarKind.Double => which / 2.0,
            ScalarKind.Bytes => Convert.ToBase64String(new byte[which]),
            ScalarKind.Time => which == 0 ? null : $"2026-01-0{which}T00:00:00Z",
            ScalarKind.MicroTime => which == 0 ? null : $"2026-01-01T00:00:00.00000{which}Z",
            ScalarKind.Quantity => which == 0 ? "0" : which == 1 ? "1000m" : "1",
            ScalarKind.IntOrString => which == 0 ? 1 : which == 1 ? "1" : "25%",
            _ => which == 0 ? "" : which == 1 ? "x" : "\u00e9y",
        };
    }

    /// <summary>The value with some of its parts changed, removed or added.</summary>
    private static JsonNode? Change(Random random, JsonNode? value, SchemaNode node, int depth)
    {
        if (random.Next(12) == 0 && depth > 1)
        {
            return Value(random, node, depth);
        }

        switch (node, value)
        {
            case (ObjectSchema schema, JsonObject map):
                foreach (var field in schema.Fields.Where(f => map.ContainsKey(f.Name)))
                {
                    map[field.Name] = Change(random, map[field.Name]?.DeepClone(), field.Node, depth + 1);
                    if (random.Next(12) == 0)
                    {
                        map.Remove(field.Name);
                    }
                }

                return map;
            case (ListSchema list, JsonArray items):
                var changed = items.Select(i => Change(random, i?.DeepClone(), list.Items, depth + 1)).ToArray();
                if (random.Next(3) == 0)
                {
                    random.Shuffle(changed);
                }

                return new JsonArray(changed);
            case (MapSchema inner, JsonObject entries):
                return new JsonObject(entries.Where(_ => random.Next(6) != 0)
                    .Select(e => KeyValuePair.Create(
                        e.Key, Change(random, e.Value?.DeepClone(), inner.Values, depth + 1))));
            default:
                return random.Next(6) == 0 ? Value(random, node, depth) : value;
        }
    }
}
