using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Matching;

/// <summary>
/// What policies and webhooks never see: the objects that configure them, which must not be able to lock themselves
/// in.
/// </summary>
internal static class AdmissionExemptions
{
    private static readonly HashSet<ResourceName> Policies =
    [
        WellKnown.ValidatingAdmissionPolicies, WellKnown.ValidatingAdmissionPolicyBindings,
        WellKnown.MutatingAdmissionPolicies, WellKnown.MutatingAdmissionPolicyBindings,
    ];

    private static readonly HashSet<ResourceName> Webhooks =
        [.. Policies, WellKnown.ValidatingWebhookConfigurations, WellKnown.MutatingWebhookConfigurations];

    /// <summary>By them everybody else finds out who asks and what they may do.</summary>
    private static readonly HashSet<ResourceName> Questions =
    [
        WellKnown.SelfSubjectReviews, WellKnown.TokenReviews, WellKnown.LocalSubjectAccessReviews,
        WellKnown.SelfSubjectAccessReviews, WellKnown.SelfSubjectRulesReviews, WellKnown.SubjectAccessReviews,
    ];

    /// <summary>Whether no policy sees objects of a resource.</summary>
    public static bool FromPolicies(ResourceName resource) =>
        Policies.Contains(resource) || Questions.Contains(resource);

    /// <summary>Whether no webhook does.</summary>
    public static bool FromWebhooks(ResourceName resource) => Webhooks.Contains(resource);
}
