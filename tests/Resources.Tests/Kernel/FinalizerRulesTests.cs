using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel;

/// <summary>Some kinds upstream validates without knowing what finalizers are standard.</summary>
public sealed class FinalizerRulesTests
{
    [Theory]
    [InlineData("APIService", true)]
    [InlineData("HorizontalPodAutoscaler", false)]
    [InlineData("Ingress", false)]
    [InlineData("Lease", true)]
    [InlineData("MutatingAdmissionPolicy", true)]
    [InlineData("PodDisruptionBudget", true)]
    [InlineData("PriorityClass", false)]
    [InlineData("RuntimeClass", true)]
    [InlineData("ValidatingAdmissionPolicyBinding", true)]
    [InlineData("ValidatingWebhookConfiguration", true)]
    public void A_finalizer_without_a_domain_is_taken_or_not(string kind, bool isTaken)
    {
        var definition = BuiltInResources.Table.All.Single(d => d.Kind == kind && d.Conversion is null);
        var errors = new FieldErrors();

        ObjectMetaRules.ValidateCreate(
            new V1ObjectMeta
            {
                Name = "a",
                NamespaceProperty = definition.Namespaced ? "a" : null,
                Finalizers = ["mine"],
            },
            definition,
            errors);

        Assert.Equal(isTaken ? 0 : 1, errors.Count);
        Assert.All(errors.All, e => Assert.Equal("metadata.finalizers[0]", e.Field));
    }
}
