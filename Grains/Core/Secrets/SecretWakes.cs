using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.Secrets;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.Secrets;

/// <summary>
/// What wakes a Secret that holds a token: itself, and its service account when that comes or goes.
/// </summary>
internal static class SecretWakes
{
    public static readonly WakeRegistration Registration =
        new(SecretTokenReconciler.Controller, WellKnown.Secrets, Follows);

    private static IReadOnlyList<Followed> Follows()
    {
        var tokens = new Dictionary<ObjectKey, HashSet<ObjectKey>>();
        return
        [
            new Followed(WellKnown.Secrets, (change, keys) =>
            {
                var secret = change.Object.As<V1Secret>();
                if (secret.Type == BootstrapToken.SecretType)
                {
                    keys.Add(change.Object.Key);
                }
                else if (SecretTokenPlanner.AccountOf(secret) is { } account)
                {
                    File(tokens, new ObjectKey(change.Object.Key.Namespace, account), change);
                    keys.Add(change.Object.Key);
                }
            }),
            new Followed(WellKnown.ServiceAccounts, (change, keys) =>
            {
                foreach (var secret in tokens.GetValueOrDefault(change.Object.Key) ?? [])
                {
                    keys.Add(secret);
                }
            }),
        ];
    }

    private static void File(
        Dictionary<ObjectKey, HashSet<ObjectKey>> tokens, ObjectKey account, ResourceChange change)
    {
        if (!tokens.TryGetValue(account, out var ofAccount))
        {
            tokens[account] = ofAccount = [];
        }

        _ = change.Kind == ChangeKind.Deleted
            ? ofAccount.Remove(change.Object.Key)
            : ofAccount.Add(change.Object.Key);
    }
}
