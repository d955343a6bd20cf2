using Microsoft.Extensions.DependencyInjection;
using k8s.Models;
using OrleansOrchestrator.Resources.Core.ResourceQuotas;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Golden;

/// <summary>What an operator has limited to namespaces with a quota for it.</summary>
public sealed class QuotaLimitsTests
{
    private const string Space = "/api/v1/namespaces/default";

    [Fact]
    public async Task InANamespaceWithoutAQuotaNobodyUsesWhatNeedsOne()
    {
        var critical = new V1ScopedResourceSelectorRequirement
        {
            ScopeName = "PriorityClass", OperatorProperty = "In", Values = ["system-cluster-critical"],
        };
        var limits = new QuotaLimits(
        [
            new LimitedResource(WellKnown.Pods, [], [critical]),
            new LimitedResource(WellKnown.Services, ["services.loadbalancers"], []),
        ]);
        await using var server = await Server.StartAsync(s => s.AddSingleton(limits));
        await server.MakeAsync($"{Space}/serviceaccounts", """{"metadata":{"name":"default"}}""");

        var pod = await server.SendAsync("POST", $"{Space}/pods", """
            {"metadata":{"name":"p"},"spec":{"priorityClassName":"system-cluster-critical",
            "containers":[{"name":"c","image":"i"}]}}
            """);
        var service = await server.SendAsync("POST", $"{Space}/services", """
            {"metadata":{"name":"s"},"spec":{"type":"LoadBalancer","ports":[{"port":80}]}}
            """);

        Assert.Equal(
            (500, "insufficient quota to match these scopes: [{PriorityClass In [system-cluster-critical]}]"),
            (pod.Status, (string?)pod.Body["message"]));
        Assert.Equal(
            (403, "services \"s\" is forbidden: insufficient quota to consume: services.loadbalancers"),
            (service.Status, (string?)service.Body["message"]));
        await server.MakeAsync($"{Space}/services", """{"metadata":{"name":"s"},"spec":{"ports":[{"port":80}]}}""");
    }
}
