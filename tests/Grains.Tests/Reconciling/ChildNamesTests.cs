using CsCheck;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

public sealed class ChildNamesTests
{
    [Fact]
    public void A_name_reads_back_to_its_number() => Gen.Select(Gen.Guid, Gen.Int[0, ChildNames.Count - 1]).Check((uid, sequence) =>
    {
        var names = new ChildNames("web-7d4b9", uid.ToString());
        Assert.True(names.TrySequence(names.Name(sequence), out var read));
        Assert.Equal(sequence, read);
        Assert.Matches("^web-7d4b9-[bcdfghjklmnpqrstvwxz2456789]{5}$", names.Name(sequence));
    });

    [Fact]
    public void Different_numbers_have_different_names()
    {
        var names = new ChildNames("web", "3f0e8c1e-0000-4000-8000-000000000001");
        Assert.Equal(20_000, Enumerable.Range(0, 20_000).Select(names.Name).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void Long_owners_are_cut_to_the_limit_of_a_label() =>
        Assert.Equal(63, new ChildNames(new string('a', 200), "uid").Name(0).Length);

    [Fact]
    public void Names_of_others_are_not_read()
    {
        var names = new ChildNames("web", "uid");
        Assert.False(names.TrySequence("web-aaaaa", out _));
        Assert.False(names.TrySequence("web", out _));
        Assert.False(names.TrySequence("api-bbbbb", out _));
    }
}
