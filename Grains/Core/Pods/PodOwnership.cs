using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.Pods;

/// <summary>Whose pods are whose: what an owner has, may adopt, and must let go.</summary>
/// <param name="Owned">Pods that it controls and still selects.</param>
/// <param name="Adopt">Pods without a controller that it selects.</param>
/// <param name="Release">Pods that it controls and no longer selects.</param>
public sealed record PodOwnership(
    IReadOnlyList<PodFacts> Owned, IReadOnlyList<PodFacts> Adopt, IReadOnlyList<PodFacts> Release)
{
    /// <summary>What it has now and, in a moment, what it adopts.</summary>
    public IEnumerable<PodFacts> All => Owned.Concat(Adopt);

    /// <summary>Sorts pods by what their owner has to do with them.</summary>
    /// <param name="owner">The owner's metadata; one that is being deleted neither adopts nor lets go.</param>
    /// <param name="pods">What <see cref="ListAsync"/> found.</param>
    /// <param name="selects">Its selector, and whatever else it asks of a pod of its own.</param>
    /// <param name="mayChange">Which pods it adopts or lets go; null for all.</param>
    public static PodOwnership Of(
        V1ObjectMeta owner,
        IEnumerable<PodFacts> pods,
        Func<PodFacts, bool> selects,
        Func<PodFacts, bool>? mayChange = null)
    {
        List<PodFacts> owned = [], adopt = [], release = [];
        foreach (var pod in pods)
        {
            var isSelected = selects(pod);
            if (pod.ControllerUid == owner.Uid)
            {
                (isSelected ? owned : release).Add(pod);
            }
            else if (pod.ControllerUid.Length == 0 && isSelected && !pod.IsTerminating
                && owner.DeletionTimestamp is null && mayChange?.Invoke(pod) != false)
            {
                adopt.Add(pod);
            }
        }

        release.RemoveAll(p => owner.DeletionTimestamp is not null || mayChange?.Invoke(p) == false);
        return new PodOwnership(owned, adopt, release);
    }

    /// <summary>
    /// The pods that an owner controls (linearizable), and orphans: those that it selects, and those that name it as an
    /// owner only.
    /// </summary>
    public static async Task<List<PodFacts>> ListAsync(
        IResourceClient client, V1ObjectMeta owner, LabelSelector selector, CancellationToken cancellationToken)
    {
        var query = ResourceOf<V1Pod>.Query(owner.NamespaceProperty);
        var owned = await client.ListAsync(
            query with { OwnerUid = owner.Uid, Freshness = ReadFreshness.Linearizable }, cancellationToken);
        var selected = await client.ListAsync(
            query with { LabelSelector = selector.ToString(), NotOwnedBy = owner.Uid }, cancellationToken);
        var pods = new List<PodFacts>(owned.Items.Count);
        pods.AddRange(owned.Items.Select(PodFacts.Of)
            .Where(p => p.ControllerUid == owner.Uid || p.ControllerUid.Length == 0));
        pods.AddRange(selected.Items.Where(i => i.Metadata.Controller is null).Select(PodFacts.Of));
        return pods;
    }

    /// <summary>Writes adoptions and releases.</summary>
    public async Task ApplyAsync(IResourceClient client, V1OwnerReference owner, CancellationToken cancellationToken)
    {
        foreach (var pod in Adopt)
        {
            await Ownership.AdoptAsync(client, ResourceOf<V1Pod>.Name, pod.Item, owner, cancellationToken);
        }

        foreach (var pod in Release)
        {
            await Ownership.ReleaseAsync(client, ResourceOf<V1Pod>.Name, pod.Item, owner.Uid, cancellationToken);
        }
    }
}
