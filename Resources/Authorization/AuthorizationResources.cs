using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Authorization;

/// <summary>Rows of <c>authorization.k8s.io</c>, in discovery order.</summary>
internal static class AuthorizationResources
{
    private static readonly string[] CreateOnly = ["create"];

    public static IEnumerable<ResourceKind> Rows =>
    [
        Row<V1LocalSubjectAccessReview>(
            WellKnown.LocalSubjectAccessReviews, "LocalSubjectAccessReview", isNamespaced: true),
        Row<V1SelfSubjectAccessReview>(WellKnown.SelfSubjectAccessReviews, "SelfSubjectAccessReview"),
        Row<V1SelfSubjectRulesReview>(WellKnown.SelfSubjectRulesReviews, "SelfSubjectRulesReview"),
        Row<V1SubjectAccessReview>(WellKnown.SubjectAccessReviews, "SubjectAccessReview"),
    ];

    private static ResourceKind Row<T>(ResourceName name, string kind, bool isNamespaced = false)
        where T : class, IKubernetesObject<V1ObjectMeta> => new()
        {
            Name = name, Kind = kind, Singular = kind.ToLowerInvariant(), Namespaced = isNamespaced,
            Verbs = CreateOnly, IsVirtual = true, Versions = [new("v1", new VirtualStrategy<T>())],
        };
}
