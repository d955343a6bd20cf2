using OrleansOrchestrator.Api.Logs;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Logs;

public sealed class FollowerPlacesTests
{
    [Fact]
    public void One_user_leaves_others_room_and_all_together_have_a_bound()
    {
        var places = new FollowerPlaces();
        const int Users = FollowerPlaces.Max / FollowerPlaces.MaxOfOne;
        for (var user = 0; user < Users; user++)
        {
            for (var i = 0; i < FollowerPlaces.MaxOfOne; i++)
            {
                Assert.Null(places.Take($"u{user}"));
            }

            Assert.Equal(
                $"u{user} follows logs {FollowerPlaces.MaxOfOne} times already", places.Take($"u{user}"));
        }

        Assert.Equal("too many follow logs already", places.Take("other"));
        places.GiveBack("u0");
        Assert.Null(places.Take("other"));
        places.GiveBack("other");
        Assert.Null(places.Take("u0"));
        Assert.NotNull(places.Take("u0"));
    }
}
