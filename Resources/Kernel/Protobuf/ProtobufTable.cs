using System.Collections.Frozen;
using System.Globalization;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Resources.Kernel.Protobuf;

/// <summary>A field's number, or that of an inlined message and its fields.</summary>
/// <param name="Number">Number in protobuf.</param>
/// <param name="Name">Name in JSON; empty for an inlined message.</param>
/// <param name="Fields">The inlined message's fields; null for a field.</param>
public sealed record ProtobufFieldFacts(int Number, string Name, IReadOnlyList<ProtobufFieldFacts>? Fields)
{
    /// <summary>Names of the field or, of an inlined message, of all fields in it.</summary>
    public IEnumerable<string> Names => Fields?.SelectMany(f => f.Names) ?? [Name];
}

/// <summary>The data table <c>protobuf.txt</c>: which numbers upstream gives to the fields of its messages.</summary>
public static class ProtobufTable
{
    private static readonly Lazy<FrozenDictionary<string, IReadOnlyList<ProtobufFieldFacts>>> Table = new(() => SchemaText
        .Lines("protobuf.txt").Select(Parse).ToFrozenDictionary(m => m.Model, m => m.Fields, StringComparer.Ordinal));

    /// <summary>Names of the model classes that have a message.</summary>
    public static IEnumerable<string> Models => Table.Value.Keys;

    /// <summary>The fields of a model's message; null when it has none.</summary>
    public static IReadOnlyList<ProtobufFieldFacts>? Find(Type model) => Table.Value.GetValueOrDefault(model.Name);

    private static (string Model, IReadOnlyList<ProtobufFieldFacts> Fields) Parse(string line)
    {
        var space = line.IndexOf(' ', StringComparison.Ordinal);
        var model = space < 0 ? line : line[..space];
        var at = model.Length;
        return (model, ParseFields(line, ref at));
    }

    /// <summary>Words up to a closing brace or the end.</summary>
    private static List<ProtobufFieldFacts> ParseFields(string line, ref int at)
    {
        var fields = new List<ProtobufFieldFacts>();
        while (at < line.Length && line[at] != '}')
        {
            if (line[at] == ' ')
            {
                at++;
                continue;
            }

            fields.Add(ParseField(line, ref at));
        }

        at++;
        return fields;
    }

    private static ProtobufFieldFacts ParseField(string line, ref int at)
    {
        var end = line.AsSpan(at).IndexOfAny('=', '{') + at;
        var head = line[at..end];
        at = end + 1;
        if (line[end] == '{')
        {
            return new ProtobufFieldFacts(int.Parse(head, CultureInfo.InvariantCulture), "", ParseFields(line, ref at));
        }

        var start = at;
        while (at < line.Length && char.IsAsciiDigit(line[at]))
        {
            at++;
        }

        return new ProtobufFieldFacts(
            int.Parse(line.AsSpan(start, at - start), CultureInfo.InvariantCulture), head, null);
    }
}
