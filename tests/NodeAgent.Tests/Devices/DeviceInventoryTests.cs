using OrleansOrchestrator.NodeAgent.Devices;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Devices;

public sealed class DeviceInventoryTests
{
    private const string Resource = "example.com/gpu";

    private readonly ManualTime _time = new();
    private readonly DeviceInventory _inventory;

    public DeviceInventoryTests() => _inventory = new DeviceInventory(_time);

    [Fact]
    public void All_devices_count_and_those_that_work()
    {
        _inventory.Set(Resource, new Dictionary<string, bool> { ["a"] = true, ["b"] = false, ["c"] = true });

        Assert.Equal(("3", "2"), Amounts());
        Assert.Equal(["a", "c"], _inventory.Healthy(Resource)!.Order());
    }

    [Fact]
    public void Without_their_plugin_they_do_not_work_and_then_are_gone()
    {
        _inventory.Set(Resource, new Dictionary<string, bool> { ["a"] = true, ["b"] = true });
        _inventory.Lose(Resource);
        Assert.Equal(("2", "0"), Amounts());
        Assert.Empty(_inventory.Healthy(Resource)!);

        _time.Now += TimeSpan.FromMinutes(5);
        Assert.Equal(("0", "0"), Amounts());
        Assert.Null(_inventory.Healthy(Resource));
    }

    [Fact]
    public void A_plugin_that_comes_back_in_time_has_them_again()
    {
        _inventory.Set(Resource, new Dictionary<string, bool> { ["a"] = true });
        _inventory.Lose(Resource);
        _time.Now += TimeSpan.FromMinutes(4);
        _inventory.Set(Resource, new Dictionary<string, bool> { ["a"] = true });
        _time.Now += TimeSpan.FromMinutes(4);

        Assert.Equal(("1", "1"), Amounts());
    }

    [Fact]
    public void What_is_expected_is_none_so_far()
    {
        _inventory.Expect(Resource);

        Assert.Equal(("0", "0"), Amounts());
        Assert.Empty(_inventory.Healthy(Resource)!);
    }

    [Fact]
    public void A_resource_that_nobody_has_is_not_there()
    {
        Assert.Null(_inventory.Healthy(Resource));
        Assert.Empty(_inventory.Amounts.All);
    }

    private (string All, string Working) Amounts()
    {
        var (all, working) = _inventory.Amounts;
        return (all[Resource].ToString(), working[Resource].ToString());
    }
}
