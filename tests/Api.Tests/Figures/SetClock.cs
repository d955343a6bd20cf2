using OrleansOrchestrator.TestKit;

namespace OrleansOrchestrator.Api.Tests.Figures;

/// <summary>Time that the test moves, with a wall clock that somebody sets.</summary>
internal sealed class SetClock(ManualTime time) : TimeProvider
{
    public TimeSpan Offset { get; set; }

    public override long TimestampFrequency => time.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => time.GetUtcNow() + Offset;

    public override long GetTimestamp() => time.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        time.CreateTimer(callback, state, dueTime, period);
}
