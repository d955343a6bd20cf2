namespace OrleansOrchestrator.NodeAgent.Tests.Support;

/// <summary>
/// A clock that stands still until it is set. Setting <see cref="Now"/> lets time pass; <see cref="SetWallClock"/> only
/// moves the hands, as an administrator or a time server does.
/// </summary>
internal sealed class ManualTime : TimeProvider
{
    private TimeSpan _step;
    private TimeSpan _passed = TimeSpan.FromHours(1); // the machine runs already

    private static readonly DateTimeOffset Origin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public DateTimeOffset Now
    {
        get => Origin + _step + _passed;
        set => _passed = value - Origin - _step;
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public void SetWallClock(TimeSpan by) => _step += by;

    public override DateTimeOffset GetUtcNow() => Now;

    public override long GetTimestamp() => _passed.Ticks;
}
