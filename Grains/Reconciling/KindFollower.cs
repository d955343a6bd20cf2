using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>
/// Follows every kind as long as there is one: kinds come and go. There may be a thousand, and most are first read
/// because of this; a few are begun at a time, the built-in ones first, so that whoever wants one of them meanwhile
/// does not wait behind all others.
/// </summary>
/// <param name="client">Where to follow.</param>
/// <param name="catalog">Says when there are other kinds.</param>
/// <param name="kinds">Those that are to be followed now.</param>
/// <param name="notice">Takes a change.</param>
internal sealed class KindFollower(
    IResourceClient client, ResourceCatalog catalog, Func<IEnumerable<ResourceKind>> kinds,
    Func<ResourceName, ResourceChange, Task> notice)
{
    private const int MaxBeginning = 4;

    private readonly SemaphoreSlim _beginnings = new(MaxBeginning);

    /// <summary>Ends when the silo stops.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var followed = new Dictionary<ResourceName, Task>();
        while (true)
        {
            var changed = catalog.Changed;
            var names = kinds().Select(k => k.Name).ToHashSet();
            foreach (var gone in followed.Where(f => f.Value.IsCompleted).Select(f => f.Key).ToList())
            {
                if (names.Contains(gone))
                {
                    // The silo stops: nothing is followed any more.
                    return;
                }

                followed.Remove(gone);
            }

            foreach (var name in names.Where(n => !followed.ContainsKey(n)))
            {
                followed[name] = FollowAsync(name, cancellationToken);
            }

            await await Task.WhenAny(followed.Values.Append(changed));
        }
    }

    private async Task FollowAsync(ResourceName resource, CancellationToken cancellationToken)
    {
        await using var changes =
            client.FollowAsync(resource, cancellationToken).GetAsyncEnumerator(cancellationToken);
        if (await BeginAsync(resource, changes, cancellationToken))
        {
            while (await changes.MoveNextAsync())
            {
                await NoticeAsync(resource, changes.Current);
            }
        }
    }

    /// <summary>Reads what there is of a kind; false when its end came first.</summary>
    private async Task<bool> BeginAsync(
        ResourceName resource, IAsyncEnumerator<ResourceChange> changes, CancellationToken cancellationToken)
    {
        await _beginnings.WaitAsync(cancellationToken);
        try
        {
            while (await changes.MoveNextAsync())
            {
                if (ReferenceEquals(changes.Current, ResourceChange.Synced))
                {
                    return true;
                }

                await NoticeAsync(resource, changes.Current);
            }

            return false;
        }
        finally
        {
            _beginnings.Release();
        }
    }

    private Task NoticeAsync(ResourceName resource, ResourceChange change) =>
        ReferenceEquals(change, ResourceChange.Synced) ? Task.CompletedTask : notice(resource, change);
}
