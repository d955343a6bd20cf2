using OrleansOrchestrator.Resources.DynamicResources;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.DynamicResources;

/// <summary>What selectors of devices may say, what they may cost, and what is said of those that are wrong.</summary>
public sealed class DeviceExpressionsTests
{
    private const string Name = "device.attributes[\"dra.example.com\"].name";

    /// <summary>Estimates are upstream's, to the unit.</summary>
    [Theory]
    [InlineData("true", 0)]
    [InlineData("\"dra.example.com\" in device.attributes", 3)]
    [InlineData("device.driver == \"\"", 2)]
    [InlineData("device.driver == \"dra.example.com\"", 4)]
    [InlineData(Name, 4)]
    [InlineData("device.attributes[\"dra.example.com\"][\"name\"]", 4)]
    [InlineData("cel.bind(dra, device.attributes[\"dra.example.com\"], dra.name)", 15)]
    [InlineData($"{Name} > 0", 5)]
    [InlineData($"{Name} == \"fish\"", 5)]
    [InlineData($"{Name}.isGreaterThan(quantity(\"0\"))", 6)]
    public void WhatFitsIsTaken(string expression, ulong cost)
    {
        Assert.Empty(Validate(expression));
        Assert.Equal(cost, DeviceExpressions.Environment.Compile(expression).Program!.EstimateCost().Max);
    }

    [Theory]
    [InlineData("device.allowMultipleAllocations")]
    [InlineData("device.capacity[\"dra.example.com\"].memory.isGreaterThan(quantity(\"1Gi\"))")]
    [InlineData($"{Name}.isGreaterThan(semver(\"0.0.1\"))")]
    [InlineData("device.attributes.all(domain, domain != \"\")")]
    public void AllPartsOfADeviceAreThere(string expression) => Assert.Empty(Validate(expression));

    [Theory]
    [InlineData("1", "Invalid value: \"1\": must evaluate to bool or the unknown type, not int")]
    [InlineData(
        "x",
        "Invalid value: \"x\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'x' (in container '')"
        + "\n | x\n | ^")]
    [InlineData(
        "device.nope",
        "Invalid value: \"device.nope\": compilation failed: ERROR: <input>:1:7: undefined field 'nope'"
        + "\n | device.nope\n | ......^")]
    [InlineData(
        "device.attributes.all(a, device.attributes.all(b, device.attributes.all(c, device.attributes.all(d, true))))",
        "Forbidden: too complex, exceeds cost limit")]
    public void WhatIsWrongIsSaidInUpstreamsWords(string expression, string message) =>
        Assert.Equal([message], Validate(expression));

    private static string[] Validate(string expression)
    {
        var errors = new FieldErrors();
        DeviceExpressions.Validate(expression, FieldPath.Of("expression"), errors);
        return [.. errors.All.Select(static e => e.Message)];
    }
}
