using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
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
                var item = DefinitionFacts.Of(change.Object);
                _ = change.Kind == ChangeKind.Deleted || item.HasItsNames
                    ? waiting.Remove(change.Object.Key)
                    : waiting.TryAdd(change.Object.Key, item.Group);
                keys.Add(change.Object.Key);
                foreach (var (key, _) in waiting.Where(w => w.Value == item.Group))
                {
                    keys.Add(key);
                }
            }),
        ];
    }
}
