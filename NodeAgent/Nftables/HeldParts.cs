using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Nftables;

/// <summary>
/// Which parts the kernel's table holds. One that nobody wants any more stays for a moment, since packets may still be
/// in it, and is taken out with a later transaction.
/// </summary>
/// <param name="time">Clock.</param>
public sealed class HeldParts(TimeProvider time)
{
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(1);

    private readonly HashSet<Part> _held = [];
    private readonly Dictionary<Part, SteadyTime> _idle = [];

    /// <summary>Those that have waited long enough and are not wanted again now.</summary>
    public IReadOnlyList<Part> Due(Ruleset wanted) =>
        [.. _idle.Where(i => time.GetSteadyTime() - i.Value >= Linger && !wanted.Parts.ContainsKey(i.Key)).Select(
            i => i.Key)];

    /// <summary>Those that must be made.</summary>
    public IReadOnlyList<KeyValuePair<Part, string>> Missing(Ruleset wanted) =>
        [.. wanted.Parts.Where(p => !_held.Contains(p.Key))];

    /// <summary>A transaction went through.</summary>
    /// <param name="before">What it touched, as it was.</param>
    /// <param name="after">What it touched, as it is.</param>
    /// <param name="removed">What it took out.</param>
    public void Note(IEnumerable<Part> before, Ruleset after, IEnumerable<Part> removed)
    {
        foreach (var part in removed)
        {
            _held.Remove(part);
            _idle.Remove(part);
        }

        foreach (var part in after.Parts.Keys)
        {
            _held.Add(part);
            _idle.Remove(part);
        }

        foreach (var part in before.Where(p => !after.Parts.ContainsKey(p)))
        {
            _idle.TryAdd(part, time.GetSteadyTime());
        }
    }

    /// <summary>The table is another one.</summary>
    public void Reset(IEnumerable<Part> held)
    {
        _held.Clear();
        _idle.Clear();
        _held.UnionWith(held);
    }
}
