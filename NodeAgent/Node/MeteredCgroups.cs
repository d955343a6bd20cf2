using OrleansOrchestrator.NodeAgent.Metrics;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>Cgroups whose changes are measured, by upstream's names of them; what is only read is not.</summary>
public sealed class MeteredCgroups(ICgroupHierarchy inner, KubeletMeters meters, TimeProvider time) : ICgroupHierarchy
{
    private const string Update = "update";

    /// <inheritdoc/>
    public bool IsUnified => inner.IsUnified;

    /// <inheritdoc/>
    public void Create(string path) => Measure("create", () => inner.Create(path));

    /// <inheritdoc/>
    public bool Remove(string path)
    {
        var removed = false;
        Measure("destroy", () => removed = inner.Remove(path));
        return removed;
    }

    /// <inheritdoc/>
    public void SetCpuShares(string path, long shares) => Measure(Update, () => inner.SetCpuShares(path, shares));

    /// <inheritdoc/>
    public void SetCpuQuota(string path, long quotaMicroseconds, long periodMicroseconds) =>
        Measure(Update, () => inner.SetCpuQuota(path, quotaMicroseconds, periodMicroseconds));

    /// <inheritdoc/>
    public void SetMemoryLimit(string path, long bytes) => Measure(Update, () => inner.SetMemoryLimit(path, bytes));

    /// <inheritdoc/>
    public void SetProcessLimit(string path, long count) => Measure(Update, () => inner.SetProcessLimit(path, count));

    /// <inheritdoc/>
    public void SetHugePageLimits(string path, IReadOnlyDictionary<string, long> bytes) =>
        Measure(Update, () => inner.SetHugePageLimits(path, bytes));

    /// <inheritdoc/>
    public bool LimitsSwap(string path) => inner.LimitsSwap(path);

    /// <inheritdoc/>
    public CgroupLimits? Limits(string path) => inner.Limits(path);

    /// <inheritdoc/>
    public CgroupUsage? Usage(string path) => inner.Usage(path);

    /// <inheritdoc/>
    public ulong? CpuNanoseconds(string path) => inner.CpuNanoseconds(path);

    /// <inheritdoc/>
    public IReadOnlyList<string> Children(string path) => inner.Children(path);

    /// <inheritdoc/>
    public IReadOnlyList<int> Processes(string path) => inner.Processes(path);

    private void Measure(string operation, Action change)
    {
        var started = time.GetTimestamp();
        try
        {
            change();
        }
        finally
        {
            meters.Cgroup.Record(time.GetElapsedTime(started), operation);
        }
    }
}
