using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Volumes;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>
/// What is told of volumes that cannot be set up: each one's trouble as often as by upstream's kubelet, which tries
/// with growing pauses, and which ones are missing whenever it would have waited for long enough. So trouble is seen
/// for as long as it lasts, though events do not last as long.
/// </summary>
public sealed class VolumeTroubles(TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(123);

    private readonly Dictionary<(string Volume, string Message), Told> _told = [];
    private SteadyTime? _since;

    private readonly record struct Told(string Message, RetryDelay Retry);

    /// <summary>All are there.</summary>
    public void Clear()
    {
        _told.Clear();
        _since = null;
    }

    /// <summary>Reasons and messages of the events that are due after another try.</summary>
    /// <param name="problems">All that is wrong now.</param>
    public IReadOnlyList<(string Reason, string Message)> Note(IReadOnlyList<VolumeException> problems)
    {
        foreach (var gone in _told.Keys.Except(problems.Select(Key)).ToList())
        {
            _told.Remove(gone);
        }

        return [.. problems.Where(IsDue).Select(static p => (p.Reason, p.Message)), .. Missing(problems)];
    }

    private bool IsDue(VolumeException problem)
    {
        var now = time.GetSteadyTime();
        var isKnown = _told.TryGetValue(Key(problem), out var told) && told.Message == problem.Message;
        if (isKnown && now < told.Retry.Until)
        {
            return false;
        }

        _told[Key(problem)] = new Told(problem.Message, RetryDelay.After(isKnown ? told.Retry : null, now));
        return true;
    }

    /// <summary>A volume has one problem at a time; of the whole pod there may be several.</summary>
    private static (string Volume, string Message) Key(VolumeException problem) =>
        (problem.Volume, problem.Volume.Length == 0 ? problem.Message : "");

    /// <summary>What tells of several volumes itself says as much.</summary>
    private IEnumerable<(string Reason, string Message)> Missing(IReadOnlyList<VolumeException> problems)
    {
        var now = time.GetSteadyTime();
        _since ??= now;
        if (now - _since < Patience || problems.Any(static p => p.Volume.Length == 0))
        {
            return [];
        }

        _since = now;
        var names = string.Join(' ', problems.Select(static p => p.Volume));
        return [
            ("FailedMount",
                $"Unable to attach or mount volumes: unmounted volumes=[{names}], unattached volumes=[], failed to "
                + "process volumes=[]: context deadline exceeded"),
        ];
    }
}
