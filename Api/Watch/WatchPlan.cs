using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Lists;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Watch;

/// <summary>How a watch begins, by upstream's rules.</summary>
/// <param name="Initial">The state to send first, as ADDED events; null to send only changes.</param>
/// <param name="AfterRevision">Changes after this revision follow.</param>
/// <param name="MarkEnd">A bookmark tells where the initial events end.</param>
public sealed record WatchPlan(CacheSnapshot? Initial, long AfterRevision, bool MarkEnd)
{
    /// <summary>
    /// Why there is nothing to watch, which the stream says and ends with; null when there is. Upstream answers so
    /// whatever goes wrong once it has read the version.
    /// </summary>
    public Status? Refusal { get; private init; }

    /// <summary>
    /// Options as upstream completes them: a watch without a version, or from 0, has always begun with the present
    /// state, which is what sendInitialEvents now says explicitly.
    /// </summary>
    public static ListOptions Complete(ListOptions options)
    {
        var watch = options with { Watch = true };
        return watch.SendInitialEvents is null
            && watch.ResourceVersionMatch.Length == 0
            && watch.ResourceVersion is "" or "0"
            ? watch with { SendInitialEvents = true, ResourceVersionMatch = ListOptions.NotOlderThan }
            : watch;
    }

    /// <summary>The beginning of a watch with completed, valid options.</summary>
    public static async ValueTask<Outcome<WatchPlan>> MakeAsync(
        ResourceCache cache, ListResolver resolver, ListOptions options, CancellationToken cancellationToken)
    {
        if (!ResourceVersions.TryParse(options.ResourceVersion, out var revision))
        {
            return ResourceVersions.Malformed(options.ResourceVersion);
        }

        if (options.SendInitialEvents != true && revision > 0)
        {
            return new WatchPlan(null, revision, MarkEnd: false);
        }

        CacheSnapshot state;
        if (options.ResourceVersion.Length == 0)
        {
            state = await cache.ConsistentAsync(cancellationToken);
        }
        else
        {
            var reached = await resolver.WaitForAsync(cache, revision, cancellationToken);
            if (!reached.Succeeded)
            {
                return new WatchPlan(null, revision, MarkEnd: false) { Refusal = reached.Error };
            }

            state = reached.Value;
        }

        return options.SendInitialEvents == true
            ? new WatchPlan(state, state.Revision, options.AllowWatchBookmarks)
            : new WatchPlan(null, state.Revision, MarkEnd: false);
    }
}
