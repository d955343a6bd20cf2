using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Api.Health;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Health;

public sealed class ComponentStatusesTests
{
    [Theory]
    [InlineData(null, "True")]
    [InlineData("no connection", "False")]
    public async Task ComponentsAreAsWellAsTheStore(string? failure, string status)
    {
        var probe = new HealthProbe(
            ComponentStatuses.StoreProbe, HealthScope.Ready, _ => new ValueTask<string?>(failure));
        var source = new ComponentStatuses(
            [HealthProbe.Ping, probe], new HealthChecker(TimeProvider.System, NullLogger<HealthChecker>.Instance));
        var all = (await source.ListAsync(TestContext.Current.CancellationToken)).Cast<V1ComponentStatus>().ToList();
        Assert.Equal(["controller-manager", "etcd-0", "scheduler"], all.Select(c => c.Metadata.Name));
        Assert.All(all, c => Assert.Equal(status, Assert.Single(c.Conditions).Status));
        Assert.All(all, c => Assert.DoesNotContain("connection", c.Conditions[0].Message, StringComparison.Ordinal));
    }
}
