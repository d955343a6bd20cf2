namespace OrleansOrchestrator.Api.FlowControl;

/// <summary>
/// What a request is thought to cost: seats while it is answered, and seats that its consequences (the events of a
/// write, for all who watch) hold for a while after the answer.
/// </summary>
/// <param name="Initial">Seats until the answer.</param>
/// <param name="Final">Seats after it; 0 for none.</param>
/// <param name="Lingering">How long after it.</param>
public readonly record struct SeatEstimate(int Initial, int Final = 0, TimeSpan Lingering = default)
{
    /// <summary>
    /// How long a request is thought to take until its end tells better; upstream's guess, small against what it stands
    /// for, because only its relation between queues counts.
    /// </summary>
    public static readonly TimeSpan ServiceTime = TimeSpan.FromMilliseconds(3);

    public static readonly SeatEstimate One = new(1);

    /// <summary>What it occupies all the time: its two phases are not told apart while it waits or runs.</summary>
    public int Seats => Math.Max(Initial, Final);

    /// <summary>Seats × seconds.</summary>
    public double Work => (Initial * ServiceTime.TotalSeconds) + (Final * Lingering.TotalSeconds);

    /// <summary>The same work with fewer seats, for longer, when there are not so many.</summary>
    public SeatEstimate Within(int limit) => Final <= limit || limit < 1
        ? this
        : this with { Final = limit, Lingering = Lingering * ((double)Final / limit) };
}
