using OrleansOrchestrator.NodeAgent.Dra;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Dra;

public sealed class ClaimBookTests
{
    private static readonly ClaimRecord Gpu = Claim("gpu");
    private static readonly ClaimRecord Nic = Claim("nic");

    [Fact]
    public void A_pod_comes_once_however_often_it_asks()
    {
        var book = ClaimBook.Empty.With("p", [Gpu, Nic]).With("p", [Gpu]).With("q", [Gpu]);

        Assert.Equal(["p", "q"], book.Find("ns", "gpu")!.Pods);
        Assert.Equal(["p"], book.Find("ns", "nic")!.Pods);
        Assert.Equal(["gpu"], book.OfPod("q").Select(static c => c.Name));
        Assert.Null(book.Find("other", "gpu"));
    }

    [Fact]
    public void A_pod_goes_from_what_others_use_and_stays_with_what_only_it_uses()
    {
        var book = ClaimBook.Empty.With("p", [Gpu, Nic]).With("q", [Gpu]).WithoutShared("p");

        Assert.Equal(["q"], book.Find("ns", "gpu")!.Pods);
        Assert.Equal(["p"], book.Find("ns", "nic")!.Pods);
        Assert.Empty(book.Without([Nic]).OfPod("p"));
    }

    [Fact]
    public void Who_comes_while_drivers_prepare_is_not_lost()
    {
        var asked = ClaimBook.Empty.With("p", [Gpu]);
        var done = asked.OfPod("p")[0] with
        {
            Drivers = new Dictionary<string, IReadOnlyList<PreparedDevice>>
            {
                ["d"] = [new PreparedDevice { Pool = "pool", Name = "one" }],
            },
        };

        var book = asked.With("q", [Gpu]).WithPrepared([done]);

        var claim = book.Find("ns", "gpu")!;
        Assert.Equal(["p", "q"], claim.Pods);
        Assert.True(claim.IsPrepared);
        Assert.Equal("one", Assert.Single(claim.Drivers["d"]).Name);
    }

    [Fact]
    public void What_went_while_drivers_prepared_it_or_is_another_now_does_not_come_back()
    {
        Assert.Empty(ClaimBook.Empty.WithPrepared([Gpu]).Claims);
        var another = Gpu with { Uid = "another" };
        Assert.False(ClaimBook.Empty.With("p", [another]).WithPrepared([Gpu]).Find("ns", "gpu")!.IsPrepared);
    }

    [Fact]
    public void Nobody_comes_to_a_claim_as_long_as_an_older_one_has_its_name()
    {
        var book = ClaimBook.Empty.With("p", [Gpu]);

        var problem = Assert.Throws<DraException>(() => book.With("q", [Nic, Gpu with { Uid = "another" }]));

        Assert.Equal(
            "old ResourceClaim with same name gpu and different UID uid-of-gpu still exists (previous pod " +
            "force-deleted?!)", problem.Message);
    }

    private static ClaimRecord Claim(string name) => new() { Namespace = "ns", Name = name, Uid = "uid-of-" + name };
}
