using OrleansOrchestrator.NodeAgent.Dra;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Dra;

public sealed class PodClaimsTests
{
    private static readonly IReadOnlyList<ClaimRecord> Asked = [Claim("a", "one", "two"), Claim("b", "two")];

    [Fact]
    public void Each_driver_has_one_batch_of_all_its_claims() => Assert.Equal(
        [("one", "a"), ("two", "a,b")],
        PodClaims.Batches(Asked).Select(static b => (b.Driver, string.Join(',', b.Claims.Select(static c => c.Name)))));

    [Theory]
    [InlineData("a=,b=", null)]
    [InlineData("a=,b=,c=", "Call returned result for unknown claim UID uid-of-c")]
    [InlineData("a=,b=broken", "Call failed for ResourceClaim b: broken")]
    [InlineData("a=", "Call skipped 1 ResourceClaims")]
    [InlineData("", "Call skipped 2 ResourceClaims")]
    public void A_driver_answers_for_what_it_was_asked(string answers, string? problem)
    {
        var errors = answers.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(static a => a.Split('='))
            .ToDictionary(static a => "uid-of-" + a[0], static a => a[1]);
        if (problem is null)
        {
            PodClaims.RequireDone("Call", Asked, errors);
            return;
        }

        var told = Assert.Throws<DraException>(() => PodClaims.RequireDone("Call", Asked, errors));
        Assert.Equal(problem, told.Message);
    }

    [Theory]
    [InlineData("", "", true)]
    [InlineData("", "r", true)]
    [InlineData("r,s", "s", true)]
    [InlineData("r,s", "", true)]
    [InlineData("r", "s", false)]
    public void A_device_is_for_the_requests_that_it_names_or_for_all(string named, string request, bool isFor)
    {
        var device = new PreparedDevice
        {
            Pool = "p", Name = "d", Requests = named.Split(',', StringSplitOptions.RemoveEmptyEntries),
        };
        Assert.Equal(isFor, device.IsFor(request));
    }

    [Theory]
    [InlineData(null, "")]
    [InlineData("", "")]
    [InlineData("gpu", "gpu")]
    [InlineData("gpu/large", "gpu")]
    public void An_alternative_belongs_to_its_request(string? request, string name) =>
        Assert.Equal(name, PodClaims.BaseRequest(request));

    private static ClaimRecord Claim(string name, params string[] drivers) => new()
    {
        Namespace = "ns",
        Name = name,
        Uid = "uid-of-" + name,
        Drivers = drivers.ToDictionary(static d => d, static _ => (IReadOnlyList<PreparedDevice>)[]),
    };
}
