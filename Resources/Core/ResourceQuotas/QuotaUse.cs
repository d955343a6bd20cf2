using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;
using Amounts = System.Collections.Generic.Dictionary<string, OrleansOrchestrator.Resources.Kernel.Quantity>;

namespace OrleansOrchestrator.Resources.Core.ResourceQuotas;

/// <summary>
/// How much of one quota may be used and is, in amounts that can be summed: a model's quantity is dear to make, and a
/// quota is charged far more often than it is written.
/// </summary>
public sealed class QuotaUse
{
    private readonly string _name;
    private readonly Amounts _used;
    private readonly Amounts _hard;

    /// <param name="quota">Whose status says it.</param>
    public QuotaUse(V1ResourceQuota quota)
    {
        _name = quota.Metadata.Name;
        (_used, _hard) = (Read(quota.Status?.Used), Read(quota.Status?.Hard));
    }

    /// <summary>How much may be used of everything.</summary>
    public IReadOnlyDictionary<string, Quantity> Limits => _hard;

    /// <summary>How much is used; nothing of what nobody has counted.</summary>
    public Quantity Used(string name) => _used.GetValueOrDefault(name, Quantity.Zero);

    /// <summary>How much may be used.</summary>
    public Quantity Hard(string name) => _hard.GetValueOrDefault(name, Quantity.Zero);

    /// <summary>Why it does not bear so much more, in upstream's words; null when it does.</summary>
    public string? ExceededBy(IReadOnlyList<QuotaGrowth> more)
    {
        QuotaGrowth[] over =
        [
            .. more.Where(m => Used(m.Name) + m.Amount > Hard(m.Name))
                .OrderBy(static m => m.Name, StringComparer.Ordinal),
        ];
        return over.Length == 0
            ? null
            : $"exceeded quota: {_name}, requested: {Shown(over, static m => m.Amount)}, " +
                $"used: {Shown(over.Where(m => _used.ContainsKey(m.Name)), m => Used(m.Name))}, " +
                $"limited: {Shown(over, m => Hard(m.Name))}";
    }

    /// <summary>Has so much more used.</summary>
    public void Add(IReadOnlyList<QuotaGrowth> more)
    {
        foreach (var (name, amount) in more)
        {
            _used[name] = Used(name) + amount;
        }
    }

    /// <summary>Has at least so much used, of what has been counted; true when it was less.</summary>
    public bool RaiseTo(IEnumerable<KeyValuePair<string, Quantity>> amounts)
    {
        var less = amounts.Where(a => _used.TryGetValue(a.Key, out var used) && used < a.Value).ToList();
        less.ForEach(a => _used[a.Key] = a.Value);
        return less.Count > 0;
    }

    /// <summary>Has the quota's status say how much is used.</summary>
    public void WriteTo(V1ResourceQuota quota)
    {
        foreach (var (name, amount) in _used)
        {
            quota.Status.Used[name] = amount.ToModel();
        }
    }

    private static Amounts Read(IDictionary<string, ResourceQuantity>? amounts) =>
        (amounts ?? new Dictionary<string, ResourceQuantity>())
            .ToDictionary(static a => a.Key, static a => Quantity.Of(a.Value), StringComparer.Ordinal);

    private static string Shown(IEnumerable<QuotaGrowth> all, Func<QuotaGrowth, Quantity> amount) =>
        string.Join(',', all.Select(m => $"{m.Name}={amount(m)}"));
}

/// <summary>By how much the use of something grows.</summary>
/// <param name="Name">As the quota names it.</param>
/// <param name="Amount">More than nothing.</param>
public readonly record struct QuotaGrowth(string Name, Quantity Amount);
