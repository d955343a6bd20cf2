using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>A finalizer that keeps an object for as long as it is in use.</summary>
internal static class Protection
{
    /// <summary>
    /// Puts the finalizer on an object that lives without it, and takes it from one that is deleted and not in use.
    /// </summary>
    public static async ValueTask ApplyAsync<T>(
        IResourceClient client, T item, string finalizer, bool isUsed, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (!IsDue(item, finalizer, isUsed))
        {
            return;
        }

        var outcome = await client.MutateAsync<T>(
            item.Key(),
            "",
            current =>
            {
                if (current.Metadata.Uid != item.Metadata.Uid || !IsDue(current, finalizer, isUsed))
                {
                    return false;
                }

                var all = current.Metadata.Finalizers ?? [];
                current.Metadata.Finalizers = current.Metadata.DeletionTimestamp is null
                    ? [.. all, finalizer]
                    : [.. all.Where(f => f != finalizer)];
                return true;
            },
            cancellationToken);
        outcome.ThrowIfRefused($"protection of {ResourceOf<T>.Name} {item.Key()}", StatusReasons.NotFound);
    }

    /// <summary>Whether somebody deletes an object that the finalizer holds.</summary>
    public static bool IsHeld<T>(T item, string finalizer)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        item.Metadata is { DeletionTimestamp: not null, Finalizers: { } all } && all.Contains(finalizer);

    private static bool IsDue<T>(T item, string finalizer, bool isUsed)
        where T : class, IKubernetesObject<V1ObjectMeta> => item.Metadata.DeletionTimestamp is null
            ? item.Metadata.Finalizers?.Contains(finalizer) != true
            : !isUsed && IsHeld(item, finalizer);
}
