using System.Text;
using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Kernel;

public sealed class BodyDecoderTests
{
    private static readonly ExpectedBody ConfigMap = new(TypedCodec<V1ConfigMap>.Instance, "v1", "ConfigMap");

    [Theory]
    [InlineData("", "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)")]
    [InlineData("""{"apiVersion":"a/b/c","kind":"X"}""", "the object provided is unrecognized (must be of type ConfigMap): unexpected GroupVersion string: a/b/c ({\"apiVersion\":\"a/b/c\",\"kind\":\" ...)")]
    [InlineData("""{"apiVersion":"apps/v1","kind":"Deployment"}""", "Deployment in version \"v1\" cannot be handled as a ConfigMap: converting (v1.Deployment) to (core.ConfigMap): unknown conversion")]
    [InlineData("""{"data":{"a":1}}""", "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ConfigMap.data of type string")]
    public void RefusalsAreUpstreams(string body, string message)
    {
        var outcome =
            BodyDecoder.Decode(ConfigMap, Encoding.UTF8.GetBytes(body), BodyFormat.Json, FieldValidation.Warn, []);
        Assert.Equal((400, message), (outcome.Error!.Code, outcome.Error.Message));
    }

    [Fact]
    public void WarningsAreGivenAndStrictRefuses()
    {
        var body = """{"metadata":{"name":"a"},"bogus":1}"""u8.ToArray();
        var warnings = new List<string>();
        Assert.True(BodyDecoder.Decode(ConfigMap, body, BodyFormat.Json, FieldValidation.Warn, warnings).Succeeded);
        Assert.Equal(["unknown field \"bogus\""], warnings);
        Assert.Equal(
            "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: unknown field \"bogus\"",
            BodyDecoder.Decode(ConfigMap, body, BodyFormat.Json, FieldValidation.Strict, []).Error!.Message);
    }

    /// <summary>Keys that come twice are warned of one by one, unknown fields in the order of their names.</summary>
    [Fact]
    public void OfYamlKeysAreToldByTheirLines()
    {
        var body = "metadata:\n  name: a\n  name: b\nz: 1\ndata: {k: v, k: w}\nbogus: 1\n"u8.ToArray();
        var warnings = new List<string>();
        Assert.True(BodyDecoder.Decode(ConfigMap, body, BodyFormat.Yaml, FieldValidation.Warn, warnings).Succeeded);
        Assert.Equal(
            [
                "line 3: key \"name\" already set in map", "line 5: key \"k\" already set in map",
                "unknown field \"bogus\"", "unknown field \"z\"",
            ],
            warnings);
        Assert.Equal(
            "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: "
                + "yaml: unmarshal errors:\n  line 3: key \"name\" already set in map\n"
                + "  line 5: key \"k\" already set in map, unknown field \"bogus\", unknown field \"z\"",
            BodyDecoder.Decode(ConfigMap, body, BodyFormat.Yaml, FieldValidation.Strict, []).Error!.Message);
    }

    /// <summary>
    /// Recorded by hand from real manifests, then broken at random: every outcome is an object or a 400.
    /// </summary>
    [Fact]
    public void BrokenBodiesNeverCauseAnError()
    {
        var seeds = new[]
        {
            """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","labels":{"x":"y"},"creationTimestamp":null},"spec":{"containers":[{"name":"c","image":"i","ports":[{"containerPort":80}],"resources":{"limits":{"cpu":"1500m","memory":"1Gi"}},"env":[{"name":"A","valueFrom":{"fieldRef":{"fieldPath":"x"}}}]}],"volumes":[{"name":"v","emptyDir":{"sizeLimit":"1Gi"}}]}}""",
            """{"metadata":{"name":"s"},"spec":{"ports":[{"port":80,"targetPort":"http"}],"selector":{"a":"b"}},"data":{"a":"YQ=="},"subsets":[{"addresses":[{"ip":"1.2.3.4"}]}]}""",
            "apiVersion: v1\nkind: Pod\nmetadata: &m {name: a, labels: {x: y}}\nspec:\n  containers:\n  - name: c\n    args: [1, yes, 0x10, ~]\n",
        };
        var definitions = BuiltInResources.Table.All;
        Gen.Select(
            Gen.Int[0, seeds.Length - 1],
            Gen.Int[0, definitions.Count - 1],
            Gen.Bool,
            Gen.Select(Gen.Int[0, 400], Gen.Byte).Array[0, 4])
            .Check((seed, kind, yaml, edits) =>
            {
                var body = Encoding.UTF8.GetBytes(seeds[seed]);
                foreach (var (at, value) in edits)
                {
                    body[at % body.Length] = value;
                }

                var outcome = BodyDecoder.Decode(
                    ExpectedBody.Of(definitions[kind]) with { Kind = "Pod", ApiVersion = "v1" }, body,
                    yaml ? BodyFormat.Yaml : BodyFormat.Json, FieldValidation.Strict, []);
                if (outcome.Succeeded)
                {
                    definitions[kind].Strategy.SetDefaults(outcome.Value);
                    var encoded = ResourceCodec.Encode((object)outcome.Value);
                    Assert.Equal(encoded, ResourceCodec.Encode(definitions[kind].Codec.Decode(encoded)));
                }
                else
                {
                    Assert.Equal(400, outcome.Error.Code);
                }
            }, cases: 3000);
    }
}
