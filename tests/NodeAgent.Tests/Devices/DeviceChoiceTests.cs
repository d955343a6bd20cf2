using CsCheck;
using OrleansOrchestrator.NodeAgent.Devices;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Devices;

public sealed class DeviceChoiceTests
{
    private const string Resource = "example.com/gpu";

    [Fact]
    public void The_first_free_devices_are_taken_in_order()
    {
        var choice = DeviceChoice.Of(Need(2, healthy: ["c", "a", "b", "d"], inUse: ["a"]));

        Assert.Null(choice.Problem);
        Assert.Equal(["b", "c"], choice.Completed([]));
    }

    [Fact]
    public void What_the_plugin_prefers_comes_first_if_it_is_free()
    {
        var choice = DeviceChoice.Of(Need(2, healthy: ["a", "b", "c", "d"], inUse: ["d"]));

        Assert.Equal(["c", "a"], choice.Completed(["d", "c"]));
    }

    [Fact]
    public void Devices_of_init_containers_are_used_again()
    {
        var choice = DeviceChoice.Of(
            Need(3, healthy: ["a", "b", "c"], inUse: ["b", "c"]) with { Reusable = ["c", "b"] });

        Assert.Equal(["b", "c"], choice.Fixed);
        Assert.Equal(["b", "c", "a"], choice.Completed([]));
    }

    [Fact]
    public void A_container_that_has_its_devices_gets_no_others() =>
        Assert.True(DeviceChoice.Of(Need(1, healthy: ["a", "b"], inUse: ["b"]) with { Has = ["b"] }).IsNothing);

    [Theory]
    [InlineData(1, null, "", "", "cannot allocate unregistered device example.com/gpu")]
    [InlineData(1, "", "", "", "no healthy devices present; cannot allocate unhealthy devices example.com/gpu")]
    [InlineData(1, "", "", "a", "no healthy devices present; cannot allocate unhealthy devices example.com/gpu")]
    [InlineData(
        1, "b", "", "a",
        "previously allocated devices are no longer healthy; cannot allocate unhealthy devices example.com/gpu")]
    [InlineData(
        3, "a,b", "b", "",
        "requested number of devices unavailable for example.com/gpu. Requested: 3, Available: 1")]
    [InlineData(
        2, "a,b", "a", "a", "pod \"u\" container \"c\" changed request for resource \"example.com/gpu\" from 1 to 2")]
    public void What_cannot_be_is_told_in_the_kubelets_words(
        int count, string? healthy, string inUse, string has, string problem) => Assert.Equal(
            problem,
            DeviceChoice.Of(new DeviceNeed
            {
                Uid = "u", Container = "c", Resource = Resource, Count = count,
                Healthy = healthy is null ? null : Split(healthy).ToHashSet(), InUse = Split(inUse).ToHashSet(),
                Has = has.Length > 0 ? Split(has) : null,
            }).Problem);

    /// <summary>
    /// Whatever is asked for: as many devices as that, each once, none of another container's, none broken.
    /// </summary>
    [Fact]
    public void What_is_chosen_is_free_and_enough() =>
        Gen.Select(Gen.Int[0, 6], Subset, Subset, Subset, Subset).Check((count, healthy, inUse, reusable, preferred) =>
        {
            var own = reusable.Intersect(inUse).ToList();
            var choice = DeviceChoice.Of(Need(count, healthy, inUse) with { Reusable = own });
            var others = inUse.Except(own).ToHashSet();
            var possible = healthy.Except(inUse).Count() + Math.Min(own.Count, count) >= count && healthy.Count > 0;
            if (choice.Problem is not null)
            {
                return !possible;
            }

            var chosen = choice.Completed(preferred);
            return possible && chosen.Count == count && chosen.Distinct().Count() == count
                && !chosen.Any(others.Contains) && chosen.Except(own).All(healthy.Contains);
        });

    private static Gen<List<string>> Subset =>
        Gen.Bool.Array[8].Select(static bits =>
            bits.Index().Where(static b => b.Item).Select(static b => $"d{b.Index}").ToList());

    private static DeviceNeed Need(int count, IEnumerable<string> healthy, IEnumerable<string> inUse) => new()
    {
        Uid = "u", Container = "c", Resource = Resource, Count = count,
        Healthy = healthy.ToHashSet(StringComparer.Ordinal), InUse = inUse.ToHashSet(StringComparer.Ordinal),
    };

    private static string[] Split(string text) => text.Split(',', StringSplitOptions.RemoveEmptyEntries);
}
