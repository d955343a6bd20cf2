using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;

namespace OrleansOrchestrator.Golden.Fuzzing;

/// <summary>One change to a body. All three numbers are taken modulo what there is, so that any edit fits any
/// body.</summary>
internal readonly record struct Edit(int At, int What, int Value);

/// <summary>Changes bodies in their structure and in their bytes.</summary>
internal static class Edits
{
    private const string Mark = "\u0001raw:";

    /// <summary>Values as they stand in JSON, some of which no JSON library would write.</summary>
    private static readonly byte[][] Nasty =
    [
        .. new[]
        {
            "null", "true", "{}", "[]", "\"\"", "\"x\"", "-1", "1.5", "0", "-0", "2147483648", "9223372036854775807", "9223372036854775808",
            "1e400", "1e-400", "-1e99999999999", new string('9', 5000), "[null]", "{\"\":null}", "{\"a\":1,\"a\":2}", "\"\\u0000\"",
            "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"..\"", "\"a/b/c\"", "\"%00%2f\"", "\"$(X)\"", "\"-\"", "\"/\"", "\"A B\"",
            "\"2001-99-99T00:00:00Z\"", "\"9999-12-31T23:59:59.999999999+23:59\"", "\"0001-01-01T00:00:00Z\"", "\"1e99999999\"",
            "\"999999999999999999999999Gi\"", "\"-1e-30\"", "\"0.0000000000001\"", "\"1.2.3.4/33\"", "\"::ffff:1.2.3.4\"", "\"fe80::1%eth0\"",
            "\"010.1.2.3\"", "\"100%\"", "\"99999999999%\"", "\"None\"", "{\"$patch\":\"delete\"}", "{\"$retainKeys\":[1]}", "[[[[]]]]", "[{}]",
            "[1,\"a\",{}]", "nul", "tru", "01", "1.", "\"unterminated", "NaN", "/* c */ 1", "'x'",
        }.Select(Encoding.UTF8.GetBytes),
        [(byte)'"', 0xff, 0xfe, (byte)'"'],
        [(byte)'"', 0xed, 0xa0, 0x80, (byte)'"'],
        [(byte)'"', 0xc0, 0x80, (byte)'"'],
        Encoding.UTF8.GetBytes($"\"{new string('x', 300_000)}\""),
        Nested('[', ']', 400),
        Nested('[', ']', 20_000),
        Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", 15_000)) + "1" + new string('}', 15_000)),
    ];

    /// <summary>Few at a time, so that most of a body stays good and its mistakes are reached.</summary>
    public static Gen<Edit[]> Some { get; } =
        Gen.Select(
            Gen.Int[0, 1 << 20],
            Gen.Int[0, 99],
            Gen.Int[0, 1 << 20],
            static (at, what, value) => new Edit(at, what, value)).Array[0, 5];

    public static int NastyCount => Nasty.Length;

    /// <summary>Replaces, removes, renames, doubles and wraps values of a JSON text.</summary>
    public static byte[] InStructure(byte[] json, Edit[] edits)
    {
        var root = new JsonObject { ["body"] = JsonNode.Parse(json) };
        foreach (var edit in edits)
        {
            var places = new List<(JsonNode Parent, string Name, int Index)>();
            Collect(root, places);
            Apply(places[edit.At % places.Count], edit);
        }

        return Restore(root["body"]?.ToJsonString(new JsonSerializerOptions { MaxDepth = 2000 }) ?? "null");
    }

    /// <summary>Flips, inserts, removes and repeats bytes.</summary>
    public static byte[] InBytes(byte[] body, Edit[] edits)
    {
        var bytes = body.ToList();
        foreach (var (position, what, value) in edits)
        {
            var at = bytes.Count == 0 ? 0 : position % bytes.Count;
            var length = Math.Min(1 + (value % 40), bytes.Count - at);
            switch (what % 7)
            {
                case 0 when bytes.Count > 0: bytes[at] ^= (byte)(1 << (value % 8)); break;
                case 1 when bytes.Count > 0: bytes[at] = (byte)value; break;
                case 2: bytes.Insert(at, (byte)value); break;
                case 3: bytes.RemoveRange(at, length); break;
                case 4: bytes.InsertRange(at, bytes.GetRange(at, length)); break;
                case 5: bytes.RemoveRange(at, bytes.Count - at); break;
                case 6: bytes.InsertRange(at, Nasty[value % Nasty.Length]); break;
            }
        }

        return [.. bytes];
    }

    public static byte[] Raw(int value) => Nasty[value % Nasty.Length];

    private static void Apply((JsonNode Parent, string Name, int Index) place, Edit edit)
    {
        var (parent, name, index) = place;
        var nasty = JsonValue.Create($"{Mark}{edit.Value % Nasty.Length}");
        if (parent is JsonArray list)
        {
            var item = list[index]?.DeepClone();
            switch (edit.What % 5)
            {
                case 0: list.RemoveAt(index); break;
                case 1: list.Insert(index, item); break;
                case 2: list[index] = new JsonArray(item); break;
                default: list[index] = nasty; break;
            }

            return;
        }

        var map = (JsonObject)parent;
        var value = map[name]?.DeepClone();
        switch (edit.What % 8)
        {
            case 0 when name != "body": map.Remove(name); break;
            case 1 when name != "body": map[$"{Mark}{edit.Value % Nasty.Length}"] = value; break;
            case 2: map[name] = new JsonArray(value); break;
            case 3: map[name] = new JsonObject { ["x"] = value }; break;
            default: map[name] = nasty; break;
        }
    }

    private static void Collect(JsonNode? node, List<(JsonNode Parent, string Name, int Index)> places)
    {
        if (node is JsonObject map)
        {
            foreach (var (name, value) in map)
            {
                places.Add((map, name, 0));
                Collect(value, places);
            }
        }
        else if (node is JsonArray list)
        {
            for (var i = 0; i < list.Count; i++)
            {
                places.Add((list, "", i));
                Collect(list[i], places);
            }
        }
    }

    /// <summary>Puts the raw values where their marks are.</summary>
    private static byte[] Restore(string json)
    {
        var output = new MemoryStream();
        var parts = json.Split("\"\\u0001raw:");
        output.Write(Encoding.UTF8.GetBytes(parts[0]));
        foreach (var part in parts.AsSpan(1))
        {
            var end = part.IndexOf('"', StringComparison.Ordinal);
            output.Write(Nasty[int.Parse(part.AsSpan(0, end), System.Globalization.CultureInfo.InvariantCulture)]);
            output.Write(Encoding.UTF8.GetBytes(part[(end + 1)..]));
        }

        return output.ToArray();
    }

    private static byte[] Nested(char open, char close, int depth) =>
        Encoding.UTF8.GetBytes(new string(open, depth) + new string(close, depth));
}
