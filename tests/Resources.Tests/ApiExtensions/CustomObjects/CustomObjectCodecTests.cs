using System.Text;
using k8s.Models;
using OrleansOrchestrator.Resources.ApiExtensions.CustomObjects;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;
using OrleansOrchestrator.Resources.Kernel.Schema;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.ApiExtensions.CustomObjects;

public sealed class CustomObjectCodecTests
{
    private const string Schema = """
        {"type":"object","properties":{"spec":{"type":"object","properties":{"in":{"type":"object",
        "x-kubernetes-embedded-resource":true,"x-kubernetes-preserve-unknown-fields":true}}}}}
        """;

    [Theory]
    [InlineData(
        """{"apiVersion":"v1","kind":"A","metadata":{"name":"x","bogus":1,"creationTimestamp":null},"any":2}""",
        """{"apiVersion":"v1","kind":"A","metadata":{"name":"x"},"any":2}""",
        "unknown field \"spec.in.metadata.bogus\"")]
    [InlineData("""{"kind":"A","metadata":null}""", """{"kind":"A","metadata":{}}""", "")]
    [InlineData("""{"kind":"A"}""", """{"kind":"A"}""", "")]
    public void MetadataOfWhatIsWithinHasItsForm(string given, string wanted, string findings)
    {
        var (item, decoding) = Read(given);
        Assert.Null(decoding.Error);
        Assert.Equal(wanted, item.Body["spec"]!["in"]!.ToJsonString());
        Assert.Equal(findings, string.Join('|', decoding.Findings));
    }

    [Theory]
    [InlineData(
        """{"metadata":[]}""",
        "spec.in.metadata: Invalid value: []: json: cannot unmarshal array into Go value of type v1.ObjectMeta")]
    [InlineData("""{"kind":5}""", "spec.in.kind: Invalid value: 5: must be a string")]
    [InlineData(
        """{"metadata":{"labels":5}}""",
        """spec.in.metadata: Invalid value: {"labels":5}: json: cannot unmarshal number into Go struct field """
        + "ObjectMeta.labels of type map[string]string")]
    public void WhatHasAnotherTypeIsRefused(string given, string why) =>
        Assert.Equal(why, Read(given).Decoding.Error);

    [Theory]
    [InlineData("1.0", "1")]
    [InlineData("1e15", "1000000000000000")]
    [InlineData("12345678901234567890", "12345678901234567000")]
    [InlineData("9007199254740993", "9007199254740993")]
    [InlineData("1e-7", "1e-7")]
    public void NumbersAreWrittenAsGoWritesThem(string given, string wanted)
    {
        var (item, _) = Read($$"""{"apiVersion":"v1","kind":"A","any":{{given}}}""");
        var json = Encoding.UTF8.GetString(ResourceCodec.EncodeForWrite(item).Json);
        Assert.Contains($"\"any\":{wanted},", json, StringComparison.Ordinal);
    }

    /// <summary>Upstream reads it all, and looks for what is unknown afterwards.</summary>
    [Fact]
    public void DuplicatesAreToldBeforeWhatIsUnknown() =>
        Assert.Equal(
            [
                "duplicate field \"metadata.name\"", "duplicate field \"spec.b\"", "unknown field \"metadata.x\"",
                "unknown field \"spec.a\"", "unknown field \"spec.b\"",
            ],
            ReadAll("""{"metadata":{"x":1,"name":"o","name":"o"},"spec":{"b":1,"b":2,"a":3}}""").Decoding.Findings);

    private static (CustomObject Item, JsonDecoding Decoding) Read(string within) =>
        ReadAll($$$"""{"metadata":{"name":"o"},"spec":{"in":{{{within}}} } }""");

    private static (CustomObject Item, JsonDecoding Decoding) ReadAll(string json)
    {
        var decoding = new JsonDecoding();
        var codec = new CustomObjectCodec(new VersionSchema(
            new SchemaKind("e.com", "v1", "Thing"), static () => JsonSchema.Parse(Schema)));
        var item = codec.Read(Encoding.UTF8.GetBytes(json), decoding);
        return ((CustomObject)item, decoding);
    }
}
