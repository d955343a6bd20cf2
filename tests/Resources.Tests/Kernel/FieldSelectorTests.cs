using System.Text;
using CsCheck;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel;

public sealed class FieldSelectorTests
{
    private static readonly ResourceDefinition Nodes = BuiltInResources.Table.Find(WellKnown.Nodes)!;
    private static readonly ResourceDefinition ConfigMaps = BuiltInResources.Table.Find(WellKnown.ConfigMaps)!;
    private static readonly ResourceDefinition Events = BuiltInResources.Table.Find(WellKnown.Events)!;

    private static readonly Gen<string> Noise =
        Gen.Char["ab.=!,\\metadn\0é"].Array[0, 24].Select(c => new string(c));

    [Theory]
    [InlineData("spec.unschedulable=true", "{\"spec\":{\"unschedulable\":true}}", true)]
    [InlineData("spec.unschedulable=false", "{\"spec\":{}}", true)]
    [InlineData("spec.unschedulable!=true", "{\"metadata\":{\"spec\":{\"unschedulable\":true}}}", true)]
    [InlineData("spec.unschedulable==true,metadata.name=n1", "{\"spec\":{\"unschedulable\":true}}", true)]
    [InlineData("metadata.name!=n1", "{}", false)]
    public void ReadsFieldsFromTheBytes(string selector, string json, bool matches)
    {
        var item = new ResourceObject(new ObjectKey("", "n1"), "u", 1, Encoding.UTF8.GetBytes(json));
        Assert.Equal(matches, FieldSelector.Parse(selector, Nodes).Required.Matches(item));
    }

    [Fact]
    public void FallsBackWhereTheFieldHasTwoPlaces()
    {
        var item = new ResourceObject(
            new ObjectKey("a", "e"), "u", 1, "{\"source\":{},\"reportingComponent\":\"c\"}"u8.ToArray());
        Assert.True(FieldSelector.Parse("source=c", Events).Required.Matches(item));
    }

    [Theory]
    [InlineData("spec.bogus=x", "field label not supported: spec.bogus")]
    [InlineData("metadata.namespace=x", "field label not supported: metadata.namespace")]
    [InlineData("nothing", "invalid selector: 'nothing'; can't understand 'nothing'")]
    [InlineData("metadata.name=a=b", "invalid field selector: unescaped character in value: 61")]
    [InlineData("metadata.name=a\\b", "invalid field selector: invalid escape sequence: \\b")]
    public void RefusesInUpstreamsWords(string selector, string message)
    {
        var error = FieldSelector.Parse(selector, Nodes).Error!;
        Assert.Equal((400, message), (error.Code, error.Message));
    }

    [Fact]
    public void KindsWithoutFieldsOfTheirOwnSaySo() => Assert.Equal(
        "\"spec.x\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"",
        FieldSelector.Parse("spec.x=y", ConfigMaps).Error!.Message);

    [Fact]
    public void UnescapesValues() =>
        Assert.Equal(
            "a,b=c\\",
            FieldSelector.Parse("metadata.name=a\\,b\\=c\\\\", ConfigMaps).Required.RequiredValue("metadata.name"));

    [Fact]
    public void NoTextBreaksTheParser() => Noise.Check(text =>
    {
        var outcome = FieldSelector.Parse(text, ConfigMaps);
        Assert.True(outcome.Succeeded || outcome.Error.Code == 400);
    });
}
