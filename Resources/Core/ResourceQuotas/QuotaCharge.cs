using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Amounts = System.Collections.Generic.Dictionary<string, OrleansOrchestrator.Resources.Kernel.Quantity>;

namespace OrleansOrchestrator.Resources.Core.ResourceQuotas;

/// <summary>What one write is charged to the quotas of its namespace, or why it cannot be.</summary>
/// <param name="Refusal">In upstream's words; null when all quotas bear it.</param>
/// <param name="Changed">The quotas whose status says more than before.</param>
public sealed record QuotaCharge(string? Refusal, IReadOnlyList<V1ResourceQuota> Changed)
{
    /// <summary>Charges a write: the statuses of the quotas that bear it are changed in place.</summary>
    /// <param name="resource">What is written.</param>
    /// <param name="item">The object as it is to be.</param>
    /// <param name="old">The object as it is; null for a new one.</param>
    /// <param name="quotas">The quotas of the namespace.</param>
    /// <param name="devices">What claims of devices depend on.</param>
    public static QuotaCharge Of(
        ResourceName resource,
        IKubernetesObject<V1ObjectMeta> item,
        IKubernetesObject<V1ObjectMeta>? old,
        IReadOnlyList<V1ResourceQuota> quotas,
        DeviceSurroundings? devices = null)
    {
        var evaluator = QuotaEvaluator.For(resource, devices);
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

        var more = More(usage, old is null ? [] : evaluator.Usage(old));
        return counting.Select(q => Exceeded(q, more)).FirstOrDefault(static e => e is not null) is { } exceeded
            ? new QuotaCharge(exceeded, [])
            : new QuotaCharge(null, [.. counting.Where(q => Add(q, more))]);
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

    private static string? Exceeded(V1ResourceQuota quota, Amounts more)
    {
        var (hard, used) = (quota.Status.Hard, quota.Status.Used);
        string[] names =
        [
            .. more.Keys.Where(n => hard.TryGetValue(n, out var limit)
                && (Used(used, n) is { } amount ? amount + more[n] : more[n]) > Quantity.Of(limit))
                .Order(StringComparer.Ordinal),
        ];
        return names.Length == 0
            ? null
            : $"exceeded quota: {quota.Metadata.Name}, requested: {Shown(names, n => more[n])}, " +
                $"used: {Shown(names.Where(n => used?.ContainsKey(n) == true), n => Quantity.Of(used![n]))}, " +
                $"limited: {Shown(names, n => Quantity.Of(hard[n]))}";
    }

    /// <summary>True when the quota bounds anything of it.</summary>
    private static bool Add(V1ResourceQuota quota, Amounts more)
    {
        string[] names = [.. more.Keys.Where(quota.Status.Hard.ContainsKey)];
        foreach (var name in names)
        {
            quota.Status.Used[name] = ((Used(quota.Status.Used, name) ?? Quantity.Zero) + more[name]).ToModel();
        }

        return names.Length > 0;
    }

    private static Quantity? Used(IDictionary<string, ResourceQuantity>? used, string name) =>
        used?.TryGetValue(name, out var amount) == true ? Quantity.Of(amount) : null;

    private static string Names(IEnumerable<string> names) => string.Join(',', names.Order(StringComparer.Ordinal));

    private static string Shown(IEnumerable<string> names, Func<string, Quantity> amount) =>
        string.Join(',', names.Select(n => $"{n}={amount(n)}"));
}
