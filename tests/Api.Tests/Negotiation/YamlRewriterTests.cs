using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.SeedKit;
using YamlDotNet.RepresentationModel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Negotiation;

public sealed class YamlRewriterTests
{
    [Fact]
    public void WritesAsKubernetesPrints()
    {
        const string Json = """
            {"kind":"Pod","apiVersion":"v1","metadata":{"name":"web","labels":{"b":"true","a":"1"},"annotations":{}},
             "spec":{"containers":[{"name":"c","args":["-x","a: b"],"ports":[{"containerPort":80}]}],"text":"one\ntwo\n","none":[],"nil":null}}
            """;
        const string Expected = """
            apiVersion: v1
            kind: Pod
            metadata:
              annotations: {}
              labels:
                a: "1"
                b: "true"
              name: web
            spec:
              containers:
              - args:
                - "-x"
                - "a: b"
                name: c
                ports:
                - containerPort: 80
              nil: null
              none: []
              text: |
                one
                two

            """;
        Assert.Equal(Expected, Rewrite(Json));
    }

    /// <summary>
    /// Every string survives, whatever it looks like: read back by a YAML parser it is the same text, as a string.
    /// </summary>
    [Fact]
    public void StringsSurvive()
    {
        var text = Gen.OneOf(
            Pick.From(
                "null",
                "yes",
                "1e3",
                "0x1f",
                "~",
                "- a",
                "a: b",
                "a #b",
                " x",
                "x ",
                "a\nb",
                "a\n\nb\n",
                "\n",
                "a\tb",
                "2001-01-01",
                "é",
                ""),
            Gen.String[Gen.Char[' ', '~'], 0, 12],
            Gen.String[Pick.From('a', '\n', ' ', ':', '#', '"', '\'', '-', '\\', '{', '\u00e9', '\u2028'), 0, 8]);
        Gen.Select(text, text).Check((key, value) =>
        {
            var json =
                new JsonObject { ["k" + key] = new JsonArray(value, new JsonObject { ["v"] = value }) }.ToJsonString();
            var stream = new YamlStream();
            stream.Load(new StringReader(Rewrite(json)));
            var root = (YamlMappingNode)stream.Documents[0].RootNode;
            var items = (YamlSequenceNode)root.Children[new YamlScalarNode("k" + key)];
            Assert.Equal(value, ((YamlScalarNode)items[0]).Value);
            Assert.Equal(value, ((YamlScalarNode)items[1]["v"]).Value);
            return true;
        });
    }

    private static string Rewrite(string json)
    {
        var output = new ArrayBufferWriter<byte>();
        YamlRewriter.Write(
            output, Encoding.UTF8.GetBytes(JsonNode.Parse(json)!.ToJsonString(JsonSerializerOptions.Default)));
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
