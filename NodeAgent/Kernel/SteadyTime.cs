namespace OrleansOrchestrator.NodeAgent.Kernel;

/// <summary>
/// A moment of the monotonic clock, for whatever measures how long something takes: back-offs, ages, renewals. It is a
/// type of its own because the wall clock may be set at any time, and a difference of two of its times is no duration.
/// </summary>
public readonly record struct SteadyTime(TimeSpan SinceOrigin) : IComparable<SteadyTime>
{
    public static SteadyTime operator +(SteadyTime time, TimeSpan duration) => new(time.SinceOrigin + duration);

    public static SteadyTime operator -(SteadyTime time, TimeSpan duration) => new(time.SinceOrigin - duration);

    public static TimeSpan operator -(SteadyTime later, SteadyTime earlier) => later.SinceOrigin - earlier.SinceOrigin;

    public static bool operator <(SteadyTime a, SteadyTime b) => a.SinceOrigin < b.SinceOrigin;

    public static bool operator >(SteadyTime a, SteadyTime b) => a.SinceOrigin > b.SinceOrigin;

    public static bool operator <=(SteadyTime a, SteadyTime b) => a.SinceOrigin <= b.SinceOrigin;

    public static bool operator >=(SteadyTime a, SteadyTime b) => a.SinceOrigin >= b.SinceOrigin;

    public int CompareTo(SteadyTime other) => SinceOrigin.CompareTo(other.SinceOrigin);
}

/// <summary>The steady side of a <see cref="TimeProvider"/>.</summary>
public static class SteadyClock
{
    public static SteadyTime GetSteadyTime(this TimeProvider time) => new(time.GetElapsedTime(0));

    /// <summary>
    /// When, on the steady clock, something happened that others stamped with the wall clock. It is asked once, as soon
    /// as the stamp is seen: what the wall clock does later changes nothing. A stamp of the future counts as now.
    /// </summary>
    public static SteadyTime ToSteadyTime(this TimeProvider time, DateTimeOffset stamp)
    {
        var age = time.GetUtcNow() - stamp;
        return time.GetSteadyTime() - (age > TimeSpan.Zero ? age : TimeSpan.Zero);
    }
}
