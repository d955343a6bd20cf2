using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Resources.Tests.Kernel.Ownership;

/// <summary>
/// A random schema, in the form of this repository and in upstream's, and random writes of objects that fit it.
/// </summary>
internal sealed class RandomStory
{
    private const int MaxDepth = 3;

    private readonly Random _random;
    private readonly List<string> _types = [];
    private readonly List<ObjectSchema> _objects = [];

    public RandomStory(int seed)
    {
        _random = new Random(seed);
        Root = Object(0, isAtomic: false, key: null);
        Ignored = Chance(3) ? new JsonObject { [$"f:f{_random.Next(4)}"] = new JsonObject() } : null;
        var live = (JsonNode)new JsonObject();
        for (var i = 0; i < 8; i++)
        {
            var apply = Chance(2);
            var item = apply ? Value(Root, 0)! : Change(live.DeepClone(), Root, 0)!;
            Steps.Add(new Step(apply ? Pick("a1", "a2", "a3") : Pick("u1", "u2"), apply, apply && Chance(3), item));
            live = item;
        }
    }

    public ObjectSchema Root { get; }

    /// <summary>Upstream's form.</summary>
    public string Yaml => $"types:\n{string.Concat(_types)}{UntypedYaml}";

    /// <summary>Fields that no write owns.</summary>
    public JsonNode? Ignored { get; }

    public List<Step> Steps { get; } = [];

    private static string UntypedYaml =>
        """
        - name: __untyped_atomic_
          scalar: untyped
          list:
            elementType:
              namedType: __untyped_atomic_
            elementRelationship: atomic
          map:
            elementType:
              namedType: __untyped_atomic_
            elementRelationship: atomic
        - name: __untyped_deduced_
          scalar: untyped
          list:
            elementType:
              namedType: __untyped_atomic_
            elementRelationship: atomic
          map:
            elementType:
              namedType: __untyped_deduced_
            elementRelationship: separable

        """;

    private bool Chance(int oneIn) => _random.Next(oneIn) == 0;

    private T Pick<T>(params ReadOnlySpan<T> of) => of[_random.Next(of.Length)];

    private ObjectSchema Object(int depth, bool isAtomic, string[]? key)
    {
        var name = depth == 0 ? "t" : $"t{_objects.Count}";
        var schema = new ObjectSchema { Name = name, IsAtomic = isAtomic };
        _objects.Add(schema);
        var fields = new List<SchemaField>();
        var yaml = $"- name: {name}\n  map:\n{(isAtomic ? "    elementRelationship: atomic\n" : "")}    fields:\n";
        foreach (var (field, place) in (key ?? []).Concat(["f0", "f1", "f2", "f3"]).Select((f, i) => (f, i)))
        {
            var isKey = key is not null && place < key.Length;
            var (node, type) = isKey ? Scalar(ScalarKind.String) : Node(depth + 1);
            var isDefaulted = isKey && place > 0;
            fields.Add(new SchemaField(field, node, FieldPresence.Pointer) { Default = isDefaulted ? "d" : null });
            yaml += $"    - name: {field}\n      type:\n{Indent(type, 8)}"
                + (isDefaulted ? "      default: d\n" : "");
        }

        schema.Complete(fields);
        _types.Add(yaml);
        return schema;
    }

    private (SchemaNode Node, string Yaml) Node(int depth)
    {
        switch (_random.Next(depth >= MaxDepth ? 6 : 12))
        {
            case 0: return Scalar(ScalarKind.String);
            case 1: return Scalar(ScalarKind.Int64);
            case 2: return Scalar(ScalarKind.Boolean);
            case 3: return Scalar(ScalarKind.Quantity);
            case 4:
                var kind = Pick(ScalarKind.String, ScalarKind.Int64);
                return (new ListSchema(ScalarSchema.Of(kind), Topology.Set, []),
                    $"list:\n  elementRelationship: associative\n  elementType:\n{Indent(Scalar(kind).Yaml, 4)}");
            case 5:
                return Chance(2)
                    ? (new AnySchema("io.k8s.apimachinery.pkg.runtime.RawExtension"), "namedType: __untyped_atomic_\n")
                    : (new AnySchema("any"), "namedType: __untyped_deduced_\n");
            case 6:
            case 7:
                var keys = Chance(2) ? new[] { "k" } : ["k", "l"];
                var element = Object(depth, isAtomic: Chance(6), keys);
                return (new ListSchema(element, Topology.Keyed, keys),
                    "list:\n  elementRelationship: associative\n  keys:\n"
                    + string.Concat(keys.Select(k => $"  - {k}\n"))
                    + $"  elementType:\n    namedType: {element.Name}\n");
            case 8:
                var (items, itemYaml) = Node(depth + 1);
                return (new ListSchema(items, Topology.Atomic, []),
                    $"list:\n  elementRelationship: atomic\n  elementType:\n{Indent(itemYaml, 4)}");
            case 9:
                var (values, valueYaml) = Node(depth + 1);
                var isAtomic = Chance(3);
                return (new MapSchema(values, isAtomic ? Topology.Atomic : Topology.Granular),
                    $"map:\n  elementRelationship: {(isAtomic ? "atomic" : "separable")}\n"
                    + $"  elementType:\n{Indent(valueYaml, 4)}");
            default:
                var target = Object(depth, isAtomic: Chance(5), key: null);
                return (target, $"namedType: {target.Name}\n");
        }
    }

    private static (SchemaNode Node, string Yaml) Scalar(ScalarKind kind) => (ScalarSchema.Of(kind), kind switch
    {
        ScalarKind.String => "scalar: string\n",
        ScalarKind.Int64 => "scalar: numeric\n",
        ScalarKind.Boolean => "scalar: boolean\n",
        _ => "scalar: untyped\n",
    });

    private static string Indent(string text, int by) =>
        string.Concat(text.TrimEnd('\n').Split('\n').Select(l => new string(' ', by) + l + "\n"));

    /// <summary>The next version that an update brings: much stays, some goes, some comes.</summary>
    private JsonNode? Change(JsonNode? now, SchemaNode node, int depth)
    {
        if (now is null || Chance(4))
        {
            return Value(node, depth);
        }

        switch (now, node)
        {
            case (JsonObject map, ObjectSchema schema):
                foreach (var field in schema.Fields.Where(f => f.Name[0] == 'f' && Chance(2)))
                {
                    map.Remove(field.Name, out var before);
                    if (!Chance(4))
                    {
                        map[field.Name] = Change(before, field.Node, depth + 1);
                    }
                }

                return map;
            case (JsonArray list, ListSchema { Topology: Topology.Keyed } schema):
                var kept = list.Where(_ => !Chance(4))
                    .Select(i => Change(i!.DeepClone(), schema.Items, depth + 1)).ToList();
                if (Chance(2))
                {
                    kept.Add(Element(schema, depth));
                }

                return Distinct(new JsonArray([.. kept]), schema);
            default:
                return now;
        }
    }

    private JsonNode? Value(SchemaNode node, int depth)
    {
        switch (node)
        {
            case ObjectSchema schema:
                var map = new JsonObject();
                foreach (var field in schema.Fields.Where(f => f.Name[0] != 'f' || Chance(2)))
                {
                    if (field.Name[0] == 'f' || field.Name == "k" || Chance(2))
                    {
                        map[field.Name] = field.Name[0] == 'f' && Chance(15) ? null
                            : field.Name[0] == 'f' ? Value(field.Node, depth + 1) : Pick("a", "b", "c", "d");
                    }
                }

                return map;
            case ScalarSchema scalar:
                return scalar.Kind switch
                {
                    ScalarKind.String => Pick("a", "b", "é<\"", ""),
                    ScalarKind.Int64 => Pick<JsonNode>(0, 1, 10, 9, 2.5),
                    ScalarKind.Boolean => Chance(2),
                    _ => Pick<JsonNode>("1", 1, true),
                };
            case ListSchema { Topology: Topology.Keyed } list:
                return Distinct(new JsonArray([.. Range(4).Select(_ => Element(list, depth))]), list);
            case ListSchema list:
                var items = new JsonArray([.. Range(4).Select(_ => Value(list.Items, depth + 1))]);
                return list.Topology == Topology.Set ? Distinct(items, list) : items;
            case MapSchema values:
                var result = new JsonObject();
                foreach (var _ in Range(4))
                {
                    result[Pick("x", "y", "z", "a/b")] = Value(values.Values, depth + 1);
                }

                return result;
            default:
                return _random.Next(4) switch
                {
                    0 => Pick<JsonNode>("s", 1, true),
                    1 => new JsonArray([.. Range(3).Select(_ => (JsonNode)_random.Next(3))]),
                    2 => new JsonObject(),
                    _ => new JsonObject { [Pick("x", "y")] = depth > MaxDepth ? 1 : Value(node, depth + 1) },
                };
        }
    }

    private IEnumerable<int> Range(int below) => Enumerable.Range(0, _random.Next(below));

    private JsonNode Element(ListSchema list, int depth) => Value(list.Items, depth + 1)!;

    private static JsonArray Distinct(JsonArray list, ListSchema schema) => new(
    [
        .. list.DistinctBy(i => schema.Topology == Topology.Set ? i!.ToJsonString()
                : string.Join(',', schema.Keys.Select(k => i![k]?.ToJsonString() ?? "\"d\"")))
            .Select(i => i!.DeepClone()),
    ]);

    /// <summary>A write.</summary>
    /// <param name="Manager">Who writes.</param>
    /// <param name="Apply">By server-side apply.</param>
    /// <param name="Force">With force.</param>
    /// <param name="Object">What.</param>
    internal sealed record Step(string Manager, bool Apply, bool Force, JsonNode Object);
}
