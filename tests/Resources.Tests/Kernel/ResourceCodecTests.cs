using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;
using OrleansOrchestrator.Resources.Tests.Golden;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel;

public sealed class ResourceCodecTests
{
    [Theory]
    [InlineData(
        "{\"data\":{\"a\":5}}", "json: cannot unmarshal number into Go struct field ConfigMap.data of type string")]
    [InlineData(
        "{\"data\":[]}", "json: cannot unmarshal array into Go struct field ConfigMap.data of type map[string]string")]
    [InlineData(
        "{\"metadata\":\"x\"}",
        "json: cannot unmarshal string into Go struct field ConfigMap.metadata of type v1.ObjectMeta")]
    [InlineData(
        "{\"metadata\":{\"uid\":1}}",
        "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.uid of type types.UID")]
    [InlineData(
        "{\"metadata\":{\"generation\":1.5}}",
        "json: cannot unmarshal number 1.5 into Go struct field ObjectMeta.metadata.generation of type int64")]
    [InlineData(
        "{\"immutable\":\"x\"}", "json: cannot unmarshal string into Go struct field ConfigMap.immutable of type bool")]
    [InlineData("{\"binaryData\":{\"a\":\"$\"}}", "illegal base64 data at input byte 0")]
    public void WrongTypesAreReportedInGosWords(string json, string error)
    {
        var decoding = new JsonDecoding();
        ResourceCodec.Read(typeof(V1ConfigMap), Encoding.UTF8.GetBytes(json), decoding);
        Assert.Equal(error, decoding.Error);
    }

    [Fact]
    public void DeepTypeErrorsNameTheInnermostStruct()
    {
        var decoding = new JsonDecoding();
        ResourceCodec.Read(
            typeof(V1Pod),
            "{\"spec\":{\"containers\":[{\"ports\":[{\"containerPort\":\"x\"}]}]}}"u8,
            decoding);
        Assert.Equal(
            "json: cannot unmarshal string into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32",
            decoding.Error);
    }

    [Fact]
    public void AStrictFindingIsToldOnceAndNoMoreThanAHundred()
    {
        Assert.Equal(
            ["unknown field \"a\"", "duplicate field \"kind\""],
            Findings("""{"a":1,"kind":"ConfigMap","a":2,"kind":"ConfigMap","a":3,"kind":"ConfigMap"}"""));
        var many = string.Join(',', Enumerable.Range(0, 150).Select(i => $"\"a{i}\":1"));
        Assert.Equal(100, Findings($"{{\"z\":1,\"z\":2,{many}}}").Count);

        static IReadOnlyList<string> Findings(string json)
        {
            var decoding = new JsonDecoding();
            ResourceCodec.Read(typeof(V1ConfigMap), Encoding.UTF8.GetBytes(json), decoding);
            return decoding.Findings;
        }
    }

    [Fact]
    public void StrictFindingsComeInOrderWithPaths()
    {
        var decoding = new JsonDecoding();
        var read = (V1ConfigMap)ResourceCodec.Read(
            typeof(V1ConfigMap),
            "{\"metadata\":{\"name\":\"d\",\"name\":\"e\",\"bogus\":1},\"data\":{\"a\":\"1\",\"a\":\"2\"},\"zzz\":{\"q\":1},\"data\":{\"b\":\"3\"}}"u8,
            decoding);
        Assert.Equal(
            [
                "duplicate field \"metadata.name\"", "unknown field \"metadata.bogus\"", "duplicate field \"data.a\"",
                "unknown field \"zzz\"", "duplicate field \"data\"",
            ],
            decoding.Findings);
        Assert.Equal("e", read.Metadata.Name);
        Assert.Equal("2", read.Data["a"]);
        Assert.Equal("3", read.Data["b"]);
    }

    [Fact]
    public void ZeroValuesAreLeftOutAsInGo()
    {
        var pod = ResourceCodec.Decode<V1Pod>(
            """{"metadata":{"name":"a","labels":{},"creationTimestamp":null},"spec":{"hostNetwork":false,"hostUsers":false,"priority":0,"containers":[{"name":"c","stdin":false,"args":[],"resources":{"limits":{"cpu":"1000m","x.y/z":"02","memory":1.5}}}]}}"""u8
                .ToArray());
        Assert.Equal(
            """{"metadata":{"name":"a"},"spec":{"containers":[{"name":"c","resources":{"limits":{"cpu":"1","memory":"1500m","x.y/z":"02"}}}],"hostUsers":false,"priority":0},"status":{}}""",
            Encoding.UTF8.GetString(ResourceCodec.Encode(pod)));
    }

    [Fact]
    public void LoneSurrogatesBecomeReplacementCharacters()
    {
        var decoding = new JsonDecoding();
        var read =
            (V1ConfigMap)ResourceCodec.Read(typeof(V1ConfigMap), "{\"data\":{\"a\":\"x\\ud800\\n\"}}"u8, decoding);
        Assert.Equal("x\uFFFD\n", read.Data["a"]);
    }

    [Fact]
    public void NumericStringsStayStrings()
    {
        const string Json = """{"metadata":{},"spec":{"ports":[{"port":1,"targetPort":"80"},{"port":2,"targetPort":81}]},"status":{"loadBalancer":{}}}""";
        var service = ResourceCodec.Decode<V1Service>(Encoding.UTF8.GetBytes(Json));
        Assert.Equal(Json, Encoding.UTF8.GetString(ResourceCodec.Encode(service)));
    }

    [Fact]
    public void TheRevisionGoesWhereTheOffsetSays()
    {
        var item = new V1ConfigMap { Metadata = new V1ObjectMeta { Name = "a", ResourceVersion = "77", Uid = "u" } };
        var (json, offset) = ResourceCodec.EncodeForWrite(item);
        var text = Encoding.UTF8.GetString(json);
        var filled = JsonNode.Parse(text.Insert(offset, "123"))!;
        Assert.Equal("123", (string?)filled["metadata"]!["resourceVersion"]);
        Assert.Contains("\"resourceVersion\":\"\"", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "unexpected end of JSON input")]
    [InlineData("{nope", "invalid character 'n' looking for beginning of object key string")]
    [InlineData("{\"a\":1", "unexpected end of JSON input")]
    [InlineData("{} xyz", "invalid character 'x' after top-level value")]
    [InlineData("{\"a\" 1}", "invalid character '1' after object key")]
    [InlineData("[1 2]", "invalid character '2' after array element")]
    [InlineData("\uFEFF{}", "invalid character 'ï' looking for beginning of value")]
    [InlineData("\"a\tb\"", "invalid character '\\t' in string literal")]
    [InlineData("tru", "unexpected end of JSON input")]
    [InlineData("trux", "invalid character 'x' in literal true (expecting 'e')")]
    [InlineData("{}", null)]
    public void SyntaxErrorsAreGos(string json, string? error) =>
        Assert.Equal(error, GoJson.FindError(Encoding.UTF8.GetBytes(json)));

    [Theory]
    [InlineData("x", "parsing time \"x\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"x\" as \"2006\"")]
    [InlineData("2020-13-01T00:00:00Z", "parsing time \"2020-13-01T00:00:00Z\": month out of range")]
    [InlineData("2020-01-01T00:00:00Zx", "parsing time \"2020-01-01T00:00:00Zx\": extra text: \"x\"")]
    [InlineData(
        "2020-01-01", "parsing time \"2020-01-01\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\" as \"T\"")]
    public void BadTimesAreReportedInGosWords(string text, string error)
    {
        Assert.False(GoTime.TryParse(text, hasMicroseconds: false, out _, out var actual));
        Assert.Equal(error, actual);
    }

    [Theory]
    [InlineData("1000m", "1")]
    [InlineData("0.5", "500m")]
    [InlineData("1.5Gi", "1536Mi")]
    [InlineData("1024Mi", "1Gi")]
    [InlineData("02", "02")]
    [InlineData("1e9", "1e9")]
    [InlineData("100Mi", "100Mi")]
    [InlineData("0", "0")]
    [InlineData("-", "0")]
    [InlineData(".", "0")]
    public void QuantitiesAreWrittenCanonically(string text, string canonical) =>
        Assert.Equal(canonical, GoQuantity.Parse(text)!.ToString());

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("1 Gi")]
    [InlineData("1.2.3")]
    [InlineData("1Kx")]
    [InlineData("1mm")]
    [InlineData("1.1.M")]
    public void BadQuantitiesAreRefused(string text)
    {
        Assert.Null(GoQuantity.Parse(text, out var error));
        Assert.NotNull(error);
    }

    [Fact]
    public void EveryKindOfTheTableHasACodec()
    {
        foreach (var definition in BuiltInResources.Table.All)
        {
            var empty = definition.Codec.Decode("{}"u8.ToArray());
            Assert.NotEmpty(ResourceCodec.EncodeForWrite(empty).Json);
        }
    }

    /// <summary>Answers of a real API server survive decoding and encoding unchanged.</summary>
    [Fact]
    public void RecordedObjectsRoundTrip()
    {
        var failures = new List<string>();
        var count = 0;
        foreach (var (node, model) in RecordedObjects.Load())
        {
            var bytes = Encoding.UTF8.GetBytes(node.ToJsonString());
            var again = JsonNode.Parse(ResourceCodec.Encode(ResourceCodec.Decode(model, bytes)));
            count++;
            if (!JsonNode.DeepEquals(node, again))
            {
                failures.Add(node.ToJsonString() + "\n=> " + again!.ToJsonString());
            }
        }

        Assert.True(count > 0, "nothing was compared");
        Assert.True(failures.Count == 0, $"{failures.Count} of {count}:\n" + string.Join('\n', failures.Take(20)));
    }
}

/// <summary>Objects in the answers of recorded exchanges, with stand-ins for their placeholders.</summary>
internal static class RecordedObjects
{
    public static IEnumerable<(JsonNode Object, Type Model)> Load()
    {
        var files = Directory.EnumerateFiles(GoldenExchanges.Folder, "*.jsonl", SearchOption.AllDirectories);
        foreach (var line in files.Order().SelectMany(File.ReadLines))
        {
            var text = line.Replace("<time>", "2026-01-02T03:04:05Z", StringComparison.Ordinal)
                .Replace("<microtime>", "2026-01-02T03:04:05.123456Z", StringComparison.Ordinal)
                .Replace("\"<nodePort>\"", "30123", StringComparison.Ordinal)
                .Replace("<ip>", "10.96.0.7", StringComparison.Ordinal);
            var body = JsonNode.Parse(text)?["response"]?["body"] as JsonObject;
            if (body is not null && BuiltInResources.Table.All.FirstOrDefault(d => d.Kind == Text(body, "kind") &&
                d.ApiVersion == Text(body, "apiVersion")) is { } definition)
            {
                yield return (body, definition.Model());
            }
        }
    }

    private static string? Text(JsonObject item, string name) =>
        item[name] is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;
}
