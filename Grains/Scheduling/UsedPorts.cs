namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// The ports that are taken on a node. Counted, since the pods of a node may have one twice for a moment; looked up and
/// never scanned, since one pod may want all of a host's ports.
/// </summary>
public sealed class UsedPorts
{
    /// <summary>By port at its own address, and once more at none: that is the port at any address.</summary>
    private readonly Dictionary<(string? Address, string Protocol, int Port), int> _counts = [];

    /// <summary>Whether a pod may have the port.</summary>
    public bool IsFree(HostPort port) => port.Address == HostPort.AnyAddress
        ? !_counts.ContainsKey((null, port.Protocol, port.Port))
        : !_counts.ContainsKey((port.Address, port.Protocol, port.Port))
            && !_counts.ContainsKey((HostPort.AnyAddress, port.Protocol, port.Port));

    /// <summary>Counts a port that is taken (1) or given back (-1).</summary>
    public void Count(HostPort port, int sign)
    {
        Change((port.Address, port.Protocol, port.Port), sign);
        Change((null, port.Protocol, port.Port), sign);
    }

    private void Change((string? Address, string Protocol, int Port) key, int sign)
    {
        var count = _counts.GetValueOrDefault(key) + sign;
        if (count > 0)
        {
            _counts[key] = count;
        }
        else
        {
            _counts.Remove(key);
        }
    }
}
