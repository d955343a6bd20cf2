using OrleansOrchestrator.Resources.Tests.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.DynamicResources.Slices;

public sealed class CapacityRulesTests
{
    private const string Range = "spec.devices[0].capacity[m].requestPolicy.validRange";

    /// <summary>The bound is blamed for a default outside it.</summary>
    [Fact]
    public void ARangeMustHoldItsDefault() => Assert.Equal(
        [
            $"{Range}.min: Invalid value: \"20Gi\": min is larger than capacity value: 10Gi",
            $"{Range}.min: Invalid value: \"2Gi\": default is less than min: 20Gi",
            $"{Range}.max: Invalid value: \"20Gi\": min is larger than max: 1Gi",
            $"{Range}.max: Invalid value: \"2Gi\": default is more than max: 1Gi",
        ],
        StrategyProbe.Create(
            "ResourceSlice",
            """
            {"spec":{"driver":"d.example.com","nodeName":"n","pool":{"name":"p","resourceSliceCount":1},"devices":[
                {"name":"x","allowMultipleAllocations":true,"capacity":{"m":{"value":"10Gi","requestPolicy":{
                    "default":"2Gi","validRange":{"min":"20Gi","max":"1Gi"}}}}}]}}
            """));
}
