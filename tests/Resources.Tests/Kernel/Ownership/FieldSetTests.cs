using System.Text;
using CsCheck;
using OrleansOrchestrator.Resources.Kernel.Ownership;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel.Ownership;

public sealed class FieldSetTests
{
    private static readonly Gen<PathElement> Elements = Gen.OneOf(
        Gen.OneOf("a", "b", "spec", "é", "\U0001F600", "\uFFFD").Select(PathElement.Field),
        Gen.Select(Gen.OneOf("x", "y"), Gen.Int[8, 11]).Select((name, port) => PathElement.Key(
            KeyValuePair.Create("name", PathValue.Of(name)), KeyValuePair.Create("port", PathValue.Of(port)))),
        Gen.Int[0, 3].Select(i => PathElement.Value(PathValue.Of(i))),
        Gen.Int[0, 2].Select(i => PathElement.Index(i)));

    private static readonly Gen<FieldSet> Sets =
        Elements.Array[1, 3].Array[0, 6].Select(paths => FieldSet.Union(paths.Select(FieldSet.Of)));

    /// <summary>The model of a set of paths is a set of texts.</summary>
    [Fact]
    public void SetsBehaveAsSetsOfPaths() => Gen.Select(Sets, Sets).Check((l, r) =>
    {
        var (left, right) = (Model(l), Model(r));
        Assert.Equal(left.Union(right).Order(), Model(l.Union(r)).Order());
        Assert.Equal(left.Intersect(right).Order(), Model(l.Intersection(r)).Order());
        Assert.Equal(left.Except(right).Order(), Model(l.Difference(r)).Order());
        Assert.Equal(
            left.Where(p => !right.Any(q => p == q || p.StartsWith(q + "/", StringComparison.Ordinal))).Order(),
            Model(l.RecursiveDifference(r)).Order());
        Assert.Equal(
            left.Where(p => !left.Any(q => q.StartsWith(p + "/", StringComparison.Ordinal))).Order(),
            Model(l.Leaves()).Order());
        Assert.Equal(left.SetEquals(right), l.Equals(r));
        Assert.Equal(left.Overlaps(right), l.Overlaps(r));
        Assert.All(l.Paths(), p => Assert.True(l.Has([.. p])));
    });

    [Fact]
    public void ASetOfWhichNothingIsReplacedStaysTheSame() => Sets.Check(set =>
        Assert.Same(set, set.Select(e => e)));

    [Fact]
    public void WhatIsReplacedByNothingFallsOut() => Gen.Select(Sets, Elements).Check((set, gone) => Assert.Equal(
        set.Paths().Where(p => !p[0].Equals(gone)),
        set.Select(e => e.Element.Equals(gone) ? default : e).Paths()));

    [Fact]
    public void WhatIsWrittenReadsBackAsTheSame() => Sets.Check(set =>
        Assert.Equal(set, FieldsV1.Parse(FieldsV1.Of(set).Json)));

    [Theory]
    [InlineData("""{"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:replicas":{}}}""", null)]
    [InlineData("""{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:name":{}},"v:\"x\"":{},"i:3":{}}""", null)]
    [InlineData("""{"f:b":{},"f:a":{}}""", """{"f:a":{},"f:b":{}}""")]
    [InlineData("""{"k:{\"p\":10}":{},"k:{\"p\":9}":{}}""", """{"k:{\"p\":9}":{},"k:{\"p\":10}":{}}""")]
    [InlineData("""{"x:future":{},"f:a":{}}""", """{"f:a":{}}""")]
    [InlineData("{}", null)]
    public void TheFormIsCanonical(string json, string? canonical) => Assert.Equal(
        canonical ?? json,
        Encoding.UTF8.GetString(FieldsV1.Of(FieldsV1.Parse(Encoding.UTF8.GetBytes(json))!).Json));

    [Theory]
    [InlineData("[]")]
    [InlineData("{\"f\":{}}")]
    [InlineData("{\"v:{\":{}}")]
    [InlineData("{\"f:a\":1}")]
    [InlineData("{\"f:a\":{}")]
    [InlineData("{\"f:\\ud800\":{}}")]
    [InlineData("{\"f:\u00e9\":{}}")]
    public void WhatIsNoSetIsRefused(string json) => Assert.Null(FieldsV1.Parse(Encoding.Latin1.GetBytes(json)));

    [Fact]
    public void PathsAreShownAsMessagesDo() => Assert.Equal(
        [
            ".spec.ports[port=80,protocol=\"TCP\"].name",
            ".spec.ports[port=80,protocol=\"TCP\"][=\"v\"][0]",
        ],
        FieldsV1.Parse(
            """{"f:spec":{"f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{"f:name":{},"v:\"v\"":{"i:0":{}}}}}}"""u8)!
            .Paths().Select(p => string.Concat(p)));

    private static HashSet<string> Model(FieldSet set) =>
        [.. set.Paths().Select(p => string.Join('/', p.Select(e => Encoding.UTF8.GetString(e.Json))))];
}
