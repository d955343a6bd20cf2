using k8s.Models;
using OrleansOrchestrator.Resources.DynamicResources.Selectors;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.DynamicResources.Selectors;

public sealed class DeviceSelectorTests
{
    private static readonly V1Device Device = new()
    {
        Name = "d",
        Attributes = new Dictionary<string, V1DeviceAttribute>
        {
            ["model"] = new() { StringValue = "a" },
            ["numa"] = new() { IntValue = 1 },
            ["fast"] = new() { BoolValue = true },
            ["other.example.com/driverVersion"] = new() { Version = "1.10.0" },
        },
        Capacity = new Dictionary<string, V1DeviceCapacity>
        {
            ["memory"] = new() { Value = new ResourceQuantity("80Gi") },
        },
    };

    [Theory]
    [InlineData("device.driver == 'gpu.example.com'", true)]
    [InlineData("device.attributes['gpu.example.com'].model == 'a'", true)]
    [InlineData("device.attributes['gpu.example.com'].numa == 2", false)]
    [InlineData("device.attributes['gpu.example.com'].fast", true)]
    [InlineData("device.attributes['other.example.com'].driverVersion.isGreaterThan(semver('1.9.0'))", true)]
    [InlineData("device.capacity['gpu.example.com'].memory.compareTo(quantity('100Gi')) < 0", true)]
    [InlineData("cel.bind(gpu, device.attributes['gpu.example.com'], gpu.model == 'a' && gpu.numa == 1)", true)]
    [InlineData("device.allowMultipleAllocations", false)]
    [InlineData("has(device.attributes['nobody.example.com'].model)", false)]
    [InlineData("'gpu.example.com' in device.attributes", true)]
    [InlineData("'nobody.example.com' in device.attributes", false)]
    public void A_device_is_seen_by_domains(string expression, bool matches)
    {
        var (selector, issues) = DeviceSelector.Compile(expression);
        Assert.Equal("", issues);
        Assert.Equal((matches, null), selector!.Matches(new DeviceView("gpu.example.com", Device)));
    }

    [Theory]
    [InlineData(
        "device.attributes['gpu.example.com'].nothere == 'a'",
        "no such key: nothere. Consider using CEL optional chaining (?), has() macro, or orValue() for optional " +
        "fields")]
    [InlineData("device.attributes['gpu.example.com'].model.size() / 0 == 1", "division by zero")]
    public void What_an_expression_stumbles_over_is_told(string expression, string error) => Assert.Equal(
        (false, error),
        DeviceSelector.Compile(expression).Selector!.Matches(new DeviceView("gpu.example.com", Device)));

    [Theory]
    [InlineData("device.model", "compilation failed: ERROR: <input>:1:7: undefined field 'model'")]
    [InlineData("'a'", "must evaluate to bool or the unknown type, not string")]
    public void What_selects_nothing_is_refused(string expression, string issues)
    {
        var (selector, found) = DeviceSelector.Compile(expression);
        Assert.Null(selector);
        Assert.StartsWith(issues, found, StringComparison.Ordinal);
    }
}
