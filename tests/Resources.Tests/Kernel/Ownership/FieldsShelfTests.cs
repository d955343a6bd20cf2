using CsCheck;
using OrleansOrchestrator.Resources.Kernel.Ownership;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel.Ownership;

public sealed class FieldsShelfTests
{
    /// <summary>More of them than a shelf has places.</summary>
    private static readonly Gen<FieldSet> Sets = Gen.Int[0, 2000].Select(Gen.Int[0, 1500]).Select((name, more) =>
        FieldSet.Of(["spec", $"a{name}"], ["spec", new string('b', more)]));

    /// <summary>Many threads at once, as CsCheck runs it.</summary>
    [Fact]
    public void WhateverIsInAPlaceTheAnswerIsRight()
    {
        var shelf = new FieldsShelf();
        Sets.Check(set =>
        {
            var json = FieldsV1.Write(set);
            Assert.Equal(json, shelf.JsonOf(set));
            Assert.Equal(set, shelf.SetOf(json));
        });
    }

    [Fact]
    public void WhatWasSeenIsNeitherParsedNorWrittenAgain()
    {
        var shelf = new FieldsShelf();
        var json = FieldsV1.Write(FieldSet.Of(["spec", "replicas"]));
        var parsed = shelf.SetOf(json);
        Assert.Same(parsed, shelf.SetOf([.. json]));
        var written = shelf.JsonOf(FieldSet.Of(["status"]));
        Assert.Same(written, shelf.JsonOf(FieldSet.Of(["status"])));
        Assert.Equal(FieldSet.Of(["status"]), shelf.SetOf(written));
    }

    [Fact]
    public void WhatIsNoSetIsEmpty() => Assert.True(new FieldsShelf().SetOf("[]"u8).IsEmpty);

    [Fact]
    public void WhatIsNotCanonicalIsWrittenCanonically()
    {
        var shelf = new FieldsShelf();
        var set = shelf.SetOf("""{"f:b":{},"f:a":{}}"""u8);
        Assert.Equal("""{"f:a":{},"f:b":{}}"""u8, shelf.JsonOf(set));
    }
}
