using System.Net;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.Cluster;

/// <summary>One page of a list, and the revision to watch from.</summary>
public sealed record ObjectList<T>(IReadOnlyList<T> Items, string ResourceVersion);

/// <summary>
/// List once, then watch; after an interruption go on from the last revision seen, and list again when the API says
/// that it is too old. The API being away is normal: the loop backs off and what is known stays known.
/// </summary>
public sealed partial class Reflector<T>(string what, TimeProvider time, ILogger logger)
    where T : IKubernetesObject<V1ObjectMeta>
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(5);

    /// <summary>How long one watch lasts before the API ends it: old connections move to other silos.</summary>
    public const int WatchSeconds = 540;

    public required Func<CancellationToken, Task<ObjectList<T>>> List { get; init; }

    /// <summary>A watch from a revision; errors inside the stream go to the callback.</summary>
    public required Func<string, Action<Exception>, CancellationToken, IAsyncEnumerable<(WatchEventType, T)>> Watch { get; init; }

    public required Action<IReadOnlyList<T>> Replaced { get; init; }

    public required Action<WatchEventType, T> Changed { get; init; }

    /// <summary>
    /// The last revision seen, kept also when a stream breaks in its middle: going on from an older one would bring
    /// events again, and with them pods that are long gone.
    /// </summary>
    private string? _revision;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var delay = FirstDelay;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                if (_revision is null)
                {
                    var list = await List(cancellationToken);
                    Replaced(list.Items);
                    _revision = list.ResourceVersion;
                }

                await FollowAsync(_revision, cancellationToken);
                delay = FirstDelay;
                continue;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                _revision = IsExpired(exception) ? null : _revision;
                LogInterrupted(what, exception.Message);
            }

            await Task.Delay(delay, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            delay = delay * 2 < MaxDelay ? delay * 2 : MaxDelay;
        }
    }

    private async Task FollowAsync(string revision, CancellationToken cancellationToken)
    {
        Exception? failure = null;
        await foreach (var (type, item) in Watch(revision, e => failure ??= e, cancellationToken))
        {
            if (type != WatchEventType.Bookmark)
            {
                Changed(type, item);
            }

            _revision = item.Metadata?.ResourceVersion ?? _revision;
        }

        if (failure is not null)
        {
            throw new WatchInterruptedException(failure);
        }
    }

    private static bool IsExpired(Exception exception) => exception switch
    {
        HttpOperationException http => http.Response?.StatusCode == HttpStatusCode.Gone,
        WatchInterruptedException => true, // an error event: 410, or something that only a new list can tell
        _ => false,
    };

    [LoggerMessage(1, LogLevel.Information, "Watching {What} was interrupted: {Problem}")]
    private partial void LogInterrupted(string what, string problem);
}

/// <summary>The watch stream itself brought an error.</summary>
public sealed class WatchInterruptedException(Exception inner) : Exception(inner.Message, inner);
