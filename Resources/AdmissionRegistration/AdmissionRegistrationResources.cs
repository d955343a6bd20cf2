using OrleansOrchestrator.Resources.AdmissionRegistration.Policies;
using OrleansOrchestrator.Resources.AdmissionRegistration.Webhooks;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.AdmissionRegistration;

/// <summary>Rows of <c>admissionregistration.k8s.io</c>, in discovery order.</summary>
internal static class AdmissionRegistrationResources
{
    public static IEnumerable<ResourceKind> Rows =>
    [
        new()
        {
            Name = WellKnown.MutatingAdmissionPolicies, Kind = "MutatingAdmissionPolicy",
            Singular = "mutatingadmissionpolicy",
            Namespaced = false, Categories = ["api-extensions"], TakesAnyFinalizer = true, UpstreamStorage = "v1beta1",
            Versions = [new("v1", new MutatingAdmissionPolicyStrategy())],
        },
        new()
        {
            Name = WellKnown.MutatingAdmissionPolicyBindings, Kind = "MutatingAdmissionPolicyBinding",
            Singular = "mutatingadmissionpolicybinding",
            Namespaced = false, Categories = ["api-extensions"], TakesAnyFinalizer = true, UpstreamStorage = "v1beta1",
            Versions = [new("v1", new MutatingAdmissionPolicyBindingStrategy())],
        },
        new()
        {
            Name = WellKnown.MutatingWebhookConfigurations, Kind = "MutatingWebhookConfiguration",
            Singular = "mutatingwebhookconfiguration",
            Namespaced = false, Categories = ["api-extensions"], TakesAnyFinalizer = true,
            Versions = [new("v1", new MutatingWebhookConfigurationStrategy())],
        },
        new()
        {
            Name = WellKnown.ValidatingAdmissionPolicies, Kind = "ValidatingAdmissionPolicy",
            Singular = "validatingadmissionpolicy",
            Namespaced = false, Categories = ["api-extensions"], TakesAnyFinalizer = true,
            Versions =
            [
                new("v1", new ValidatingAdmissionPolicyStrategy()) { Subresources = [SubresourceDefinition.Status] },
            ],
        },
        new()
        {
            Name = WellKnown.ValidatingAdmissionPolicyBindings, Kind = "ValidatingAdmissionPolicyBinding",
            Singular = "validatingadmissionpolicybinding",
            Namespaced = false, Categories = ["api-extensions"], TakesAnyFinalizer = true,
            Versions = [new("v1", new ValidatingAdmissionPolicyBindingStrategy())],
        },
        new()
        {
            Name = WellKnown.ValidatingWebhookConfigurations, Kind = "ValidatingWebhookConfiguration",
            Singular = "validatingwebhookconfiguration",
            Namespaced = false, Categories = ["api-extensions"], TakesAnyFinalizer = true,
            Versions = [new("v1", new ValidatingWebhookConfigurationStrategy())],
        },
    ];
}
