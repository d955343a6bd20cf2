namespace OrleansOrchestrator.NodeAgent.Containerd;

/// <summary>What the agent knows about its runtime right now; the node's Ready condition repeats it.</summary>
public sealed class RuntimeHealth
{
    private volatile string _problem = "container runtime is down";
    private TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Raised on every change, so that the node status need not wait for its next round.</summary>
    public event Action? Changed;

    /// <summary>Null when the runtime answers.</summary>
    public string? Problem => _problem.Length == 0 ? null : _problem;

    public bool IsUp => _problem.Length == 0;

    /// <summary>Completes when the runtime answers; at once when it does already.</summary>
    public Task WhenUpAsync(CancellationToken cancellationToken) => _ready.Task.WaitAsync(cancellationToken);

    public void Up()
    {
        if (IsUp)
        {
            return;
        }

        _problem = "";
        _ready.TrySetResult();
        Changed?.Invoke();
    }

    public void Down(string problem)
    {
        var wasUp = IsUp;
        _problem = problem;
        if (wasUp)
        {
            _ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Changed?.Invoke();
        }
    }
}
