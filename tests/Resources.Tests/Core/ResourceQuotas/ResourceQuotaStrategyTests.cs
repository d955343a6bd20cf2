using k8s.Models;
using OrleansOrchestrator.Resources.Core.ResourceQuotas;
using OrleansOrchestrator.Resources.Tests.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Core.ResourceQuotas;

public sealed class ResourceQuotaStrategyTests
{
    [Theory]
    [InlineData("\"requests.cpu\":\"2\",\"limits.cpu\":\"1\"", "requests.cpu (2) should be less than limits.cpu (1)")]
    [InlineData("\"memory\":\"3Gi\",\"limits.memory\":\"2Gi\"", "memory (3Gi) should be less than limits.memory (2Gi)")]
    [InlineData("\"requests.cpu\":\"1\",\"cpu\":\"3\",\"limits.cpu\":\"2\"", null)]
    [InlineData("\"requests.storage\":\"1Gi\",\"limits.storage\":\"1Gi\"", null)]
    public void WhatNobodyCanUseIsWarnedOf(string hard, string? warning)
    {
        var quota = (V1ResourceQuota)StrategyProbe.Read("ResourceQuota", $"{{\"spec\":{{\"hard\":{{{hard}}}}}}}");
        var strategy = new ResourceQuotaStrategy();
        Assert.Equal(warning is null ? [] : ["ResourceQuota " + warning], strategy.Warnings(quota, null));
        Assert.Empty(strategy.Warnings(quota, quota));
    }
}
