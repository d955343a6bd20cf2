using OrleansOrchestrator.Resources.Tests.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.FlowControl.PriorityLevels;

public sealed class PriorityLevelConfigurationStrategyTests
{
    [Theory]
    [InlineData("{\"flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares\":\"\"}", 1)]
    [InlineData("{\"a\":\"b\"}", 0)]
    public void WhatOnlyAnOldVersionNeededIsForbidden(string annotations, int findings) => Assert.Equal(
        findings,
        StrategyProbe.Create(
            "PriorityLevelConfiguration",
            $"{{\"metadata\":{{\"name\":\"a\",\"annotations\":{annotations}}},\"spec\":{{\"type\":\"Limited\"," +
                "\"limited\":{\"limitResponse\":{\"type\":\"Reject\"}}}}").Count);
}
