using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using OrleansOrchestrator.Resources.Kernel.Json;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel.Json;

public sealed class YamlConverterTests
{
    private static readonly string[] Scalars =
    [
        "0", "-0", "-7", "12345678901234567890", "1.5", "1e3", "true", "null", "\"\"", "\"yes\"", "\"a b\"", "\"#x: y\"",
        "\"é\"",
        "\"\\n\"", "\"<<\"", "\"~\"", "\"0x10\"", "\"{\"",
    ];

    private static readonly string[] Names = ["\"a\"", "\"b\"", "\"<<\"", "\"no\"", "\"\"", "\"x y\"", "\"-\""];

    private static readonly string[] Spaces = ["", "", "", "", "", "", "", " ", "\n", "\t"];

    [Fact]
    public void JsonIsWhatItIsAsYaml() => Gen.Int.Check(
        seed =>
        {
            var json = Object(new Random(seed), 0);
            var (asJson, asYaml) = (YamlConverter.ToJson(json), YamlConverter.ToJson([.. "\n"u8, .. json]));
            Assert.Equal(Text(asYaml), Text(asJson));
        },
        cases: 5000);

    [Fact]
    public void FieldsAreInTheOrderOfTheirNames() =>
        Assert.Equal(
            """{"Z":1,"a":{"b":2,"c":[{"p":3,"q":4}]}}""",
            Encoding.UTF8.GetString(YamlConverter.ToJson("a: {c: [{q: 4, p: 3}], b: 2}\nZ: 1\n"u8).Json.Span));

    /// <summary>The scanner looks at all brackets around each node.</summary>
    [Fact]
    public void ManyNodesAreNotManyLevelsDeep()
    {
        Assert.Null(Nested(390, 1000).Error);
        Assert.Null(Nested(10, 400_000).Error);
        Assert.Equal("yaml: exceeded max depth", Nested(390, 400_000).Error);

        static ConvertedYaml Nested(int levels, int nodes) => YamlConverter.ToJson(Encoding.UTF8.GetBytes(
            new string('[', levels) + string.Join(',', Enumerable.Repeat("1", nodes)) + new string(']', levels)));
    }

    private static string Text(ConvertedYaml converted) =>
        converted.Error is null
            ? $"{Encoding.UTF8.GetString(JsonTree.ToSortedBytes(JsonNode.Parse(converted.Json.Span)).Span)} "
                + $"{converted.DuplicateKeys is null}"
            : "error";

    private static byte[] Object(Random random, int depth) => Encoding.UTF8.GetBytes(Value(random, depth));

    private static string Value(Random random, int depth)
    {
        var space = Spaces[random.Next(Spaces.Length)];
        var count = random.Next(4);
        return (depth == 0 ? 0 : random.Next(depth > 3 ? 4 : 3)) switch
        {
            0 => $"{{{Many(count, ",", () => $"{Name(random)}{space}:{Value(random, depth + 1)}")}}}",
            1 => $"[{Many(count, "," + space, () => Value(random, depth + 1))}]",
            _ => Scalars[random.Next(Scalars.Length)],
        };
    }

    private static string Many(int count, string separator, Func<string> make) =>
        string.Join(separator, Enumerable.Range(0, count).Select(_ => make()));

    private static string Name(Random random) => Names[random.Next(Names.Length)];
}
