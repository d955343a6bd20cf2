using System.Threading.Channels;

namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>
/// Names that somebody has to look at, each at most once at a time: what is named again meanwhile is looked at once
/// more. Bounded by the number of names.
/// </summary>
internal sealed class VisitQueue(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> _scheduled = new(StringComparer.Ordinal);
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Add(IEnumerable<string> names)
    {
        lock (_lock)
        {
            _names.UnionWith(names);
        }

        _signal.Writer.TryWrite(true);
    }

    /// <summary>Adds a name when its time has come; a sooner time than the known one counts.</summary>
    public async Task AddAtAsync(string name, DateTimeOffset due, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_scheduled.TryGetValue(name, out var sooner) && sooner <= due)
            {
                return;
            }

            _scheduled[name] = due;
        }

        var delay = due - time.GetUtcNow();
        await Task.Delay(delay > TimeSpan.Zero ? delay : TimeSpan.Zero, time, cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_lock)
        {
            if (_scheduled.GetValueOrDefault(name) == due)
            {
                _scheduled.Remove(name);
            }
        }

        Add([name]);
    }

    /// <summary>Waits until there are names, and takes them all.</summary>
    public async Task<IReadOnlyList<string>> TakeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            lock (_lock)
            {
                if (_names.Count > 0)
                {
                    string[] taken = [.. _names.Order(StringComparer.Ordinal)];
                    _names.Clear();
                    return taken;
                }
            }

            await _signal.Reader.ReadAsync(cancellationToken);
        }
    }
}
