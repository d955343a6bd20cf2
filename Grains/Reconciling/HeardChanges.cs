using System.Runtime.CompilerServices;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>The changes of a resource as controllers hear them.</summary>
internal static class HeardChanges
{
    /// <summary>All of them, what is there at first included; not the mark that says that this is complete.</summary>
    public static IAsyncEnumerable<ResourceChange> HearAsync(
        this IResourceClient client, ResourceName resource, CancellationToken cancellationToken) =>
        client.HearAsync(resource, null, cancellationToken);

    /// <summary>The same; none while <see cref="ControllersOptions.DropWakeUps"/> has controllers do without.</summary>
    public static async IAsyncEnumerable<ResourceChange> HearAsync(
        this IResourceClient client, ResourceName resource, ControllersOptions? options,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var change in client.FollowAsync(resource, cancellationToken))
        {
            if (options is not { DropWakeUps: true } && !ReferenceEquals(change, ResourceChange.Synced))
            {
                yield return change;
            }
        }
    }
}
