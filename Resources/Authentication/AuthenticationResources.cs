using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Authentication;

/// <summary>Rows of <c>authentication.k8s.io</c>, in discovery order.</summary>
internal static class AuthenticationResources
{
    private static readonly string[] CreateOnly = ["create"];

    public static IEnumerable<ResourceKind> Rows =>
    [
        Row<V1SelfSubjectReview>(WellKnown.SelfSubjectReviews, "SelfSubjectReview"),
        Row<V1TokenReview>(WellKnown.TokenReviews, "TokenReview"),
    ];

    private static ResourceKind Row<T>(ResourceName name, string kind)
        where T : class, IKubernetesObject<V1ObjectMeta> => new()
        {
            Name = name, Kind = kind, Singular = kind.ToLowerInvariant(), Namespaced = false,
            Verbs = CreateOnly, IsVirtual = true, Versions = [new("v1", new VirtualStrategy<T>())],
        };
}
