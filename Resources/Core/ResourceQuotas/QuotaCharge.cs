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
        if (usage.Values.Any(static u => u.Sign < 0))
        {
            var negative = Names(usage.Where(static u => u.Value.Sign < 0).Select(static u => u.Key));
            return new QuotaCharge($"quota usage is negative for resource(s): {negative}", []);
        }

        // An object that comes into the scopes of a quota is new to it.
        var before = old is null ? null : evaluator.Usage(old);
        Part[] growth =
        [
            .. counting.Select(q => new Part(
                q, Growth(usage, before is not null && evaluator.Counts(q, old!) ? before : null))),
        ];
        var grows =
            growth.Length == 0 ? Growth(usage, before).Length > 0 : growth.Any(static g => g.More.Count > 0);
        return (grows ? limits?.Uncovered(evaluator, item, usage, quotas, counting) : null)
            ?? new QuotaCharge(null, [.. growth.Select(Bounded).Where(static p => p.More.Count > 0)])
            {
                IsOwed = write.IsStatus,
            };
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

    private static QuotaGrowth[] Growth(Amounts usage, Amounts? before) =>
        [
            .. usage
                .Select(u => new QuotaGrowth(
                    u.Key, before?.TryGetValue(u.Key, out var had) == true ? u.Value - had : u.Value))
                .Where(static g => g.Amount.Sign > 0),
        ];

    private static Part Bounded(Part part) =>
        part with { More = [.. part.More.Where(m => part.Quota.Status.Hard.ContainsKey(m.Name))] };

    private static string Names(IEnumerable<string> names) => string.Join(',', names.Order(StringComparer.Ordinal));

    /// <summary>What one quota is charged.</summary>
    /// <param name="Quota">Which.</param>
    /// <param name="More">By how much its use grows, of what it bounds; more than nothing.</param>
    public sealed record Part(V1ResourceQuota Quota, IReadOnlyList<QuotaGrowth> More);
}
