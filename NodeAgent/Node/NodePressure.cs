namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>What the node is short of right now.</summary>
[Flags]
public enum Pressure
{
    None = 0,
    Memory = 1,
    Disk = 2,
    Pids = 4,
}

/// <summary>The present pressure, for the node's conditions and for the admission of pods.</summary>
public sealed class PressureState
{
    private volatile Pressure _current;

    public event Action? Changed;

    public Pressure Current => _current;

    public void Set(Pressure pressure)
    {
        if (_current != pressure)
        {
            _current = pressure;
            Changed?.Invoke();
        }
    }
}
