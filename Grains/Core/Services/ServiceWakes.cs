using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Discovery;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.Services;

/// <summary>
/// What wakes a Service: itself, its pods, its Endpoints and slices in case somebody else changes those, and nodes
/// where its hints follow their shares of the processors.
/// </summary>
internal static class ServiceWakes
{
    public static readonly WakeRegistration Registration =
        new("endpointslice-controller", WellKnown.Services, Follows) { Namesakes = WellKnown.Endpoints };

    private static IReadOnlyList<Followed> Follows()
    {
        var selectors = new SelectorIndex();
        var hinted = new WakeGroup();
        return
        [
            new Followed(WellKnown.Services, (change, keys) =>
            {
                selectors.Set(
                    change.Object.Key,
                    change.Kind == ChangeKind.Deleted
                        ? null
                        : new V1LabelSelector { MatchLabels = change.Object.As<V1Service>().Spec.Selector });
                hinted.Note(change, static s => TopologyHints.AreWanted(s.As<V1Service>()));
                keys.Add(change.Object.Key);
            }),
            new Followed(WellKnown.Nodes, (change, keys) =>
            {
                if (!hinted.IsEmpty && ZoneShares.Differ(
                    change.Previous?.As<V1Node>(),
                    change.Kind == ChangeKind.Deleted ? null : change.Object.As<V1Node>()))
                {
                    hinted.Wake(keys);
                }
            }),
            new Followed(WellKnown.Pods, (change, keys) => AddServices(change, selectors, keys)),
            new Followed(WellKnown.Endpoints, static (change, keys) => keys.Add(change.Object.Key)),
            new Followed(WellKnown.EndpointSlices, static (change, keys) =>
            {
                if (change.Object.Metadata.Labels.TryGetValue(SliceRules.ServiceNameLabel, out var service))
                {
                    keys.Add(new ObjectKey(change.Object.Key.Namespace, service));
                }
            }),
        ];
    }

    private static void AddServices(ResourceChange change, SelectorIndex selectors, ICollection<ObjectKey> keys)
    {
        var before = change.Previous is null || change.Kind == ChangeKind.Deleted ? null : PodFacts.Of(change.Previous);
        if (!EndpointRules.IsRelevant(before, PodFacts.Of(change.Object)))
        {
            return;
        }

        var (home, labels) = (change.Object.Key.Namespace, change.Object.Metadata.Labels);
        selectors.Find(home, labels, keys);
        if (before is not null && !Maps.Same(before.Labels, labels))
        {
            selectors.Find(home, before.Labels, keys);
        }
    }
}
