using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using OrleansOrchestrator.Api.CustomResources;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.CustomResources;

/// <summary>Whatever a conversion webhook answers: it is taken or refused, with words of why.</summary>
public sealed class ConversionAnswerTests
{
    private const string Review = "apiextensions.k8s.io/v1";
    private const string Good = """
        {"apiVersion":"apiextensions.k8s.io/v1","kind":"ConversionReview","response":{"uid":"u",
        "result":{"status":"Success"},"convertedObjects":[{"apiVersion":"example.com/v2","kind":"Boat",
        "metadata":{"name":"a","namespace":"n","uid":"1","labels":{"a":"b"},"annotations":{"c":"d"}},"spec":{"x":1}}]}}
        """;

    private static readonly string[] Nasty =
    [
        "null", "true", "{}", "[]", "\"\"", "-1", "1e400", "[null]", "{\"a\":1,\"a\":2}", "\"\\ud800\"", "nul",
        "{\"\":{}}", new string('[', 2000) + new string(']', 2000), "\"" + new string('x', 100_000) + "\"",
        "{\"A b\":\"c d\"}",
    ];

    [Fact]
    public void AGoodOneIsTaken() => Assert.Equal("", Judge(Encoding.UTF8.GetBytes(Good)));

    /// <summary>Neither its kind nor its question is looked at.</summary>
    [Fact]
    public void AnAnswerInTheOlderVersionIsTakenAsItIs()
    {
        var answer = """{"response":{"result":{"status":"Success"},"convertedObjects":[]}}"""u8;
        Assert.True(ConversionAnswer.Read(answer, "apiextensions.k8s.io/v1beta1", "u").Succeeded);
        Assert.Equal(
            "expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got /, Kind=",
            ConversionAnswer.Read(answer, Review, "u").Error!.Message);
    }

    [Fact]
    public void AnyBytesAreTakenOrRefused() =>
        Gen.Byte.Array[0, 200].Check(static bytes => Assert.NotEmpty(Judge(bytes)));

    [Fact]
    public void AnyChangeOfAGoodOneIsTakenOrRefused() =>
        Gen.Select(Gen.Int[0, Good.Length - 1], Gen.Int[0, 80], Gen.OneOf(Nasty)).Array[1, 3].Check(
            static edits => Judge(Encoding.UTF8.GetBytes(edits.Aggregate(Good, static (text, edit) =>
            {
                var at = Math.Min(edit.Item1, text.Length);
                return text[..at] + edit.Item3 + text[Math.Min(at + edit.Item2, text.Length)..];
            }))),
            cases: 3000);

    [Fact]
    public void AnyValueInAnyPlaceIsTakenOrRefused()
    {
        var places = Places(JsonNode.Parse(Good)!);
        Gen.Select(Gen.Int[0, places.Count - 1], Gen.OneOf(Nasty)).Check(
            (place, value) => Judge(
                Encoding.UTF8.GetBytes(Good.Replace(places[place], value, StringComparison.Ordinal))),
            cases: 1000);
    }

    /// <summary>What is wrong with an answer; empty for nothing.</summary>
    private static string Judge(byte[] answer)
    {
        var original = new CustomObject { ApiVersion = "example.com/v1", Kind = "Boat" };
        original.Metadata.Name = "a";
        original.Metadata.NamespaceProperty = "n";
        original.Metadata.Uid = "1";
        var read = ConversionAnswer.Read(answer, Review, "u");
        if (!read.Succeeded)
        {
            return Told(read.Error);
        }

        if (read.Value.Count != 1)
        {
            return "another number of objects";
        }

        var item = ConvertedObject.Read(original, read.Value[0], "example.com/v2");
        return item.Succeeded ? "" : Told(item.Error);
    }

    private static string Told(Status error)
    {
        Assert.False(string.IsNullOrEmpty(error.Message));
        return error.Message;
    }

    /// <summary>The texts of all values, as they stand.</summary>
    private static List<string> Places(JsonNode node)
    {
        var below = node switch
        {
            JsonObject map => map.Select(static p => p.Value),
            JsonArray list => list,
            _ => [],
        };
        return [node.ToJsonString(), .. below.OfType<JsonNode>().SelectMany(Places)];
    }
}
