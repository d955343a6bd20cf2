using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;
using OrleansOrchestrator.Resources.Kernel.Protobuf;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Golden.Fuzzing;

/// <summary>Changes that keep to the schema: there most mistakes are that no decoder finds.</summary>
internal static class KindEdits
{
    private const int Room = 60;

    /// <summary>A copy in which some values are others of their types, or are there where none was.</summary>
    public static JsonObject Grafted(JsonObject item, ObjectSchema schema, Random random)
    {
        var copy = item.DeepClone().AsObject();
        for (var grafts = random.Next(4); grafts > 0; grafts--)
        {
            Graft(copy, schema, random, new SchemaDraw(random, Room));
        }

        return copy;
    }

    /// <summary>Operations of a JSON patch, most of which lead somewhere.</summary>
    public static JsonArray Operations(JsonObject item, ObjectSchema schema, Random random)
    {
        var draw = new SchemaDraw(random, Room);
        return new JsonArray([.. Enumerable.Range(0, 1 + random.Next(4)).Select(_ =>
        {
            var (path, node) = Place(item, schema, random);
            return new JsonObject
            {
                ["op"] = draw.Pick(["add", "remove", "replace", "test", "copy", "move"]),
                ["path"] = path,
                ["from"] = Place(item, schema, random).Path,
                ["value"] = draw.Value(node),
            };
        })]);
    }

    /// <summary>What a client that speaks protobuf would send; null where it cannot.</summary>
    public static byte[]? Protobuf(JsonObject item, ResourceDefinition definition)
    {
        if (!definition.Codec.Schema.HasMessage)
        {
            return null;
        }

        var decoding = new JsonDecoding();
        var read = definition.Codec.Read(JsonSerializer.SerializeToUtf8Bytes(item), decoding);
        if (decoding.Error is not null)
        {
            return null;
        }

        var body = new System.Buffers.ArrayBufferWriter<byte>();
        new EnvelopeWriter(definition.ApiVersion, definition.Kind).Write(
            body, ProtobufEncoder.Encode(definition.Codec.Schema, ResourceCodec.Encode(read)));
        return body.WrittenSpan.ToArray();
    }

    private static void Graft(JsonObject map, ObjectSchema schema, Random random, SchemaDraw draw)
    {
        var field = Choose(schema, random);
        if (random.Next(4) > 0 && Below(map[field.Name], field.Node, random) is { } below)
        {
            Graft(below.Map, below.Schema, random, draw);
        }
        else if (field.Name == "metadata" && map[field.Name] is not null)
        {
            return; // an object without a name is refused before anybody looks
        }
        else if (map[field.Name] is JsonArray list && field.Node is ListSchema { Items: var items })
        {
            list.Insert(random.Next(list.Count + 1), draw.Value(items));
        }
        else
        {
            map[field.Name] = draw.Value(field.Node);
        }
    }

    /// <summary>A field and the way to it as JSON patches write it.</summary>
    private static (string Path, SchemaNode Node) Place(JsonObject map, ObjectSchema schema, Random random)
    {
        var field = Choose(schema, random);
        var path = $"/{field.Name}";
        if (random.Next(4) > 0 && Below(map[field.Name], field.Node, random) is { } below)
        {
            var (rest, node) = Place(below.Map, below.Schema, random);
            return ($"{path}{below.Step}{rest}", node);
        }

        return field.Node is ListSchema list && random.Next(2) == 0 ? ($"{path}/-", list.Items) : (path, field.Node);
    }

    private static SchemaField Choose(ObjectSchema schema, Random random) => schema.Fields.Count == 0
        ? new SchemaField("x", ScalarSchema.Of(ScalarKind.String), FieldPresence.Always)
        : schema.Fields[random.Next(schema.Fields.Count)];

    private static (JsonObject Map, ObjectSchema Schema, string Step)? Below(
        JsonNode? value, SchemaNode node, Random random) => (value, node) switch
    {
        (JsonObject map, ObjectSchema schema) => (map, schema, ""),
        (JsonArray { Count: > 0 } list, ListSchema { Items: ObjectSchema schema })
            when random.Next(list.Count) is var at && list[at] is JsonObject map => (map, schema, $"/{at}"),
        _ => null,
    };
}
