using k8s.Models;
using OrleansOrchestrator.Resources.AdmissionRegistration.Policies;
using OrleansOrchestrator.Resources.Tests.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.AdmissionRegistration;

public sealed class AdmissionStrategyTests
{
    [Theory]
    [InlineData("a.static.k8s.io", 1)]
    [InlineData("a.k8s.io", 0)]
    public void NamesThatFilesHaveAreWarnedOf(string name, int warnings)
    {
        var item = (V1ValidatingAdmissionPolicyBinding)StrategyProbe.Read(
            "ValidatingAdmissionPolicyBinding", $"{{\"metadata\":{{\"name\":\"{name}\"}}}}");
        Assert.Equal(warnings, new ValidatingAdmissionPolicyBindingStrategy().Warnings(item, null).Count());
    }
}
