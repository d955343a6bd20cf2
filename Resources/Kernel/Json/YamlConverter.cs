using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using OrleansOrchestrator.Formats;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace OrleansOrchestrator.Resources.Kernel.Json;

/// <summary>What became of a YAML document.</summary>
/// <param name="Json">
/// The first document as JSON; fields are in the order of their names, as Go writes maps, save those of a document that
/// was JSON and is passed on as it came.
/// </param>
/// <param name="Error">Why there is none, in the words of Go's YAML library.</param>
/// <param name="DuplicateKeys">The complaint about keys that came twice.</param>
public readonly record struct ConvertedYaml(ReadOnlyMemory<byte> Json, string? Error, string? DuplicateKeys);

/// <summary>
/// YAML to JSON by the rules that upstream's library has kept from YAML 1.1: yes, no, on and off are booleans, and so
/// are y and n. Aliases are expanded, within a bound.
/// </summary>
public static class YamlConverter
{
    /// <summary>Nodes after expansion of aliases and merge keys: a bomb of small pieces ends here.</summary>
    private const int MaxNodes = 1_000_000;

    /// <summary>
    /// Bytes of JSON after expansion, twice what a body may have: a bomb of large pieces ends here. JSON of a document
    /// without aliases can be larger than its YAML, by quotes and escapes.
    /// </summary>
    private const int MaxBytes = 6 * 1024 * 1024;
    private const int MaxDepth = 400;

    /// <summary>
    /// Depths of all nodes together. At each token the scanner looks at every collection around it that is written in
    /// brackets: many nodes at a great depth would take seconds. A document of a request's size whose fields are thirty
    /// deep on average stays below.
    /// </summary>
    private const int MaxDepths = 40_000_000;

    /// <summary>What upstream puts before what its YAML library says.</summary>
    public const string ConversionError = "error converting YAML to JSON: ";

    /// <summary>Converts the first document; an empty one is null.</summary>
    public static ConvertedYaml ToJson(ReadOnlySpan<byte> yaml)
    {
        if (IsPlainJson(yaml))
        {
            return new ConvertedYaml(yaml.TrimEnd((byte)'\n').ToArray(), null, null);
        }

        try
        {
            var run = new Run(new Parser(new StringReader(Encoding.UTF8.GetString(yaml))));
            var json = run.Convert();
            return new ConvertedYaml(json, null, run.DuplicateKeys);
        }
        catch (YamlException bad)
        {
            return new ConvertedYaml(default, Describe(bad), null);
        }
        catch (Exception bad) when (bad is InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            // The scanner trips over some malformed scalars instead of reporting them; fuzzing found it.
            return new ConvertedYaml(default, "yaml: invalid document", null);
        }
    }

    /// <summary>Warns of each key that came twice.</summary>
    /// <param name="duplicateKeys">The complaint about all of them.</param>
    /// <param name="warnings">Takes one text for each.</param>
    public static void WarnOfDuplicates(string duplicateKeys, ICollection<string> warnings)
    {
        foreach (var line in duplicateKeys.Split('\n')[1..])
        {
            warnings.Add(line.Trim());
        }
    }

    /// <summary>
    /// It is compact JSON that surely means the same as YAML, which is what most clients send: nothing that YAML reads
    /// or refuses in its own way, such as escapes, fractions, long keys, merge keys or keys that come twice.
    /// </summary>
    private static bool IsPlainJson(ReadOnlySpan<byte> yaml)
    {
        const int MaxPlainDepth = 64;
        if (yaml is not [(byte)'{', ..] || yaml.TrimEnd((byte)'\n').ContainsAnyExceptInRange((byte)' ', (byte)'~')
            || yaml.ContainsAny((byte)'\\', (byte)'<'))
        {
            return false;
        }

        var reader = new Utf8JsonReader(yaml, new JsonReaderOptions { MaxDepth = MaxPlainDepth });
        var names = new List<HashSet<string>>();
        try
        {
            for (var end = 0L; reader.Read(); end = reader.BytesConsumed)
            {
                if (!yaml[(int)end..(int)reader.TokenStartIndex].TrimStart(",:"u8).IsEmpty)
                {
                    return false;
                }

                switch (reader.TokenType)
                {
                    case JsonTokenType.StartObject:
                        Names(names, reader.CurrentDepth).Clear();
                        break;
                    case JsonTokenType.PropertyName when !IsPlainName(ref reader, names):
                    case JsonTokenType.Number when !IsPlainNumber(reader.ValueSpan):
                        return false;
                }
            }
        }
        catch (JsonException)
        {
            return false;
        }

        return true;
    }

    private static HashSet<string> Names(List<HashSet<string>> names, int depth)
    {
        while (names.Count <= depth)
        {
            names.Add(new HashSet<string>(StringComparer.Ordinal));
        }

        return names[depth];
    }

    private static bool IsPlainName(ref Utf8JsonReader reader, List<HashSet<string>> names)
    {
        const int MaxName = 512;
        const int QuotesAndColon = 3;
        return reader.ValueSpan.Length is > 0 and < MaxName
            && reader.BytesConsumed - reader.TokenStartIndex - reader.ValueSpan.Length <= QuotesAndColon
            && Names(names, reader.CurrentDepth - 1).Add(JsonStrings.Read(ref reader));
    }

    private static bool IsPlainNumber(ReadOnlySpan<byte> number)
    {
        const int MaxDigits = 15;
        var digits = number is [(byte)'-', ..] ? number[1..] : number;
        return digits.Length <= MaxDigits && !digits.ContainsAnyExceptInRange((byte)'0', (byte)'9')
            && (digits[0] != '0' || number.Length == 1);
    }

    private static string Describe(YamlException bad)
    {
        var text = bad.Message;
        var end = text.IndexOf("): ", StringComparison.Ordinal);
        text = text.StartsWith('(') && end > 0 ? text[(end + 3)..] : text;
        var isTab = text.Contains("found a tab character", StringComparison.Ordinal);
        var cause = isTab ? "found a tab character that violates indentation"
            : text.Contains("found invalid mapping", StringComparison.Ordinal) || text.StartsWith(
                "Mapping values", StringComparison.Ordinal)
                ? "mapping values are not allowed in this context"
                : char.ToLowerInvariant(text[0]) + text[1..].TrimEnd('.');
        var line = isTab ? bad.End.Line : bad.Start.Line;
        return line > 1 ? $"yaml: line {line}: {cause}" : $"yaml: {cause}";
    }

    private sealed class Run(Parser parser)
    {
        private readonly ArrayBufferWriter<byte> _output = new(1024);
        private readonly Dictionary<AnchorName, Node> _anchors = [];
        private readonly StringBuilder _duplicates = new();
        private int _nodes;
        private int _depths;

        public string? DuplicateKeys => _duplicates.Length == 0
            ? null
            : $"yaml: unmarshal errors:{_duplicates}";

        public ReadOnlyMemory<byte> Convert()
        {
            parser.Consume<StreamStart>();
            if (parser.Accept<StreamEnd>(out _))
            {
                return "null"u8.ToArray();
            }

            parser.Consume<DocumentStart>();
            var root = Read(0);
            parser.Consume<DocumentEnd>();
            using var writer = new Utf8JsonWriter(
                _output, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = MaxDepth * 2 });
            Write(writer, root, 0);
            writer.Flush();
            return _output.WrittenMemory;
        }

        private Node Read(int depth)
        {
            _depths += depth;
            if (depth > MaxDepth || _depths > MaxDepths)
            {
                throw new YamlException("exceeded max depth");
            }

            switch (parser.Consume<ParsingEvent>())
            {
                case Scalar scalar:
                    return Keep(scalar.Anchor, new Node { Scalar = scalar });
                case AnchorAlias alias:
                    return _anchors.TryGetValue(alias.Value, out var known)
                        ? known
                        : throw new YamlException(alias.Start, alias.End, $"unknown anchor '{alias.Value}' referenced");
                case SequenceStart sequence:
                    return ReadSequence(sequence, depth);
                case MappingStart mapping:
                    return ReadMapping(mapping, depth);
                case var other:
                    throw new YamlException(other.Start, other.End, "did not find expected node content");
            }
        }

        private Node ReadSequence(SequenceStart start, int depth)
        {
            var node = Keep(start.Anchor, new Node { Items = [] });
            while (!parser.TryConsume<SequenceEnd>(out _))
            {
                node.Items!.Add(Read(depth + 1));
            }

            return node;
        }

        private Node ReadMapping(MappingStart start, int depth)
        {
            var node = Keep(start.Anchor, new Node { Fields = [] });

            // Keys that the map has by itself, not by merging.
            var own = new HashSet<string>(StringComparer.Ordinal);
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                var line = parser.Current!.Start.Line;
                var key = Read(depth + 1);
                if (key.Scalar is not { } scalar)
                {
                    throw new YamlException(parser.Current!.Start, parser.Current.End, "invalid map key");
                }

                var value = Read(depth + 1);
                if (scalar is { Value: "<<", Style: ScalarStyle.Plain })
                {
                    Merge(node, value);
                    continue;
                }

                var name = KeyText(scalar);
                if (!own.Add(name))
                {
                    _duplicates.Append(
                        CultureInfo.InvariantCulture, $"\n  line {line}: key {GoText.Quote(name)} already set in map");
                }

                node.Fields![name] = value;
            }

            return node;
        }

        /// <summary>Merge keys: the map's own keys win.</summary>
        private void Merge(Node target, Node source)
        {
            foreach (var map in source.Items ?? [source])
            {
                foreach (var (name, value) in map.Fields ?? [])
                {
                    CountNode();
                    target.Fields!.TryAdd(name, value);
                }
            }
        }

        private Node Keep(AnchorName anchor, Node node)
        {
            if (!anchor.IsEmpty)
            {
                _anchors[anchor] = node;
            }

            return node;
        }

        private void Write(Utf8JsonWriter writer, Node node, int depth)
        {
            CountNode();
            if (depth > MaxDepth || writer.BytesCommitted + writer.BytesPending > MaxBytes)
            {
                throw TooMuch();
            }

            if (node.Scalar is { } scalar)
            {
                WriteScalar(writer, scalar);
            }
            else if (node.Items is { } items)
            {
                writer.WriteStartArray();
                items.ForEach(i => Write(writer, i, depth + 1));
                writer.WriteEndArray();
            }
            else
            {
                writer.WriteStartObject();
                foreach (var (name, value) in node.Fields!.OrderBy(static f => f.Key, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(name);
                    Write(writer, value, depth + 1);
                }

                writer.WriteEndObject();
            }
        }

        private void CountNode()
        {
            if (++_nodes > MaxNodes)
            {
                throw TooMuch();
            }
        }

        private static YamlException TooMuch() => new("document contains excessive aliasing");

        private static string KeyText(Scalar key)
        {
            if (key.Style != ScalarStyle.Plain)
            {
                return key.Value;
            }

            return YamlScalar.Resolve(key.Value) switch
            {
                bool flag => flag ? "true" : "false",
                long number => number.ToString(CultureInfo.InvariantCulture),
                null => "null",
                _ => key.Value,
            };
        }

        private static void WriteScalar(Utf8JsonWriter writer, Scalar scalar)
        {
            var isString =
                scalar.Style != ScalarStyle.Plain || scalar.Tag == "tag:yaml.org,2002:str" || scalar.Tag == "!";
            switch (isString ? scalar.Value : YamlScalar.Resolve(scalar.Value))
            {
                case null: writer.WriteNullValue(); break;
                case bool flag: writer.WriteBooleanValue(flag); break;
                case long number: writer.WriteNumberValue(number); break;
                case double number when double.IsFinite(number): GoFloats.Write(writer, number); break;
                default: writer.WriteStringValue(scalar.Value); break;
            }
        }
    }

    private sealed class Node
    {
        public Scalar? Scalar { get; init; }

        public List<Node>? Items { get; init; }

        public Dictionary<string, Node>? Fields { get; init; }
    }
}

/// <summary>The type of plain YAML scalars.</summary>
internal static class YamlScalar
{
    private static readonly SearchValues<char> FloatCharacters = SearchValues.Create("0123456789.eE+-");

    /// <summary>null, bool, long, double, or the string itself.</summary>
    public static object? Resolve(string text) => text switch
    {
        "" or "~" or "null" or "Null" or "NULL" => null,
        "y" or "Y" or "yes" or "Yes" or "YES" or "true" or "True" or "TRUE" or "on" or "On" or "ON" => true,
        "n" or "N" or "no" or "No" or "NO" or "false" or "False" or "FALSE" or "off" or "Off" or "OFF" => false,
        ['+' or '-' or '.' or (>= '0' and <= '9'), ..] => Number(text),
        _ => text,
    };

    private static object Number(string text)
    {
        var plain = text.Replace("_", "", StringComparison.Ordinal);
        var negative = plain.StartsWith('-');
        var digits = plain.AsSpan(negative || plain.StartsWith('+') ? 1 : 0);
        if (digits.Length == 0)
        {
            return text;
        }

        if (Integer(digits) is { } value)
        {
            return negative ? -value : value;
        }

        var isDecimal = !digits.ContainsAnyExcept(FloatCharacters)
            && digits.ContainsAnyInRange('0', '9')
            && char.IsAsciiDigit(plain[^1]);
        return isDecimal && double.TryParse(plain, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number
            : text;
    }

    private static long? Integer(ReadOnlySpan<char> digits)
    {
        var (radix, prefix) = digits switch
        {
            ['0', 'x' or 'X', ..] => (16, 2),
            ['0', 'b' or 'B', ..] => (2, 2),
            ['0', 'o' or 'O', ..] => (8, 2),
            ['0', _, ..] => (8, 1),
            _ => (10, 0),
        };
        var body = digits[prefix..];
        long value = 0;
        foreach (var c in body)
        {
            var digit = char.IsAsciiHexDigit(c) ? Convert.ToInt32(c.ToString(), 16) : radix;
            if (digit >= radix || value > (long.MaxValue - digit) / radix)
            {
                return null;
            }

            value = (value * radix) + digit;
        }

        return body.Length == 0 ? null : value;
    }
}
