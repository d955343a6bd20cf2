using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Patch;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Schema;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Patch;

public sealed class PatchTests
{
    /// <summary>Upstream's vectors for strategic merge patches, over the pod's schema.</summary>
    [Theory]
    [InlineData("""{"spec":{"containers":[{"name":"a","image":"1"},{"name":"b"}]}}""", """{"spec":{"containers":[{"name":"a","image":"2"}]}}""",
        """{"spec":{"containers":[{"name":"a","image":"2"},{"name":"b"}]}}""")]
    [InlineData("""{"spec":{"containers":[{"name":"a"},{"name":"b"}]}}""", """{"spec":{"containers":[{"name":"c"}]}}""",
        """{"spec":{"containers":[{"name":"c"},{"name":"a"},{"name":"b"}]}}""")]
    [InlineData("""{"spec":{"containers":[{"name":"a"},{"name":"b"}]}}""", """{"spec":{"containers":[{"name":"a","$patch":"delete"}]}}""",
        """{"spec":{"containers":[{"name":"b"}]}}""")]
    [InlineData("""{"spec":{"containers":[{"name":"a"},{"name":"b"}]}}""", """{"spec":{"containers":[{"name":"c"},{"$patch":"replace"}]}}""",
        """{"spec":{"containers":[{"name":"c"}]}}""")]
    [InlineData("""{"spec":{"containers":[{"name":"a"},{"name":"b"},{"name":"c"}]}}""",
        """{"spec":{"$setElementOrder/containers":[{"name":"c"},{"name":"a"},{"name":"b"}]}}""",
        """{"spec":{"containers":[{"name":"c"},{"name":"a"},{"name":"b"}]}}""")]
    [InlineData("""{"metadata":{"finalizers":["a","b","c"]}}""", """{"metadata":{"$deleteFromPrimitiveList/finalizers":["b"]}}""",
        """{"metadata":{"finalizers":["a","c"]}}""")]
    [InlineData("""{"metadata":{"finalizers":["a","b"]}}""", """{"metadata":{"finalizers":["c","a"]}}""",
        """{"metadata":{"finalizers":["c","a","b"]}}""")]
    [InlineData("""{"spec":{"tolerations":[{"key":"a"}]}}""", """{"spec":{"tolerations":[{"key":"b"}]}}""",
        """{"spec":{"tolerations":[{"key":"b"}]}}""")]
    [InlineData("""{"spec":{"volumes":[{"name":"v","emptyDir":{}}]}}""",
        """{"spec":{"volumes":[{"name":"v","hostPath":{"path":"/x"},"$retainKeys":["name","hostPath"]}]}}""",
        """{"spec":{"volumes":[{"name":"v","hostPath":{"path":"/x"}}]}}""")]
    [InlineData("""{"metadata":{"labels":{"a":"1","b":"2"}}}""", """{"metadata":{"labels":{"a":null,"c":"3"}}}""",
        """{"metadata":{"labels":{"b":"2","c":"3"}}}""")]
    [InlineData("""{"metadata":{"labels":{"a":"1"}}}""", """{"metadata":{"labels":{"$patch":"replace","c":"3"}}}""",
        """{"metadata":{"labels":{"c":"3"}}}""")]
    [InlineData("""{"spec":{"nodeSelector":{"a":"1"}}}""", """{"spec":{"nodeSelector":null}}""", """{"spec":{}}""")]
    [InlineData("""{"metadata":{}}""", """{"metadata":{"labels":{"$patch":"replace","c":"3"}}}""",
        """{"metadata":{}}""")]
    [InlineData("""{"spec":{"volumes":[]}}""", """{"spec":{"volumes":[{"name":"v","$retainKeys":["name"]}]}}""",
        """{"spec":{"volumes":[{"name":"v","$retainKeys":["name"]}]}}""")]
    public void StrategicMergeFollowsUpstream(string document, string patch, string expected)
    {
        var merged = StrategicMergePatch.Apply(
            JsonNode.Parse(document)!.AsObject(), JsonNode.Parse(patch)!.AsObject(), BuiltInSchema.Of(typeof(V1Pod)));
        Assert.Equal(JsonNode.Parse(expected)!.ToJsonString(), merged.Required.ToJsonString());
    }

    /// <summary>The examples of RFC 7386, appendix A, and what upstream makes of nulls in lists.</summary>
    [Theory]
    [InlineData("""{"a":"b"}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":"b"}""", """{"b":"c"}""", """{"a":"b","b":"c"}""")]
    [InlineData("""{"a":"b"}""", """{"a":null}""", "{}")]
    [InlineData("""{"a":["b"]}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":"c"}""", """{"a":["b"]}""", """{"a":["b"]}""")]
    [InlineData("""{"a":{"b":"c"}}""", """{"a":{"b":"d","c":null}}""", """{"a":{"b":"d"}}""")]
    [InlineData("""{"e":null}""", """{"a":1}""", """{"e":null,"a":1}""")]
    [InlineData("{}", """{"a":{"bb":{"ccc":null}}}""", """{"a":{"bb":{}}}""")]
    [InlineData("{}", """{"l":[1,null,{"x":null,"y":[{"z":null}]}]}""", """{"l":[1,null,{"y":[{}]}]}""")]
    [InlineData("""{"l":[2]}""", """{"l":[{"x":null}]}""", """{"l":[{}]}""")]
    [InlineData("""{"l":null}""", """{"l":{"x":null}}""", """{"l":{}}""")]
    public void MergePatchFollowsItsStandardAndUpstream(string document, string patch, string expected) =>
        Assert.Equal(expected, MergePatch.Apply(JsonNode.Parse(document), JsonNode.Parse(patch))!.ToJsonString());

    [Theory]
    [InlineData("""[{"op":"add","path":"/l/1","value":9}]""", """{"l":[1,9,2],"m":{"k":"v"}}""")]
    [InlineData("""[{"op":"add","path":"/l/-","value":9}]""", """{"l":[1,2,9],"m":{"k":"v"}}""")]
    [InlineData("""[{"op":"remove","path":"/l/-1"}]""", """{"l":[1],"m":{"k":"v"}}""")]
    [InlineData("""[{"op":"replace","path":"/l/0","value":7}]""", """{"l":[7,2],"m":{"k":"v"}}""")]
    [InlineData("""[{"op":"move","from":"/m/k","path":"/m/n"}]""", """{"l":[1,2],"m":{"n":"v"}}""")]
    [InlineData("""[{"op":"copy","from":"/m","path":"/n"}]""", """{"l":[1,2],"m":{"k":"v"},"n":{"k":"v"}}""")]
    [InlineData("""[{"op":"test","path":"/l","value":[1,2.0]}]""", """{"l":[1,2],"m":{"k":"v"}}""")]
    [InlineData("""[{"op":"replace","path":"/m/absent","value":1}]""", """{"l":[1,2],"m":{"absent":1,"k":"v"}}""")]
    public void JsonPatchFollowsItsStandardAndUpstream(string patch, string expected)
    {
        var document = JsonNode.Parse("""{"l":[1,2],"m":{"k":"v"}}""")!;
        var patched = JsonPatch.Parse(Encoding.UTF8.GetBytes(patch)).Required.Apply(document);
        Assert.Equal(expected, patched.Required.ToJsonString());
    }

    [Theory]
    [InlineData("""[{"op":"remove","path":"/x"}]""")]
    [InlineData("""[{"op":"add","path":"/x/y","value":1}]""")]
    [InlineData("""[{"op":"add","path":"/l/9","value":1}]""")]
    [InlineData("""[{"op":"test","path":"/m/k","value":"w"}]""")]
    [InlineData("""[{"op":"move","from":"/x","path":"/y"}]""")]
    [InlineData("""[{"op":"frob","path":"/l"}]""")]
    public void JsonPatchesThatDoNotApplyAreRefused(string patch)
    {
        var document = JsonNode.Parse("""{"l":[1,2],"m":{"k":"v"}}""")!;
        Assert.Equal(422, JsonPatch.Parse(Encoding.UTF8.GetBytes(patch)).Required.Apply(document).Error!.Code);
    }

    /// <summary>A merge patch is idempotent, and what it set is there.</summary>
    [Fact]
    public void MergingTwiceChangesNothingMore() =>
        Gen.Select(JsonGen.Object, JsonGen.Object).Check((document, patch) =>
        {
            var once = MergePatch.Apply(JsonNode.Parse(document), JsonNode.Parse(patch))!.ToJsonString();
            var twice = MergePatch.Apply(JsonNode.Parse(once), JsonNode.Parse(patch))!.ToJsonString();
            Assert.Equal(once, twice);
        });

    /// <summary>
    /// Whatever comes as a patch, there is an answer below 500, or one of those that upstream gives with 500.
    /// </summary>
    [Fact]
    public void NoPatchCausesAnError()
    {
        var pod = """{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","finalizers":["x/y"]},"spec":{"containers":[{"name":"c","image":"i"}]}}"""u8.ToArray();
        Gen.Select(JsonGen.PodPatch, Pick.From(PatchKind.Json, PatchKind.Merge, PatchKind.Strategic, PatchKind.Apply)).Check((patch, kind) =>
        {
            var parsed = ObjectPatch.Parse(kind, Encoding.UTF8.GetBytes(patch), FieldValidation.Strict);
            var outcome = parsed.Succeeded
                ? parsed.Value.Apply(new ExpectedBody(TypedCodec<V1Pod>.Instance, "v1", "Pod"), pod, []) : parsed.Error;
            var isForeseen = outcome.Succeeded || outcome.Error.Code is < 500 or 501
                || outcome.Error.Reason == StatusReasons.Unknown;
            Assert.True(isForeseen, $"{patch}: {outcome.Error?.Message}");
        }, cases: 3000);
    }

    /// <summary>What is odd in a patch itself is told before what it makes of the object, each once.</summary>
    [Theory]
    [InlineData(
        PatchKind.Json,
        """[{"op":"test","path":"/kind","value":"Pod","x":1,"x":{"y":1,"y":2}},{"op":"add","path":"/a","path":"/b","value":{"z":1,"z":2}}]""",
        """json patch unknown field "[0].x", json patch duplicate field "[1].path", json patch duplicate field "[1].value.z", unknown field "b" """)]
    [InlineData(
        PatchKind.Json,
        """[{"op":"add","path":"/spec/y","value":{}},{"op":"add","path":"/spec/b","value":1},{"op":"add","path":"/a","value":1}]""",
        """unknown field "a", unknown field "spec.b", unknown field "spec.y" """)]
    [InlineData(
        PatchKind.Merge, """{"spec":{"a":1,"hostname":"a","hostname":"b","hostname":"c"}}""",
        """duplicate field "spec.hostname", unknown field "spec.a" """)]
    [InlineData(
        PatchKind.Strategic, """{"spec":{"containers":[{"name":"c","tty":true,"tty":true}]}}""",
        """duplicate field "spec.containers[0].tty" """)]
    public void FindingsOnAPatchComeFirst(PatchKind kind, string patch, string findings)
    {
        var pod = """{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"},"spec":{"containers":[{"name":"c"}]}}"""u8.ToArray();
        var expected = new ExpectedBody(TypedCodec<V1Pod>.Instance, "v1", "Pod");
        var strict = ObjectPatch.Parse(kind, Encoding.UTF8.GetBytes(patch), FieldValidation.Strict).Required;
        Assert.EndsWith(
            $": strict decoding error: {findings.Trim()}", strict.Apply(expected, pod, []).Error!.Message,
            StringComparison.Ordinal);
        var warnings = new List<string>();
        var warned = ObjectPatch.Parse(kind, Encoding.UTF8.GetBytes(patch), FieldValidation.Warn).Required;
        Assert.True(warned.Apply(expected, pod, warnings).Succeeded);
        Assert.Equal(findings.Trim(), string.Join(", ", warnings));
        var ignored = ObjectPatch.Parse(kind, Encoding.UTF8.GetBytes(patch), FieldValidation.Ignore).Required;
        Assert.True(ignored.Apply(expected, pod, warnings = []).Succeeded);
        Assert.Empty(warnings);
    }

    /// <summary>
    /// In the words of whoever decodes it: the server to validate it, else the library that
    /// applies it.
    /// </summary>
    [Theory]
    [InlineData(
        "{}", "json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
        "json: cannot unmarshal object into Go value of type jsonpatch.Patch")]
    [InlineData(
        "[1]", "json: cannot unmarshal number into Go value of type handlers.jsonPatchOp",
        "json: cannot unmarshal number into Go value of type jsonpatch.Operation")]
    [InlineData(
        """[{"op":"test","path":5}]""",
        "json: cannot unmarshal number into Go struct field jsonPatchOp.path of type string", null)]
    [InlineData(
        """[{"op":"test","path":"","value":[1e999]}]""",
        "json: cannot unmarshal number 1e999 into Go struct field jsonPatchOp.value of type float64", null)]
    [InlineData("""[{"op":null}, null]""", null, null)]
    [InlineData("null", null, null)]
    public void WhatIsNoJsonPatchIsRefused(string patch, string? validated, string? applied)
    {
        var bytes = Encoding.UTF8.GetBytes(patch);
        Assert.Equal(
            validated is null ? null : $"error decoding patch: {validated}",
            ObjectPatch.Parse(PatchKind.Json, bytes, FieldValidation.Warn).Error?.Message);
        Assert.Equal(applied, ObjectPatch.Parse(PatchKind.Json, bytes, FieldValidation.Ignore).Error?.Message);
    }

    /// <summary>
    /// What a strategic merge makes is converted from maps, not decoded from JSON, which has
    /// other words.
    /// </summary>
    [Theory]
    [InlineData("""{"spec":{"containers":"x"}}""", "cannot restore slice from string")]
    [InlineData("""{"metadata":{"labels":[]}}""", "cannot restore map from slice")]
    [InlineData("""{"spec":{"securityContext":true}}""", "cannot restore struct from: bool")]
    [InlineData("""{"spec":{"hostNetwork":1}}""", "unrecognized type: bool")]
    [InlineData("""{"spec":{"hostname":5}}""", "cannot convert int64 to string")]
    [InlineData("""{"spec":{"restartPolicy":5}}""", "cannot convert int64 to v1.RestartPolicy")]
    [InlineData("""{"spec":{"hostname":1.5}}""", "unrecognized type: string")]
    [InlineData("""{"spec":{"priority":{}}}""", "unrecognized type: int32")]
    [InlineData("""{"spec":{"priority":1.5}}""", "cannot convert float64 to int32")]
    public void AStrategicMergeOfAnotherTypeIsRefused(string patch, string complaint)
    {
        var pod = """{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"},"spec":{"containers":[{"name":"c"}]}}"""u8.ToArray();
        var parsed = ObjectPatch.Parse(PatchKind.Strategic, Encoding.UTF8.GetBytes(patch), FieldValidation.Warn).Required;
        var refused = parsed.Apply(new ExpectedBody(TypedCodec<V1Pod>.Instance, "v1", "Pod"), pod, []).Error!;
        Assert.Equal(422, refused.Code);
        Assert.EndsWith($"]\": {complaint}", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>The converter of maps takes what is whole for an integer, however it is written.</summary>
    [Theory]
    [InlineData(PatchKind.Strategic, "1e2", true)]
    [InlineData(PatchKind.Strategic, "100.0", true)]
    [InlineData(PatchKind.Merge, "100.0", false)]
    public void AStrategicMergeTakesWholeNumbers(PatchKind kind, string number, bool isTaken)
    {
        var pod = """{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"},"spec":{"containers":[{"name":"c"}]}}"""u8
            .ToArray();
        var patch = Encoding.UTF8.GetBytes($"{{\"spec\":{{\"priority\":{number}}}}}");
        var parsed = ObjectPatch.Parse(kind, patch, FieldValidation.Warn).Required;
        var patched = parsed.Apply(new ExpectedBody(TypedCodec<V1Pod>.Instance, "v1", "Pod"), pod, []);
        int? expected = isTaken ? 100 : null;
        Assert.Equal(expected, patched.Succeeded ? ((V1Pod)patched.Value).Spec.Priority : null);
    }

    /// <summary>As decoding into a map of any values refuses it; a merge patch is so decoded to be validated.</summary>
    [Theory]
    [InlineData(PatchKind.Strategic, FieldValidation.Ignore, "")]
    [InlineData(PatchKind.Strategic, FieldValidation.Warn, "")]
    [InlineData(PatchKind.Merge, FieldValidation.Warn, "error decoding patch: ")]
    [InlineData(PatchKind.Merge, FieldValidation.Ignore, null)]
    public void ANumberBeyondAllIsRefused(PatchKind kind, FieldValidation validation, string? prefix)
    {
        Assert.True(ObjectPatch.Parse(kind, """{"a":[1e308,99999999999999999999]}"""u8, validation).Succeeded);
        var parsed = ObjectPatch.Parse(kind, """{"a":{"b":[1,-1e999]}}"""u8, validation);
        Assert.Equal(
            prefix is null ? null : $"400 {prefix}json: cannot unmarshal number -1e999 into Go value of type float64",
            parsed.Succeeded ? null : $"{parsed.Error.Code} {parsed.Error.Message}");
    }
}

/// <summary>Random JSON.</summary>
internal static class JsonGen
{
    private static readonly Gen<string> Name = Pick.From("a", "b", "c", "metadata", "spec", "name");

    private static readonly Gen<string> PodName = Pick.From(
        "metadata", "spec", "status", "containers", "volumes", "name", "labels", "finalizers", "$patch", "$retainKeys",
        "$setElementOrder/containers", "$deleteFromPrimitiveList/finalizers", "op", "path", "value", "from", "image", "ports", "resources");

    private static readonly Gen<string> Scalar = Pick.From(
        "1", "\"x\"", "true", "null", "-2.5", "\"\"", "\"delete\"", "\"replace\"", "\"add\"", "\"remove\"", "\"/spec/containers/0\"",
        "\"/metadata\"", "\"c\"", "1e400", "99999999999999999999", "\"\\ud800\"");

    public static readonly Gen<string> Object =
        Tree(Name, Pick.From("1", "\"x\"", "true", "null", "[1,2]"), 3, lists: false);

    /// <summary>Patches that resemble real ones closely enough to get far.</summary>
    public static readonly Gen<string> PodPatch = Gen.OneOf(
        Tree(PodName, Scalar, 4, lists: true), Tree(PodName, Scalar, 3, lists: true).Array[0, 3].Select(
            a => $"[{string.Join(',', a)}]"),
        Gen.String[0, 20]);

    private static Gen<string> Tree(Gen<string> name, Gen<string> scalar, int depth, bool lists)
    {
        var inner = depth == 0 ? scalar : Gen.OneOf(scalar, Tree(name, scalar, depth - 1, lists));
        var item = lists ? Gen.OneOf(inner, inner.Array[0, 3].Select(a => $"[{string.Join(',', a)}]")) : inner;
        return Gen.Select(name, item).Array[0, 4].Select(
            pairs => $"{{{string.Join(',', pairs.DistinctBy(p => p.Item1).Select(p => $"\"{p.Item1}\":{p.Item2}"))}}}");
    }
}
