namespace OrleansOrchestrator.Api.FlowControl;

/// <summary>
/// What is counted of the requests of one schema at one level. The level's lock guards the writing; who shows it may
/// read it without.
/// </summary>
public sealed class FlowStats(string level, string schema)
{
    public string Level => level;

    public string Schema => schema;

    internal long Dispatched;
    internal long NoSeat;
    internal long QueueFull;
    internal long TimedOut;
    internal long Cancelled;
    internal long NoAccommodation;
    internal int Executing;
    internal int ExecutingSeats;
    internal int Waiting;
    internal int WaitingSeats;
}
