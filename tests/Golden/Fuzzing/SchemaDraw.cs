using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Golden.Fuzzing;

/// <summary>
/// Values of the types that a schema says, empty and extreme ones among them: what a decoder takes, so that the rules
/// behind it have to answer. As many as it has room for; then all are null.
/// </summary>
internal sealed class SchemaDraw(Random random, int room)
{
    private static readonly string[] Texts =
    [
        "", "a", "x", "A", "a-b.c/d", "-", "*", "${x}", "self", "a=b", "1.2.3.4", "::1", "10.0.0.0/8", "IPv4", "TCP",
        "None", "é\u0001", "true",
    ];

    private static readonly string[] Times =
        ["2001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999+00:00"];

    private static readonly string[] Amounts = ["0", "1", "-1", "1Gi", "100m", "1e18", "9223372036854775807", "1n"];

    private static readonly long[] Numbers = [0, 1, -1, 2, 80, 65_536, int.MaxValue, int.MinValue];

    private int _room = room;

    /// <summary>A value of this type; null at times, as clients write it.</summary>
    public JsonNode? Value(SchemaNode node) => _room-- <= 0 || random.Next(25) == 0 ? null : node switch
    {
        ScalarSchema scalar => Scalar(scalar.Kind),
        ObjectSchema known => Object(known),
        ListSchema list => new JsonArray([.. Some().Select(_ => Value(list.Items))]),
        MapSchema map => new JsonObject(
            Some().Select(i => KeyValuePair.Create($"{Pick(Texts)}{i}", Value(map.Values)))),
        _ => Any(),
    };

    /// <summary>One of these.</summary>
    public T Pick<T>(IReadOnlyList<T> choices) => choices[random.Next(choices.Count)];

    private IEnumerable<int> Some() => Enumerable.Range(0, random.Next(3));

    private JsonObject Object(ObjectSchema schema)
    {
        var drawn = new JsonObject();
        var chance = 4.0 / (schema.Fields.Count + 1);
        foreach (var field in schema.Fields.Where(f => f.IsRequired || random.NextDouble() < chance))
        {
            drawn[field.Name] = Value(field.Node);
        }

        return drawn;
    }

    private JsonValue Scalar(ScalarKind kind) => kind switch
    {
        ScalarKind.Boolean => JsonValue.Create(random.Next(2) == 0),
        ScalarKind.Int32 => JsonValue.Create(Pick(Numbers)),
        ScalarKind.Int64 => JsonValue.Create(random.Next(4) == 0 ? long.MinValue : Pick(Numbers)),
        ScalarKind.Double => JsonValue.Create(random.NextDouble() * Pick(Numbers)),
        ScalarKind.Bytes => JsonValue.Create(Convert.ToBase64String(new byte[random.Next(5)])),
        ScalarKind.Time or ScalarKind.MicroTime => JsonValue.Create(Pick(Times)),
        ScalarKind.Quantity => JsonValue.Create(Pick(Amounts)),
        ScalarKind.IntOrString when random.Next(2) == 0 => JsonValue.Create(Pick(Numbers)),
        ScalarKind.IntOrString => JsonValue.Create(Pick(["50%", "101%", "x", ""])),
        _ => JsonValue.Create(Pick(Texts)),
    };

    private JsonNode? Any() => JsonNode.Parse(Pick(
    [
        "{}", "[]", "1", "\"x\"", """{"apiVersion":"v1","kind":"Pod","metadata":{}}""", """{"a":[null,{"b":1.5}]}""",
    ]));
}
