using System.Text;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Kernel;

public sealed class WorkloadOfTests
{
    [Theory]
    [InlineData("", "", "")]
    [InlineData("StatefulSet/db", "", "StatefulSet/db")]
    [InlineData("ReplicaSet/web-1", "Deployment/web", "Deployment/web")]
    [InlineData("ReplicaSet/web-1", "", "ReplicaSet/web-1")]
    [InlineData("Job/nightly-1", "CronJob/nightly", "CronJob/nightly")]
    [InlineData("StatefulSet/db", "Operator/db", "StatefulSet/db")]
    public async Task Links_are_followed(string owner, string above, string expected)
    {
        var asked = new List<(ResourceName, ObjectKey)>();
        var found = await WorkloadOf.FindAsync(Item("p", owner), (resource, key) =>
        {
            asked.Add((resource, key));
            return ValueTask.FromResult<ResourceObject?>(Item(key.Name, above));
        });
        Assert.Equal(expected, found is null ? "" : $"{found.Kind}/{found.Name}");
        Assert.All(asked, a => Assert.Equal(
            owner.StartsWith("Job", StringComparison.Ordinal) ? WellKnown.Jobs : WellKnown.ReplicaSets, a.Item1));
    }

    [Fact]
    public async Task A_link_that_is_gone_is_the_workload()
    {
        var found = await WorkloadOf.FindAsync(
            Item("p", "ReplicaSet/web-1"), (_, _) => ValueTask.FromResult<ResourceObject?>(null));
        Assert.Equal(new WorkloadOf("ReplicaSet", "web-1"), found);
    }

    private static ResourceObject Item(string name, string owner)
    {
        var parts = owner.Split('/');
        var owners = owner.Length == 0
            ? ""
            : $$""","ownerReferences":[{"kind":"{{parts[0]}}","name":"{{parts[1]}}","uid":"u","controller":true}]""";
        var json = $$$"""{"metadata":{"name":"{{{name}}}","namespace":"space"{{{owners}}}}}""";
        return new ResourceObject(new ObjectKey("space", name), name, 1, Encoding.UTF8.GetBytes(json));
    }
}
