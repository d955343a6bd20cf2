namespace OrleansOrchestrator.NodeAgent.Server;

/// <summary>What WebSocket clients of exec and attach may speak.</summary>
/// <param name="Name">The subprotocol; null when the client names none.</param>
/// <param name="IsText">Messages are text: base64 behind the channel's number.</param>
/// <param name="Status">How the end of the command is told.</param>
internal sealed record CommandProtocol(string? Name, bool IsText, CommandStatus Status)
{
    private static readonly CommandProtocol V5 = new("v5.channel.k8s.io", IsText: false, CommandStatus.Translated);

    private static readonly CommandProtocol[] Others =
    [
        new("channel.k8s.io", IsText: false, CommandStatus.Message),
        new("base64.channel.k8s.io", IsText: true, CommandStatus.Message),
        new("v4.channel.k8s.io", IsText: false, CommandStatus.Whole),
        new("v4.base64.channel.k8s.io", IsText: true, CommandStatus.Whole),
    ];

    /// <summary>
    /// Version 5, with which a client can close stdin alone. Upstream's API server speaks it itself, and so is
    /// connected with the client before it asks the node.
    /// </summary>
    public bool IsV5 => this == V5;

    /// <summary>Version 5 when it is among those that a client names, else the first known one; null when none
    /// is.</summary>
    public static CommandProtocol? Negotiate(IList<string> requested) => requested switch
    {
        [] => new CommandProtocol(null, IsText: false, CommandStatus.Message),
        _ when requested.Contains(V5.Name!) => V5,
        _ => requested.Select(r => Array.Find(Others, p => p.Name == r)).FirstOrDefault(p => p is not null),
    };
}
