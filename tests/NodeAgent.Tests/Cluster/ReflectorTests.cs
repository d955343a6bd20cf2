using System.Runtime.CompilerServices;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.NodeAgent.Cluster;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Cluster;

public sealed class ReflectorTests
{
    private readonly List<string> _asked = [];
    private readonly List<string> _seen = [];
    private readonly CancellationTokenSource _done = new(TimeSpan.FromSeconds(20));
    private int _lists;

    [Fact]
    public async Task A_stream_that_breaks_goes_on_from_the_last_event_seen()
    {
        await RunAsync((_, _) => throw new IOException("the connection broke"));

        Assert.Equal(["10", "12", "12"], _asked);
        Assert.Equal(["a11", "a12"], _seen);
        Assert.Equal(1, _lists);
    }

    [Fact]
    public async Task An_error_in_the_stream_means_a_new_list()
    {
        await RunAsync((_, onError) => onError(new KubernetesException(new V1Status { Reason = "Expired" })));

        Assert.Equal(["10", "10", "12"], _asked);
        Assert.Equal(2, _lists);
    }

    /// <summary>
    /// The first watch brings two events and then what the test wants; the second none; the third ends it.
    /// </summary>
    private Task RunAsync(Action<int, Action<Exception>> ending) =>
        new Reflector<V1ConfigMap>("maps", TimeProvider.System, NullLogger.Instance)
        {
            List = _ =>
            {
                _lists++;
                return Task.FromResult(new ObjectList<V1ConfigMap>([], "10"));
            },
            Watch = (revision, onError, token) => WatchAsync(revision, onError, ending, token),
            Replaced = _ => { },
            Changed = (_, map) => _seen.Add(map.Metadata.Name + map.Metadata.ResourceVersion),
        }.RunAsync(_done.Token);

    private async IAsyncEnumerable<(WatchEventType, V1ConfigMap)> WatchAsync(
        string revision,
        Action<Exception> onError,
        Action<int, Action<Exception>> ending,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        _asked.Add(revision);
        await Task.Yield();
        switch (_asked.Count)
        {
            case 1:
                yield return (WatchEventType.Added, Map("11"));
                yield return (WatchEventType.Modified, Map("12"));
                ending(1, onError);
                break;
            case 2:
                yield return (WatchEventType.Bookmark, Map("12"));
                break;
            default:
                await _done.CancelAsync();
                cancellationToken.ThrowIfCancellationRequested();
                break;
        }
    }

    private static V1ConfigMap Map(string revision) => new()
    {
        Metadata = new V1ObjectMeta { Name = "a", ResourceVersion = revision },
    };
}
