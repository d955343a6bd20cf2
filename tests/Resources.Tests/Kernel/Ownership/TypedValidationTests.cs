using System.Text.Json;
using OrleansOrchestrator.Resources.Kernel.Ownership;
using OrleansOrchestrator.Resources.Kernel.Schema;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel.Ownership;

public sealed class TypedValidationTests
{
    [Theory]
    [InlineData("""{"spec":{"containers":[{"name":"a","ports":[{"containerPort":80}]}]}}""", null)]
    [InlineData("""{"spec":{"activeDeadlineSeconds":"x"}}""",
        ".spec.activeDeadlineSeconds: expected numeric (int or float), got string")]
    [InlineData("""{"spec":{"activeDeadlineSeconds":{}}}""",
        ".spec.activeDeadlineSeconds: expected numeric (int or float), got map[string]interface {}")]
    [InlineData("""{"spec":{"nodeName":8080}}""",
        ".spec.nodeName: expected string, got &value.valueUnstructured{Value:8080}")]
    [InlineData("""{"metadata":{"labels":{"a":{"b":["c"]}}}}""",
        """.metadata.labels.a: expected string, got &value.valueUnstructured{Value:"""
        + """map[string]interface {}{"b":[]interface {}{"c"}}}""")]
    [InlineData("""{"spec":{"hostNetwork":"yes"}}""", ".spec.hostNetwork: expected boolean, got &{yes}")]
    [InlineData("""{"spec":[]}""", ".spec: expected map, got &{[]}")]
    [InlineData("""{"spec":{"containers":{"a":1}}}""", ".spec.containers: expected list, got &{map[a:1]}")]
    [InlineData("""{"spec":{"bogus":1}}""", ".spec.bogus: field not declared in schema")]
    [InlineData("""{"spec":{"containers":[{"name":"z"},{"name":"z"}]}}""",
        """.spec.containers: duplicate entries for key [name="z"]""")]
    [InlineData(
        """{"spec":{"containers":[{"name":"a","ports":[{"containerPort":80},{"containerPort":80,"protocol":"TCP"}]}]}}""",
        """.spec.containers[name="a"].ports: duplicate entries for key [containerPort=80,protocol="TCP"]""")]
    [InlineData("""{"spec":{"containers":["a"]}}""",
        ".spec.containers: element 0: associative list with keys may not have non-map elements")]
    [InlineData("""{"metadata":{"ownerReferences":[null]}}""",
        ".metadata.ownerReferences: element 0: associative list with keys may not have a null element")]
    [InlineData("""{"metadata":{"finalizers":[{}]}}""",
        ".metadata.finalizers: element 0: associative list without keys has an element that's a map type")]
    [InlineData("""{"spec":{"nodeName":1,"hostNetwork":1}}""",
        "errors:\n  .spec.nodeName: expected string, got &value.valueUnstructured{Value:1}\n"
        + "  .spec.hostNetwork: expected boolean, got &{1}")]
    public void WhatDoesNotFitIsSaidInUpstreamsWords(string json, string? error)
    {
        using var document = JsonDocument.Parse(json);
        var type = OwnedType.Of(BuiltInSchema.Find(new SchemaKind("", "v1", "Pod"))!);
        Assert.Equal(error, TypedValidation.Find(document.RootElement, type));
    }

    [Fact]
    public void AKeyThatHasNoDefaultMustBeGiven()
    {
        using var document = JsonDocument.Parse("""{"secrets":[{"namespace":"x"}]}""");
        var type = OwnedType.Of(BuiltInSchema.Find(new SchemaKind("", "v1", "ServiceAccount"))!);
        Assert.Equal(
            ".secrets: element 0: associative list with keys has an element that omits key field \"name\" "
            + "(and doesn't have default value)",
            TypedValidation.Find(document.RootElement, type));
    }
}
