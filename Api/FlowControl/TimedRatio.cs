namespace OrleansOrchestrator.Api.FlowControl;

/// <summary>
/// A part of something that changes, and for how long it was how much of it: upstream's timing histograms, which see a
/// value at the end of every nanosecond. Not safe for threads.
/// </summary>
/// <param name="bounds">The histogram's, in order.</param>
/// <param name="now">The time stamp of the beginning, when it is nothing of one.</param>
internal sealed class TimedRatio(double[] bounds, long now)
{
    private readonly long[] _ticks = new long[bounds.Length + 1];
    private double _sum;
    private double _part;
    private double _whole = 1;
    private long _last = now;

    /// <summary>From now on it is so much.</summary>
    public void Set(double part, long now)
    {
        if (part != _part)
        {
            Advance(now);
            _part = part;
        }
    }

    /// <summary>From now on it is a part of so much.</summary>
    public void SetWhole(double whole, long now)
    {
        Advance(now);
        _whole = whole;
    }

    /// <summary>Ratio × nanoseconds, and for how many nanoseconds it was within each bound, and at all.</summary>
    /// <param name="now">Time stamp.</param>
    /// <param name="frequency">Time stamps of a second.</param>
    public (double Sum, long[] Cumulative) Read(long now, long frequency)
    {
        Advance(now);
        var nanoseconds = 1e9 / frequency;
        var cumulative = new long[_ticks.Length];
        long ticks = 0;
        for (var i = 0; i < _ticks.Length; i++)
        {
            cumulative[i] = (long)((ticks += _ticks[i]) * nanoseconds);
        }

        return (_sum * nanoseconds, cumulative);
    }

    private void Advance(long now)
    {
        if (now <= _last)
        {
            return;
        }

        var ratio = _part / _whole;
        var bound = Array.BinarySearch(bounds, ratio);
        _ticks[bound < 0 ? ~bound : bound] += now - _last;
        _sum += ratio * (now - _last);
        _last = now;
    }
}
