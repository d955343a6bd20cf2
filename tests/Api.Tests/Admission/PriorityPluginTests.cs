using k8s.Models;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Admission;

public sealed class PriorityPluginTests
{
    /// <summary>Who leaves out the class's name changes it, which is refused afterwards.</summary>
    [Fact]
    public async Task AnUpdateKeepsThePriorityButNotTheNameOfItsClass()
    {
        var spec = new V1PodSpec();
        var attributes = new AdmissionAttributes
        {
            Operation = AdmissionOperation.Update,
            Definition = BuiltInResources.Table.Find("v1", "Pod")!,
            Key = new ObjectKey("space", "p"),
            Object = Pod(spec),
            OldObject = Pod(new V1PodSpec { Priority = 7, PriorityClassName = "high", PreemptionPolicy = "Never" }),
            User = new UserIdentity { Name = "jane" },
            Warnings = [],
        };

        Assert.Null(await new PriorityPlugin(null!).MutateAsync(attributes, CancellationToken.None));
        Assert.Equal(7, spec.Priority);
        Assert.Equal("Never", spec.PreemptionPolicy);
        Assert.Null(spec.PriorityClassName);
    }

    private static V1Pod Pod(V1PodSpec spec) => new() { Metadata = new V1ObjectMeta { Name = "p" }, Spec = spec };
}
