using System.Globalization;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Proxy;

/// <summary>
/// Whether the kernel keeps up with the Services: unhealthy when a change has waited for too long, or when the node is
/// about to be removed (upstream's rules for kube-proxy's port 10256, which load balancers ask).
/// </summary>
public sealed class ProxyHealth(TimeProvider time)
{
    /// <summary>Taint that the cluster autoscaler puts on a node that it will remove.</summary>
    public const string ToBeDeletedTaint = "ToBeDeletedByClusterAutoscaler";

    private const string GoTime = "yyyy-MM-dd HH:mm:ss.fffffff '+0000 UTC'";
    private static readonly TimeSpan MaxWait = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private SteadyTime? _waitingSince;
    private DateTimeOffset _updated;

    /// <summary>False when load balancers must send nothing new to this node.</summary>
    public bool IsNodeEligible { get; set; } = true;

    /// <summary>Whether changes reach the kernel in time.</summary>
    public bool IsHealthy
    {
        get
        {
            lock (_lock)
            {
                return _waitingSince is not { } since || time.GetSteadyTime() - since < MaxWait;
            }
        }
    }

    /// <summary>A change waits from now on, if none waits already.</summary>
    public void Queued()
    {
        lock (_lock)
        {
            _waitingSince ??= time.GetSteadyTime();
        }
    }

    /// <summary>The kernel has all that was known.</summary>
    public void Updated()
    {
        lock (_lock)
        {
            _waitingSince = null;
            _updated = time.GetUtcNow();
        }
    }

    /// <summary>Answer for <c>/healthz</c>, or without the node's part for <c>/livez</c>.</summary>
    public (bool Ok, string Body) Answer(bool withNode)
    {
        var isOk = IsHealthy && (IsNodeEligible || !withNode);
        var now = time.GetUtcNow();
        var updated = isOk ? now : _updated;
        var node = withNode ? $", \"nodeEligible\": {(IsNodeEligible ? "true" : "false")}" : "";
        return (isOk, $"{{\"lastUpdated\": \"{Text(updated)}\",\"currentTime\": \"{Text(now)}\"{node}}}");
    }

    private static string Text(DateTimeOffset moment) =>
        moment.UtcDateTime.ToString(GoTime, CultureInfo.InvariantCulture);
}
