using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.Namespaces;

/// <summary>What wakes a Namespace: itself, its furniture, and the pods of a terminating one.</summary>
internal static class NamespaceWakes
{
    public static readonly WakeRegistration Registration =
        new("namespace-controller", WellKnown.Namespaces, Follows);

    private static IReadOnlyList<Followed> Follows()
    {
        var terminating = new HashSet<string>(StringComparer.Ordinal);
        return
        [
            new Followed(WellKnown.Namespaces, (change, keys) =>
            {
                var name = change.Object.Key.Name;
                _ = change.Kind != ChangeKind.Deleted && change.Object.Metadata.DeletionTimestamp is not null
                    ? terminating.Add(name)
                    : terminating.Remove(name);
                keys.Add(change.Object.Key);
            }),
            new Followed(
                WellKnown.ServiceAccounts,
                static (change, keys) => AddHome(change, NamespaceReconciler.DefaultAccount, keys)),
            new Followed(
                WellKnown.ConfigMaps,
                static (change, keys) => AddHome(change, NamespaceReconciler.RootCertificates, keys)),
            new Followed(WellKnown.Pods, (change, keys) =>
            {
                if (change.Kind == ChangeKind.Deleted && terminating.Contains(change.Object.Key.Namespace))
                {
                    keys.Add(new ObjectKey("", change.Object.Key.Namespace));
                }
            }),
        ];
    }

    private static void AddHome(ResourceChange change, string name, ICollection<ObjectKey> keys)
    {
        if (change.Object.Key.Name == name && change.Kind != ChangeKind.Added)
        {
            keys.Add(new ObjectKey("", change.Object.Key.Namespace));
        }
    }
}
