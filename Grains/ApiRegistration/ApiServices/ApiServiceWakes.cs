using k8s.Models;
using OrleansOrchestrator.Grains.Discovery;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.ApiRegistration.ApiServices;

/// <summary>What wakes an APIService: itself, the Service that it names, and that one's endpoints.</summary>
internal static class ApiServiceWakes
{
    public static readonly WakeRegistration Registration =
        new(ApiServiceReconciler.Controller, WellKnown.ApiServices, Follows)
        {
            // Of this server's own, what has been said stays true.
            Concerns = static item => item.As<V1APIService>()
                is { Spec.Service: not null } or not { Status.Conditions.Count: > 0 },
        };

    private static IReadOnlyList<Followed> Follows()
    {
        var behind = new Dictionary<ObjectKey, ObjectKey>();
        return
        [
            new Followed(WellKnown.ApiServices, (change, keys) =>
            {
                behind.Remove(change.Object.Key);
                if (change.Kind != ChangeKind.Deleted
                    && change.Object.As<V1APIService>().Spec.Service is { } service)
                {
                    behind[change.Object.Key] = new ObjectKey(service.NamespaceProperty, service.Name);
                }

                keys.Add(change.Object.Key);
            }),
            new Followed(WellKnown.Services, (change, keys) => Add(change.Object.Key, keys)),
            new Followed(WellKnown.EndpointSlices, (change, keys) =>
            {
                if (change.Object.Metadata.Labels.TryGetValue(SliceRules.ServiceNameLabel, out var service))
                {
                    Add(new ObjectKey(change.Object.Key.Namespace, service), keys);
                }
            }),
        ];

        void Add(ObjectKey service, ICollection<ObjectKey> keys)
        {
            foreach (var (key, _) in behind.Where(b => b.Value == service))
            {
                keys.Add(key);
            }
        }
    }
}
