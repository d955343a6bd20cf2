using OrleansOrchestrator.NodeAgent.Server.Spdy;

namespace OrleansOrchestrator.NodeAgent.Server;

/// <summary>
/// Puts together the two streams of a forwarded connection: error and data, with the same request id, in either order.
/// One whose partner does not come in time is reset, so that half-made pairs cannot pile up.
/// </summary>
public sealed class ForwardPairs(
    StreamTimeouts timeouts, Action<SpdyStream, SpdyStream> forward, CancellationToken ended) : IDisposable
{
    private readonly Dictionary<string, (SpdyStream Stream, ITimer Timer)> _waiting = [];
    private readonly Lock _lock = new();

    /// <summary>Takes a stream that the client opened.</summary>
    public void Add(SpdyStream stream)
    {
        var id = stream.Headers.GetValueOrDefault("requestid", "");
        SpdyStream partner;
        lock (_lock)
        {
            if (!_waiting.Remove(id, out var found))
            {
                _waiting[id] = (
                    stream, timeouts.Time.CreateTimer(
                        _ => GiveUp(id, stream), null, timeouts.Creation, Timeout.InfiniteTimeSpan));
                return;
            }

            found.Timer.Dispose();
            partner = found.Stream;
        }

        switch ((IsError(stream), IsError(partner)))
        {
            case (false, true):
                forward(stream, partner);
                break;
            case (true, false):
                forward(partner, stream);
                break;
            default:
                Reset(stream);
                Reset(partner);
                break;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var (_, timer) in _waiting.Values)
            {
                timer.Dispose();
            }

            _waiting.Clear();
        }
    }

    private static bool IsError(SpdyStream stream) => stream.Headers.GetValueOrDefault("streamtype") == "error";

    private void GiveUp(string id, SpdyStream stream)
    {
        lock (_lock)
        {
            if (!_waiting.TryGetValue(id, out var waiting) || waiting.Stream != stream)
            {
                return;
            }

            _waiting.Remove(id);
            waiting.Timer.Dispose();
        }

        Reset(stream);
    }

    // A connection that is just going has no use for resets.
    private void Reset(SpdyStream stream) =>
        stream.ResetAsync(ended).ContinueWith(
            t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
}
