namespace OrleansOrchestrator.NodeAgent.Cri;

/// <summary>What the agent knows about its runtime right now; the node's Ready condition repeats it.</summary>
public sealed class RuntimeHealth
{
    private volatile string _problem = "container runtime is down";
    private volatile string? _networkProblem;
    private readonly TaskCompletionSource _known = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Raised on every change, so that the node status need not wait for its next round.</summary>
    public event Action? Changed;

    /// <summary>Null when the runtime answers.</summary>
    public string? Problem => _problem.Length == 0 ? null : _problem;

    public bool IsUp => _problem.Length == 0;

    /// <summary>What the runtime could do when it last came up.</summary>
    public RuntimeAbilities Abilities { get; private set; } = RuntimeAbilities.None;

    /// <summary>
    /// Why pods cannot have a network now, as the runtime said when it was last asked; null when they can, or when it
    /// was not asked yet.
    /// </summary>
    public string? NetworkProblem { get => _networkProblem; set => _networkProblem = value; }

    /// <summary>Completes when the runtime answers; at once when it does already.</summary>
    public Task WhenUpAsync(CancellationToken cancellationToken) => _ready.Task.WaitAsync(cancellationToken);

    /// <summary>
    /// Completes when it is known for the first time whether the runtime answers, or when that takes too long. An agent
    /// that has just started must not call the runtime down because it has not looked yet: the pods of a node that is
    /// not ready are taken out of all Services.
    /// </summary>
    public async Task WhenKnownAsync(TimeSpan atMost, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            await _known.Task.WaitAsync(atMost, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // As good as down.
        }
    }

    public void Up(RuntimeAbilities abilities)
    {
        Abilities = abilities;
        if (IsUp)
        {
            return;
        }

        _problem = "";
        _known.TrySetResult();
        _ready.TrySetResult();
        Changed?.Invoke();
    }

    public void Down(string problem)
    {
        var wasUp = IsUp;
        _problem = problem;
        _known.TrySetResult();
        if (wasUp)
        {
            _ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Changed?.Invoke();
        }
    }
}
