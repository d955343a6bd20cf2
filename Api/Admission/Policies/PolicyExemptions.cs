using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Policies;

/// <summary>
/// What no policy sees: policies, which must not be able to lock themselves in, and the questions by which everybody
/// else finds out who asks and what they may do.
/// </summary>
internal static class PolicyExemptions
{
    private static readonly HashSet<ResourceName> All =
    [
        WellKnown.ValidatingAdmissionPolicies, WellKnown.ValidatingAdmissionPolicyBindings,
        WellKnown.MutatingAdmissionPolicies, WellKnown.MutatingAdmissionPolicyBindings,
        WellKnown.SelfSubjectReviews, WellKnown.TokenReviews, WellKnown.LocalSubjectAccessReviews,
        WellKnown.SelfSubjectAccessReviews, WellKnown.SelfSubjectRulesReviews, WellKnown.SubjectAccessReviews,
    ];

    public static bool Has(ResourceName resource) => All.Contains(resource);
}
