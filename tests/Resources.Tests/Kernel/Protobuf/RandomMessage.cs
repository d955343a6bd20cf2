using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.Kernel.Protobuf;

namespace OrleansOrchestrator.Resources.Tests.Kernel.Protobuf;

/// <summary>
/// An object at random, in protobuf and, made independently of it, in JSON. Fields come in any order, singles are
/// written several times (the last counts), unknown fields lie between, lists of numbers are packed or not.
/// </summary>
internal sealed class RandomMessage(Random random)
{
    private const int Deepest = 9;

    private static readonly string[] Texts =
        ["", "a", "é\u2028", "\"\\\n\t", "<b>&'", "0", "10Mi", "\ud83d\ude00", new string('x', 300)];

    public byte[] Make(ProtobufMessage message, JsonObject json, int depth = 0)
    {
        var parts = new List<byte[]>();
        foreach (var field in message.Fields)
        {
            if (random.Next(depth > 3 ? 5 : 2) == 0 && (depth < Deepest || field.Message is null))
            {
                parts.Add(field.Shape switch
                {
                    ProtobufShape.List => MakeList(field, json, depth),
                    ProtobufShape.Map => MakeMap(field, json, depth),
                    ProtobufShape.Inline => Tagged(field.Number, Make(field.Message!, json, depth + 1)),
                    _ => MakeSingle(field, json, depth),
                });
            }

            if (random.Next(10) == 0)
            {
                parts.Add(Unknown());
            }
        }

        var all = parts.ToArray();
        random.Shuffle(all);
        return [.. all.SelectMany(p => p)];
    }

    public static byte[] Varint(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        bytes.Add((byte)value);
        return [.. bytes];
    }

    public static byte[] Tagged(int number, byte[] value) =>
        [.. Varint(((ulong)number << 3) | 2), .. Varint((ulong)value.Length), .. value];

    public static byte[] Tagged(int number, ulong value) => [.. Varint((ulong)number << 3), .. Varint(value)];

    private byte[] MakeSingle(ProtobufField field, JsonObject json, int depth)
    {
        var name = field.Name.ToString();
        var isScalar = field.IsNumber || field.Kind is ProtobufKind.String or ProtobufKind.Bytes;
        var superseded = isScalar && random.Next(4) == 0 ? Element(field, depth).Bytes : [];
        var (bytes, value, isZero) = Element(field, depth);
        var isNull = value is null;
        if (!(isZero && (isNull || (field.OmitsZero && isScalar))))
        {
            json[name] = value;
        }

        return [.. superseded, .. bytes];
    }

    private byte[] MakeList(ProtobufField field, JsonObject json, int depth)
    {
        var list = new JsonArray();
        var bytes = new List<byte>();
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            if (field.IsVarint && random.Next(2) == 0)
            {
                var (first, second) = (Number(field), Number(field));
                list.Add(first.Json);
                list.Add(second.Json);
                bytes.AddRange(Tagged(field.Number, [.. Varint(first.Value), .. Varint(second.Value)]));
                continue;
            }

            var element = Element(field, depth);
            list.Add(element.Json);
            bytes.AddRange(element.Bytes);
            bytes.AddRange(random.Next(4) == 0 ? Unknown() : []);
        }

        json[field.Name.ToString()] = list;
        return [.. bytes];
    }

    private byte[] MakeMap(ProtobufField field, JsonObject json, int depth)
    {
        var map = new JsonObject();
        var bytes = new List<byte>();
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            var key = $"k{i}{Texts[random.Next(Texts.Length)]}";
            var (value, node, _) = Payload(field, depth);
            map[key] = node;
            bytes.AddRange(Tagged(field.Number, [.. Tagged(1, Encoding.UTF8.GetBytes(key)), .. Tagged(2, value)]));
        }

        json[field.Name.ToString()] = map;
        return [.. bytes];
    }

    private (byte[] Bytes, JsonNode? Json, bool IsZero) Element(ProtobufField field, int depth)
    {
        if (field.Kind == ProtobufKind.Double)
        {
            var half = random.Next(-9, 9) / 2.0;
            return (
                [.. Varint(((ulong)field.Number << 3) | 1), .. BitConverter.GetBytes(half)], JsonValue.Create(half),
                half == 0);
        }

        if (field.IsVarint)
        {
            var (value, node) = Number(field);
            return (Tagged(field.Number, value), node, value == 0);
        }

        var payload = Payload(field, depth);
        return (Tagged(field.Number, payload.Bytes), payload.Json, payload.IsZero);
    }

    private (ulong Value, JsonNode Json) Number(ProtobufField field)
    {
        var value = random.Next(3) switch { 0 => 0, 1 => random.NextInt64(), _ => -random.NextInt64() };
        return field.Kind switch
        {
            ProtobufKind.Bool => ((ulong)(value & 1), JsonValue.Create((value & 1) == 1)),
            ProtobufKind.Int32 => ((ulong)(long)(int)value, JsonValue.Create((int)value)),
            _ => ((ulong)value, JsonValue.Create(value)),
        };
    }

    private (byte[] Bytes, JsonNode? Json, bool IsZero) Payload(ProtobufField field, int depth)
    {
        var text = Texts[random.Next(Texts.Length)];
        var utf8 = Encoding.UTF8.GetBytes(text);
        switch (field.Kind)
        {
            case ProtobufKind.String:
                return (utf8, JsonValue.Create(text), text.Length == 0);
            case ProtobufKind.Bytes:
                return (utf8, JsonValue.Create(Convert.ToBase64String(utf8)), text.Length == 0);
            case ProtobufKind.Quantity:
                return random.Next(4) == 0
                    ? ([], JsonValue.Create("0"), true)
                    : (Tagged(1, utf8), JsonValue.Create(text), false);
            case ProtobufKind.IntOrString:
                var number = random.Next(int.MinValue, int.MaxValue);
                return random.Next(2) == 0
                    ? ([.. Tagged(1, 0), .. Tagged(2, (ulong)(long)number), .. Tagged(3, "")], JsonValue.Create(number), false)
                    : ([.. Tagged(1, 1), .. Tagged(2, 0), .. Tagged(3, utf8)], JsonValue.Create(text), false);
            case ProtobufKind.Raw:
                return random.Next(4) == 0
                    ? ([], null, true)
                    : (Tagged(1, "{\"a\":[1,null]}"), JsonNode.Parse("{\"a\":[1,null]}"), false);
            case ProtobufKind.Strings:
                return ([.. Tagged(1, utf8), .. Tagged(1, "b")], new JsonArray(text, "b"), false);
            case ProtobufKind.Time or ProtobufKind.MicroTime:
                return random.Next(4) == 0 ? ([], null, true) : Time(field.Kind == ProtobufKind.MicroTime);
            case ProtobufKind.Either:
                return Either(field.Message!, depth);
            default:
                var inner = new JsonObject();
                return (Make(field.Message!, inner, depth + 1), inner, false);
        }
    }

    private (byte[] Bytes, JsonNode? Json, bool IsZero) Either(ProtobufMessage message, int depth)
    {
        var chosen = message.Fields[random.Next(2)];
        var json = new JsonObject();
        var bytes = chosen.Shape == ProtobufShape.List
            ? MakeList(chosen, json, depth + 1)
            : MakeSingle(chosen, json, depth + 1);
        var node = json[chosen.Name.ToString()];
        return (bytes, node?.DeepClone(), false);
    }

    private (byte[] Bytes, JsonNode? Json, bool IsZero) Time(bool hasMicroseconds)
    {
        var seconds = random.NextInt64(-62135596799, 253402300799);
        var micros = random.Next(1_000_000);
        var text = DateTimeOffset.FromUnixTimeSeconds(seconds).ToString(
            "yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture);
        var fraction = hasMicroseconds ? $".{micros:000000}" : "";
        return ([.. Tagged(1, (ulong)seconds), .. Tagged(2, (ulong)micros * 1000)], JsonValue.Create($"{text}{fraction}Z"), false);
    }

    private static byte[] Tagged(int number, string text) => Tagged(number, Encoding.UTF8.GetBytes(text));

    private byte[] Unknown() => random.Next(4) switch
    {
        0 => Tagged(900, (ulong)random.NextInt64()),
        1 => Tagged(901, "whatever"),
        2 => [.. Varint((902 << 3) | 5), 1, 2, 3, 4],
        _ => [.. Varint((903 << 3) | 3), .. Tagged(1, 7), .. Varint((903 << 3) | 4)],
    };
}
