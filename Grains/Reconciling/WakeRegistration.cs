using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>
/// What wakes the grains of a kind. The kind says it itself, in its folder; <see cref="OrchestratorControllers"/> lists
/// them all.
/// </summary>
/// <param name="Name">Upstream's name of the controller, for example <c>deployment-controller</c>; also its
/// user.</param>
/// <param name="Target">The resource whose objects are woken.</param>
/// <param name="Follows">Called once per activation of the controller; what it makes may keep indexes.</param>
internal sealed record WakeRegistration(string Name, ResourceName Target, Func<IReadOnlyList<Followed>> Follows)
{
    /// <summary>
    /// A resource whose objects have the same keys, and which may outlive them: the reminder wakes by those keys too,
    /// so that leftovers go.
    /// </summary>
    public ResourceName? Namesakes { get; init; }

    /// <summary>Which objects the reminder wakes; null for all.</summary>
    public Func<ResourceObject, bool>? Concerns { get; init; }

    /// <summary>
    /// Of a kind whose objects own others: the objects themselves, and those that they control or could adopt.
    /// </summary>
    /// <param name="name">The controller.</param>
    /// <param name="target">The owners.</param>
    /// <param name="kind">Their kind, as owner references say it.</param>
    /// <param name="children">What they own.</param>
    /// <param name="selector">Which children an owner could adopt; null when it adopts none.</param>
    public static WakeRegistration OfOwners<T>(
        string name, ResourceName target, string kind, IReadOnlyList<ResourceName> children,
        Func<T, V1LabelSelector?> selector)
        where T : class, IKubernetesObject<V1ObjectMeta> => new(name, target, () =>
    {
        var selectors = new SelectorIndex();
        return
        [
            new Followed(target, (change, keys) =>
            {
                selectors.Set(
                    change.Object.Key,
                    change.Kind == ChangeKind.Deleted ? null : selector(change.Object.As<T>()));
                keys.Add(change.Object.Key);
            }),
            .. children.Select(c => new Followed(c, (change, keys) => AddOwners(change, kind, selectors, keys))),
        ];
    });

    private static void AddOwners(
        ResourceChange change, string kind, SelectorIndex selectors, ICollection<ObjectKey> keys)
    {
        var now = change.Object.Metadata.Controller;
        AddOwner(change.Object, now, kind, keys);
        if (change.Previous?.Metadata.Controller is { } before && before.Uid != now?.Uid)
        {
            AddOwner(change.Object, before, kind, keys);
        }

        if (now is null && change.Kind != ChangeKind.Deleted)
        {
            selectors.Find(change.Object.Key.Namespace, change.Object.Metadata.Labels, keys);
        }
    }

    private static void AddOwner(ResourceObject child, ObjectOwner? owner, string kind, ICollection<ObjectKey> keys)
    {
        if (owner is not null && owner.Kind == kind)
        {
            keys.Add(new ObjectKey(child.Key.Namespace, owner.Name));
        }
    }
}
