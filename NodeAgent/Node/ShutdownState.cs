namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>Whether the machine is about to go down: the node is not ready then, and takes no pods.</summary>
public sealed class ShutdownState
{
    /// <summary>What a node that is about to go down says of itself.</summary>
    public const string Problem = "node is shutting down";

    private volatile bool _isShuttingDown;

    public event Action? Changed;

    public bool IsShuttingDown => _isShuttingDown;

    public void Set(bool isShuttingDown)
    {
        if (_isShuttingDown != isShuttingDown)
        {
            _isShuttingDown = isShuttingDown;
            Changed?.Invoke();
        }
    }
}
