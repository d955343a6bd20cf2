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

    /// <summary>Characters of a key that a complaint shows: aliases could make it a bomb.</summary>
    private const int MaxKeyText = 4096;

    /// <summary>What upstream puts before what its YAML library says.</summary>
    public const string ConversionError = "error converting YAML to JSON: ";

    /// <summary>Converts the first document; an empty one is null.</summary>
    public static ConvertedYaml ToJson(ReadOnlySpan<byte> yaml)
    {
        if (IsPlainJson(yaml))
        {
            return new ConvertedYaml(yaml.TrimEnd((byte)'\n').ToArray(), null, null);
        }

        var text = Encoding.UTF8.GetString(yaml);
        return (YamlComplaints.OfBytes(yaml) ?? YamlComplaints.OfText(text)) is { } complaint
            ? new ConvertedYaml(default, complaint, null)
            : Convert(text);
    }

    private static ConvertedYaml Convert(string text)
    {
        var run = new Run(new Parser(new StringReader(text)));
        try
        {
            var json = run.Convert();
            return new ConvertedYaml(json, null, run.DuplicateKeys);
        }
        catch (YamlException bad)
        {
            return new ConvertedYaml(default, YamlComplaints.Of(bad, text), null);
        }
        catch (Exception bad) when (bad is InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            // The parser trips over brackets that are not closed, and over some malformed scalars, instead of reporting
            // them; fuzzing found it.
            return new ConvertedYaml(default, run.OpenBracket() ?? "yaml: invalid document", null);
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

    private sealed class Run(Parser parser)
    {
        private readonly ArrayBufferWriter<byte> _output = new(1024);
        private readonly Dictionary<AnchorName, Node> _anchors = [];
        private readonly StringBuilder _duplicates = new();
        private readonly Stack<char> _closings = [];
        private string? _complaint;
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
            if (_complaint is not null)
            {
                throw new YamlException(_complaint);
            }

            using var writer = new Utf8JsonWriter(
                _output, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = MaxDepth * 2 });
            Write(writer, root, 0);
            writer.Flush();
            return _output.WrittenMemory;
        }

        /// <summary>The complaint about the innermost bracket that is not closed; null when all are.</summary>
        public string? OpenBracket() => _closings.TryPeek(out var closing)
            ? YamlComplaints.OfOpenBracket(closing, parser.Current!.End)
            : null;

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
                    return Known(alias.Value);
                case SequenceStart sequence:
                    return ReadSequence(sequence, depth);
                case MappingStart mapping:
                    return ReadMapping(mapping, depth);
                case var other:
                    throw new YamlException(other.Start, other.End, "did not find expected node content");
            }
        }

        private Node Known(AnchorName name)
        {
            if (!_anchors.TryGetValue(name, out var known))
            {
                throw new YamlException($"unknown anchor '{name}' referenced");
            }

            return known.IsOpen ? throw new YamlException($"anchor '{name}' value contains itself") : known;
        }

        private Node ReadSequence(SequenceStart start, int depth)
        {
            var node = Open(start.Anchor, new Node { Items = [] }, start.Style == SequenceStyle.Flow ? ']' : null);
            while (!parser.TryConsume<SequenceEnd>(out _))
            {
                node.Items!.Add(Read(depth + 1));
            }

            return Close(node, start.Style == SequenceStyle.Flow);
        }

        private Node ReadMapping(MappingStart start, int depth)
        {
            var node = Open(start.Anchor, new Node { Fields = [] }, start.Style == MappingStyle.Flow ? '}' : null);

            // Keys that the map has by itself, not by merging.
            var own = new HashSet<string>(StringComparer.Ordinal);
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                var line = parser.Current!.Start.Line;
                var key = Read(depth + 1);
                if (key.Scalar is null)
                {
                    _complaint ??= $"invalid map key: {GoSyntax(new StringBuilder(), key)}";
                }

                var value = Read(depth + 1);
                if (key.Scalar is not { } scalar)
                {
                    continue;
                }

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

            return Close(node, start.Style == MappingStyle.Flow);
        }

        private Node Open(AnchorName anchor, Node node, char? closing)
        {
            node.IsOpen = true;
            if (closing is { } bracket)
            {
                _closings.Push(bracket);
            }

            return Keep(anchor, node);
        }

        private Node Close(Node node, bool isInBrackets)
        {
            node.IsOpen = false;
            if (isInBrackets)
            {
                _closings.Pop();
            }

            return node;
        }

        /// <summary>Merge keys: the map's own keys win.</summary>
        private void Merge(Node target, Node source)
        {
            foreach (var map in source.Items ?? [source])
            {
                if (map.Fields is null)
                {
                    _complaint ??= "map merge requires map or sequence of maps as the value";
                }

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

        /// <summary>A value as Go writes it in its source; of one that is very long, the beginning.</summary>
        private static StringBuilder GoSyntax(StringBuilder text, Node node)
        {
            if (text.Length > MaxKeyText)
            {
                return text;
            }

            if (node.Scalar is { } scalar)
            {
                return text.Append(GoSyntax(scalar));
            }

            var separator = "";
            text.Append(node.Items is null ? "map[interface {}]interface {}{" : "[]interface {}{");
            foreach (var item in (node.Items ?? []).TakeWhile(_ => text.Length <= MaxKeyText))
            {
                GoSyntax(text.Append(separator), item);
                separator = ", ";
            }

            var fields = (node.Fields ?? []).OrderBy(static f => f.Key, StringComparer.Ordinal);
            foreach (var (name, value) in fields.TakeWhile(_ => text.Length <= MaxKeyText))
            {
                GoSyntax(text.Append(separator).Append(GoText.Quote(Beginning(name))).Append(':'), value);
                separator = ", ";
            }

            return text.Append('}');
        }

        private static string GoSyntax(Scalar scalar) => Resolve(scalar) switch
        {
            null => "interface {}(nil)",
            bool flag => flag ? "true" : "false",
            string text => GoText.Quote(Beginning(text)),
            var number => string.Create(CultureInfo.InvariantCulture, $"{number}"),
        };

        private static string Beginning(string text) => text.Length > MaxKeyText ? text[..MaxKeyText] : text;

        private static object? Resolve(Scalar scalar)
        {
            var isString =
                scalar.Style != ScalarStyle.Plain || scalar.Tag == "tag:yaml.org,2002:str" || scalar.Tag == "!";
            return isString ? scalar.Value : YamlScalar.Resolve(scalar.Value);
        }

        private static void WriteScalar(Utf8JsonWriter writer, Scalar scalar)
        {
            switch (Resolve(scalar))
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

        /// <summary>Whether it is still being read, so that an alias in it would make it hold itself.</summary>
        public bool IsOpen { get; set; }
    }
}
