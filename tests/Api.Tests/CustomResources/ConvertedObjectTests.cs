using System.Text;
using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Api.CustomResources;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.CustomResources;

/// <summary>Whatever a webhook makes of an object is taken or refused, and never changes what it must not.</summary>
public sealed class ConvertedObjectTests
{
    private static readonly Gen<string> Leaves = Gen.OneOf(
        "null", "true", "7", "\"\"", "\"a\"", "\"Boat\"", "\"g/v1\"", "[]", "[1]", "{}", "\"bad key!\"");

    private static readonly Gen<string> Fields = Gen.OneOf(
        "metadata", "labels", "annotations", "name", "namespace", "uid", "kind", "apiVersion", "spec", "bad key!");

    private static readonly Gen<string> Values = Gen.Recursive<string>((depth, again) =>
        depth > 3 ? Leaves : Gen.OneOf(
            Leaves,
            Gen.Select(Fields, again).Array[0, 5].Select(
                fields => $"{{{string.Join(',', fields.Select(f => $"\"{f.Item1}\":{f.Item2}"))}}}")));

    [Fact]
    public void MetadataStaysButForLabelsAndAnnotations() => Gen.Select(Values, Values).Check((metadata, spec) =>
    {
        var original = new CustomObject
        {
            ApiVersion = "g/v2", Kind = "Boat", Metadata = new V1ObjectMeta { Name = "a", Uid = "u", Generation = 3 },
        };
        var text = $"{{\"apiVersion\":\"g/v1\",\"kind\":\"Boat\",\"metadata\":{metadata},\"spec\":{spec}}}";
        var answer = ConversionAnswer.Read(
            Encoding.UTF8.GetBytes(
                "{\"kind\":\"ConversionReview\",\"apiVersion\":\"x/v1\",\"response\":{\"uid\":\"u\",\"result\":"
                + $"{{\"status\":\"Success\"}},\"convertedObjects\":[{text}]}}}}"),
            "x/v1", "u");
        var read = ConvertedObject.Read(original, answer.Required[0], "g/v1");
        if (read.Succeeded)
        {
            var kept = read.Value.Metadata;
            Assert.Equal(("a", "u", (long?)3), (kept.Name, kept.Uid, kept.Generation));
            Assert.All(read.Value.Metadata.Labels ?? new Dictionary<string, string>(), l => Assert.True(
                NameRules.IsQualifiedName(l.Key) && NameRules.IsLabelValue(l.Value)));
        }
    });

    [Theory]
    [InlineData("""{"labels":{"x":5}}""", "metadata.labels[x] must be a string, but is int64 in converted object")]
    [InlineData("""{"labels":{"ok":"a"}}""", "")]
    [InlineData(
        """{"annotations":{"a b":"","c d":""}}""",
        "[metadata.annotation: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or "
        + "'.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', "
        + "regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'), metadata.annotation: Invalid "
        + "value: \"c d\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
        + "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
        + "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')]")]
    [InlineData(
        """{"annotations":{"a":"LONG"}}""", "metadata.annotation: Too long: may not be more than 262144 bytes")]
    [InlineData("""{"labels":{"b b":"was so before"}}""", "")]
    public void WhatChangesOfLabelsAndAnnotationsIsChecked(string metadata, string complaint)
    {
        const int TooLong = 262_145;
        var original = new CustomObject
        {
            ApiVersion = "g/v2", Kind = "Boat",
            Metadata = new V1ObjectMeta { Labels = new Dictionary<string, string> { ["b b"] = "was so before" } },
        };
        var given = metadata.Replace("LONG", new string('x', TooLong), StringComparison.Ordinal);
        var read = ConvertedObject.Read(
            original,
            System.Text.Json.Nodes.JsonNode.Parse($$"""{"apiVersion":"g/v1","kind":"Boat","metadata":{{given}}}"""),
            "g/v1");
        Assert.Equal(complaint, read.Succeeded ? "" : read.Error.Message);
    }

    [Fact]
    public void WhatHasNoKindIsNoObject() => Assert.Equal(
        "Object 'Kind' is missing in '{\"metadata\":{}}'",
        ConvertedObject.Read(
            new CustomObject { ApiVersion = "g/v2", Kind = "Boat" },
            System.Text.Json.Nodes.JsonNode.Parse("""{"metadata":{}}"""), "g/v1").Error!.Message);

    [Fact]
    public void AnIdentityIsKept()
    {
        var original = new CustomObject
        {
            ApiVersion = "g/v2", Kind = "Boat", Metadata = new V1ObjectMeta { Name = "a", Uid = "u" },
        };
        var read = ConvertedObject.Read(
            original,
            System.Text.Json.Nodes.JsonNode.Parse(
                """{"apiVersion":"g/v1","kind":"Boat","metadata":{"name":"a","uid":"u","labels":{"x":"y"}}}"""),
            "g/v1");
        Assert.Equal("y", read.Required.Metadata.Labels["x"]);
    }
}
