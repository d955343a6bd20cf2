using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Networking.ServiceCidrs;

/// <summary>
/// What wakes a ServiceCIDR: itself, and, while it is on its way out, others that may hold its addresses and addresses
/// that go.
/// </summary>
internal static class ServiceCidrWakes
{
    public static readonly WakeRegistration Registration =
        new(ServiceCidrReconciler.Controller, WellKnown.ServiceCidrs, Follows);

    private static IReadOnlyList<Followed> Follows()
    {
        var ending = new WakeGroup();
        return
        [
            new Followed(WellKnown.ServiceCidrs, (change, keys) =>
            {
                ending.Note(change, static c => c.Metadata.DeletionTimestamp is not null);
                keys.Add(change.Object.Key);
                ending.Wake(keys);
            }),
            new Followed(WellKnown.IpAddresses, (change, keys) =>
            {
                if (change.Kind == ChangeKind.Deleted)
                {
                    ending.Wake(keys);
                }
            }),
        ];
    }
}
