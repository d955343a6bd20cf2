using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.ApiExtensions.Definitions;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.ApiExtensions.Definitions;

/// <summary>What wakes a CustomResourceDefinition: itself, and one of its group that lets go of names.</summary>
internal static class DefinitionWakes
{
    public static readonly WakeRegistration Registration =
        new("crd-naming-controller", WellKnown.CustomResourceDefinitions, Follows);

    private static IReadOnlyList<Followed> Follows()
    {
        var waiting = new Dictionary<ObjectKey, string>();
        return
        [
            new Followed(WellKnown.CustomResourceDefinitions, (change, keys) =>
            {
                var item = change.Object.As<V1CustomResourceDefinition>();
                _ = change.Kind == ChangeKind.Deleted
                    || DefinitionConditions.IsTrue(item, DefinitionConditions.NamesAccepted)
                        ? waiting.Remove(change.Object.Key)
                        : waiting.TryAdd(change.Object.Key, item.Spec.Group);
                keys.Add(change.Object.Key);
                foreach (var (key, _) in waiting.Where(w => w.Value == item.Spec.Group))
                {
                    keys.Add(key);
                }
            }),
        ];
    }
}
