using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Amounts = System.Collections.Generic.Dictionary<string, OrleansOrchestrator.Resources.Kernel.Quantity>;

namespace OrleansOrchestrator.Resources.Core.ResourceQuotas;

/// <summary>What one write is to be charged to the quotas of its namespace, or why it cannot be counted.</summary>
/// <param name="Refusal">In upstream's words; null when all quotas can count it.</param>
/// <param name="Parts">What each quota is charged that bounds anything of it.</param>
public sealed record QuotaCharge(string? Refusal, IReadOnlyList<QuotaCharge.Part> Parts)
{
    /// <summary>It has been used already, and is charged whatever the quotas say.</summary>
    public bool IsOwed { get; init; }

    /// <summary>Upstream forgets to say that the refusal is one: it is a failure to whoever asked.</summary>
    public bool IsFailure { get; init; }

    /// <summary>Why the quotas, as used as they are, do not bear it, in upstream's words; null when they do.</summary>
    public string? Exceeded =>
        IsOwed ? null : Parts.Select(ExceededBy).FirstOrDefault(static e => e is not null);

    /// <summary>What a write would be charged, however much of the quotas is used.</summary>
    /// <param name="write">The write.</param>
    /// <param name="quotas">The quotas of the namespace.</param>
    /// <param name="devices">What claims of devices depend on.</param>
    /// <param name="limits">What only quotas allow; null for nothing.</param>
    public static QuotaCharge Of(
        QuotedWrite write, IReadOnlyList<V1ResourceQuota> quotas, DeviceSurroundings? devices = null,
        QuotaLimits? limits = null)
    {
        var (item, old) = (write.Item, write.Old);
        var evaluator = QuotaEvaluator.For(write.Resource, devices);
        V1ResourceQuota[] counting = [.. quotas.Where(q => evaluator.Counts(q, item))];
        if (counting.Select(q => Unknown(evaluator, q, item)).FirstOrDefault(static c => c is not null) is { } unknown)
        {
            return new QuotaCharge(unknown, []);
        }

        var usage = evaluator.Usage(item);
        if (usage.Where(static u => u.Value.Sign < 0).Select(static u => u.Key).ToList() is { Count: > 0 } negative)
        {
            return new QuotaCharge($"quota usage is negative for resource(s): {Names(negative)}", []);
        }

        // An object that comes into the scopes of a quota is new to it.
        var before = old is null ? [] : evaluator.Usage(old);
        (V1ResourceQuota Quota, Amounts More)[] growth =
            [.. counting.Select(q => (q, More(usage, old is not null && evaluator.Counts(q, old) ? before : [])))];
        var grows = growth.Length == 0 ? More(usage, before).Count > 0 : growth.Any(static g => g.More.Count > 0);
        return (grows ? limits?.Uncovered(evaluator, item, usage, quotas, counting) : null)
            ?? new QuotaCharge(null, Parted(growth)) { IsOwed = write.IsStatus };
    }

    private static Part[] Parted(IEnumerable<(V1ResourceQuota Quota, Amounts More)> growth) =>
        [
            .. growth.Select(static g => new Part(g.Quota, Bounded(g.Quota, g.More)))
                .Where(static p => p.More.Count > 0),
        ];

    /// <summary>Charges it: the statuses of the quotas say so, in place.</summary>
    public void Apply()
    {
        foreach (var (quota, more) in Parts)
        {
            foreach (var (name, amount) in more)
            {
                quota.Status.Used[name] = ((Used(quota.Status.Used, name) ?? Quantity.Zero) + amount).ToModel();
            }
        }
    }

    /// <summary>Why a quota cannot say how much of it is left.</summary>
    private static string? Unknown(
        QuotaEvaluator evaluator, V1ResourceQuota quota, IKubernetesObject<V1ObjectMeta> item)
    {
        string[] bounded = [.. quota.Status.Hard.Keys.Where(evaluator.Bounds)];
        if (evaluator.Complaint(bounded, item) is { } complaint)
        {
            return $"failed quota: {quota.Metadata.Name}: {complaint}";
        }

        return bounded.All(name => quota.Status.Used?.ContainsKey(name) == true)
            ? null
            : $"status unknown for quota: {quota.Metadata.Name}, resources: {Names(bounded)}";
    }

    private static Amounts More(Amounts usage, Amounts before) => usage
        .Select(u => (u.Key, Amount: before.TryGetValue(u.Key, out var had) ? u.Value - had : u.Value))
        .Where(static u => u.Amount.Sign > 0)
        .ToDictionary(static u => u.Key, static u => u.Amount, StringComparer.Ordinal);

    private static Amounts Bounded(V1ResourceQuota quota, Amounts more) => more
        .Where(m => quota.Status.Hard.ContainsKey(m.Key))
        .ToDictionary(static m => m.Key, static m => m.Value, StringComparer.Ordinal);

    private static string? ExceededBy(Part part)
    {
        var (quota, more) = part;
        var (hard, used) = (quota.Status.Hard, quota.Status.Used);
        string[] names =
        [
            .. more.Keys.Where(n => (Used(used, n) is { } amount ? amount + more[n] : more[n]) > Quantity.Of(hard[n]))
                .Order(StringComparer.Ordinal),
        ];
        return names.Length == 0
            ? null
            : $"exceeded quota: {quota.Metadata.Name}, requested: {Shown(names, n => more[n])}, " +
                $"used: {Shown(names.Where(n => used?.ContainsKey(n) == true), n => Quantity.Of(used![n]))}, " +
                $"limited: {Shown(names, n => Quantity.Of(hard[n]))}";
    }

    private static Quantity? Used(IDictionary<string, ResourceQuantity>? used, string name) =>
        used?.TryGetValue(name, out var amount) == true ? Quantity.Of(amount) : null;

    private static string Names(IEnumerable<string> names) => string.Join(',', names.Order(StringComparer.Ordinal));

    private static string Shown(IEnumerable<string> names, Func<string, Quantity> amount) =>
        string.Join(',', names.Select(n => $"{n}={amount(n)}"));

    /// <summary>What one quota is charged.</summary>
    /// <param name="Quota">Which.</param>
    /// <param name="More">By how much its use grows, of what it bounds; more than nothing.</param>
    public sealed record Part(V1ResourceQuota Quota, IReadOnlyDictionary<string, Quantity> More);
}
