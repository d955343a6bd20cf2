using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Certificates.SigningRequests;

/// <summary>
/// What wakes a CertificateSigningRequest: itself, and, while it waits for an approval, whatever may give its sender
/// the right to it. Upstream asks again and again instead.
/// </summary>
internal static class SigningRequestWakes
{
    public static readonly WakeRegistration Registration =
        new(SigningRequestReconciler.Controller, WellKnown.CertificateSigningRequests, Follows);

    private static IReadOnlyList<Followed> Follows()
    {
        var waiting = new HashSet<ObjectKey>();
        return
        [
            new Followed(WellKnown.CertificateSigningRequests, (change, keys) =>
            {
                _ = change.Kind != ChangeKind.Deleted
                    && SigningRequestPlanner.Reviews(change.Object.As<V1CertificateSigningRequest>()).Count > 0
                        ? waiting.Add(change.Object.Key)
                        : waiting.Remove(change.Object.Key);
                keys.Add(change.Object.Key);
            }),
            new Followed(WellKnown.ClusterRoleBindings, Retry),
            new Followed(WellKnown.ClusterRoles, Retry),
        ];

        void Retry(ResourceChange change, ICollection<ObjectKey> keys)
        {
            foreach (var key in waiting)
            {
                keys.Add(key);
            }
        }
    }
}
