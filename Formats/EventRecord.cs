namespace OrleansOrchestrator.Formats;

/// <summary>What is known of an event that was written.</summary>
public sealed class EventRecord
{
    /// <summary>Name of the Event object; empty before it is written.</summary>
    public string Name { get; set; } = "";

    /// <summary>How often it happened, those times included that nobody wrote down.</summary>
    public int Count { get; set; }

    /// <summary>What is told last.</summary>
    public string Message { get; set; } = "";

    /// <summary>When it happened first.</summary>
    public DateTimeOffset First { get; init; }
}
