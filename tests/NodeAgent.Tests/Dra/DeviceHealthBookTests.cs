using OrleansOrchestrator.NodeAgent.Dra;
using OrleansOrchestrator.NodeAgent.Dra.HealthV1Alpha1;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Dra;

public sealed class DeviceHealthBookTests
{
    private static readonly DeviceId Gpu = new("driver", "pool", "gpu");

    private readonly ManualTime _time = new();
    private readonly DeviceHealthBook _book;
    private readonly List<DeviceId> _changed = [];

    public DeviceHealthBookTests()
    {
        _book = new DeviceHealthBook(_time);
        _book.Changed += _changed.AddRange;
    }

    [Theory]
    [InlineData(0, 30)]
    [InlineData(-1, 30)]
    [InlineData(300, 300)]
    public void What_was_told_holds_for_as_long_as_the_driver_says(long seconds, int validSeconds)
    {
        _book.Set("driver", [Health(HealthStatus.Healthy, timeoutSeconds: seconds)]);
        _time.Now += TimeSpan.FromSeconds(validSeconds);
        Assert.Equal("Healthy", _book.Of(Gpu).State);
        _time.Now += TimeSpan.FromTicks(1);
        Assert.Equal(new DeviceState("Unknown", null), _book.Of(Gpu));
    }

    [Fact]
    public void Only_news_is_told()
    {
        _book.Set("driver", [Health(HealthStatus.Healthy)]);
        _book.Set("driver", [Health(HealthStatus.Healthy)]);
        Assert.Equal([Gpu], _changed);
        _book.Set("driver", [Health(HealthStatus.Healthy, "hot")]);
        Assert.Equal([Gpu, Gpu], _changed);
        _book.Set("driver", []);
        Assert.Equal("Healthy", _book.Of(Gpu).State);
        Assert.Equal([Gpu, Gpu], _changed);

        _time.Now += TimeSpan.FromMinutes(1);
        _book.Set("driver", []);
        Assert.Equal([Gpu, Gpu, Gpu], _changed);
    }

    [Fact]
    public void What_a_driver_that_has_gone_told_holds_no_more()
    {
        _book.Set("driver", [Health(HealthStatus.Unhealthy)]);
        _book.Forget("other");
        Assert.Equal("Unhealthy", _book.Of(Gpu).State);
        _book.Forget("driver");
        Assert.Equal("Unknown", _book.Of(Gpu).State);
    }

    [Fact]
    public void A_message_is_as_long_as_the_api_takes_it_and_ends_with_a_whole_character()
    {
        _book.Set("driver", [Health(HealthStatus.Unhealthy, new string('a', 1024))]);
        Assert.Equal(new string('a', 1024), _book.Of(Gpu).Message);
        _book.Set("driver", [Health(HealthStatus.Unhealthy, new string('a', 1025))]);
        Assert.Equal(new string('a', 1021) + "...", _book.Of(Gpu).Message);
        _book.Set("driver", [Health(HealthStatus.Unhealthy, new string('é', 513))]);
        Assert.Equal(new string('é', 510) + "...", _book.Of(Gpu).Message);
    }

    [Fact]
    public void A_state_that_the_node_does_not_know_is_unknown()
    {
        _book.Set("driver", [Health((HealthStatus)7), new DeviceHealth()]);
        Assert.Equal("Unknown", _book.Of(Gpu).State);
    }

    private static DeviceHealth Health(HealthStatus health, string message = "", long timeoutSeconds = 0) => new()
    {
        Device = new DeviceIdentifier { PoolName = Gpu.Pool, DeviceName = Gpu.Name },
        Health = health,
        Message = message,
        HealthCheckTimeoutSeconds = timeoutSeconds,
    };
}
