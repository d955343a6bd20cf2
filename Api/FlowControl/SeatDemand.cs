namespace OrleansOrchestrator.Api.FlowControl;

/// <summary>
/// How many seats a priority level could have used, over a period: mean, deviation and maximum by time, and what is
/// left of earlier periods. Not safe for threads.
/// </summary>
public sealed class SeatDemand
{
    /// <summary>
    /// What a period keeps of the one before. A demand is forgotten by half in five minutes: 0.977^30 = 0.5, with
    /// periods of ten seconds.
    /// </summary>
    private const double Memory = 0.977;

    private double _from;
    private double _last;
    private double _sum;
    private double _squares;
    private int _seats;
    private int _most;

    public SeatDemand(double now) => _from = _last = now;

    public double Average { get; private set; }

    public double Deviation { get; private set; }

    public int HighWatermark { get; private set; }

    public double Smoothed { get; private set; }

    /// <summary>From now on so many seats are wanted.</summary>
    /// <param name="seats">In use and waited for.</param>
    /// <param name="now">Seconds.</param>
    public void Set(int seats, double now)
    {
        Advance(now);
        _seats = seats;
        _most = Math.Max(_most, seats);
    }

    /// <summary>Ends a period: what it showed is in the properties until the next one ends.</summary>
    public void EndPeriod(double now)
    {
        Advance(now);
        HighWatermark = _most;
        if (now > _from)
        {
            Average = _sum / (now - _from);
            Deviation = Math.Sqrt(Math.Max(0, (_squares / (now - _from)) - (Average * Average)));
            var envelope = Average + Deviation;
            Smoothed = Math.Max(envelope, (Memory * Smoothed) + ((1 - Memory) * envelope));
        }

        (_from, _sum, _squares, _most) = (now, 0, 0, _seats);
    }

    private void Advance(double now)
    {
        var elapsed = Math.Max(0, now - _last);
        _last = Math.Max(now, _last);
        _sum += _seats * elapsed;
        _squares += (double)_seats * _seats * elapsed;
    }
}
