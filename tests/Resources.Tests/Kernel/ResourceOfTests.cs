using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel;

public sealed class ResourceOfTests
{
    [Fact]
    public void Models_name_the_resources_that_there_are()
    {
        Assert.Equal(WellKnown.Pods, ResourceOf<V1Pod>.Name);
        Assert.Equal(WellKnown.Deployments, ResourceOf<V1Deployment>.Name);
        Assert.Equal(WellKnown.ResourceClaims, ResourceOf<Resourcev1ResourceClaim>.Name);
        Assert.Equal(WellKnown.ResourceSlices, ResourceOf<V1ResourceSlice>.Name);
        Assert.Equal(WellKnown.DeviceClasses, ResourceOf<V1DeviceClass>.Name);
        Assert.Equal("resource.k8s.io/v1", ResourceOf<Resourcev1ResourceClaim>.ApiVersion);
        Assert.Equal("ResourceClaim", ResourceOf<Resourcev1ResourceClaim>.Kind);
    }
}
