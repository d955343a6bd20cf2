using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel;

public sealed class ObjectMetaRulesTests
{
    [Theory]
    [InlineData(3L, 1, 1, 3L)]
    [InlineData(3L, 1, 2, 4L)]
    [InlineData(null, 1, 1, null)]
    [InlineData(null, 1, 2, 1L)]
    public void A_changed_specification_is_a_new_generation(long? old, int before, int now, long? expected)
    {
        var metadata = new V1ObjectMeta { Generation = 99 };

        ObjectMetaRules.CountGeneration(
            metadata, new V1ObjectMeta { Generation = old }, new V1DeploymentSpec { Replicas = now },
            new V1DeploymentSpec { Replicas = before });

        Assert.Equal(expected, metadata.Generation);
    }
}
