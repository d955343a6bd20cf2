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
        var waiting = new WakeGroup();
        return
        [
            new Followed(WellKnown.CertificateSigningRequests, (change, keys) =>
            {
                waiting.Note(
                    change, static r => SigningRequestPlanner.Reviews(r.As<V1CertificateSigningRequest>()).Count > 0);
                keys.Add(change.Object.Key);
            }),
            new Followed(WellKnown.ClusterRoleBindings, (_, keys) => waiting.Wake(keys)),
            new Followed(WellKnown.ClusterRoles, (_, keys) => waiting.Wake(keys)),
        ];
    }
}
