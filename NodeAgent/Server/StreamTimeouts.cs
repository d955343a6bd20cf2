namespace OrleansOrchestrator.NodeAgent.Server;

/// <summary>How long streams of exec, attach and port-forward may take; upstream's figures.</summary>
public sealed record StreamTimeouts(TimeProvider Time)
{
    /// <summary>Without a byte in either direction.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromHours(4);

    /// <summary>Until all streams that belong together have been opened.</summary>
    public TimeSpan Creation { get; init; } = TimeSpan.FromSeconds(30);
}
