namespace OrleansOrchestrator.Api.FlowControl;

/// <summary>How a priority level holds requests that find no seat.</summary>
/// <param name="Queues">How many queues; 0: whoever finds no seat is refused; below: there is always a seat.</param>
/// <param name="HandSize">How many of them one flow may use.</param>
/// <param name="LengthLimit">How many requests wait in one at most.</param>
public sealed record QueueSettings(int Queues, int HandSize, int LengthLimit)
{
    public static readonly QueueSettings Exempt = new(-1, 0, 0);

    public static readonly QueueSettings Refusing = new(0, 0, 0);

    public bool IsExempt => Queues < 0;
}
