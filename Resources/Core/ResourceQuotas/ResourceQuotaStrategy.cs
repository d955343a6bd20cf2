using k8s.Models;
using OrleansOrchestrator.Resources.Core.ConfigMaps;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.ResourceQuotas;

/// <summary>The rules of ResourceQuotas.</summary>
public sealed class ResourceQuotaStrategy : ResourceStrategy<V1ResourceQuota>
{
    private static readonly string[] Known =
        [ResourceNames.Cpu, ResourceNames.Memory, "storage", ResourceNames.EphemeralStorage];

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new(
            "Request",
            "string",
            "",
            "Request represents a minimum amount of cpu/memory that a container may consume."),
        new(
            "Limit",
            "string",
            "",
            "Limits control the maximum amount of cpu/memory that a container may use independent of contention " +
            "on the node."),
        TableColumns.Age,
    ];

    public override IReadOnlyList<object?> Cells(V1ResourceQuota item, DateTimeOffset now) =>
    [
        item.Metadata.Name,
        Uses(item.Status, areLimits: false),
        Uses(item.Status, areLimits: true),
        TableColumns.AgeOf(item, now),
    ];

    public override void SetDefaults(V1ResourceQuota item)
    {
        item.Spec ??= new V1ResourceQuotaSpec();
        item.Status ??= new V1ResourceQuotaStatus();
        ModelShape.Normalize(item);
        PodDefaults.RoundUp(item.Spec.Hard);
        PodDefaults.RoundUp(item.Status.Hard);
        PodDefaults.RoundUp(item.Status.Used);
    }

    public override void PrepareForCreate(V1ResourceQuota item) => item.Status = new V1ResourceQuotaStatus();

    public override void PrepareForUpdate(V1ResourceQuota item, V1ResourceQuota old, string subresource)
    {
        if (subresource == "status")
        {
            item.Spec = old.Spec;
        }
        else
        {
            item.Status = old.Status;
        }
    }

    public override void Validate(V1ResourceQuota item, FieldErrors errors)
    {
        ResourceQuotaRules.ValidateSpec(item.Spec, errors);
        ResourceQuotaRules.ValidateStatus(item.Status, errors);
    }

    public override void ValidateUpdate(
        V1ResourceQuota item, V1ResourceQuota old, string subresource, FieldErrors errors)
    {
        if (subresource == "status")
        {
            ResourceQuotaRules.ValidateStatus(item.Status, errors);
            return;
        }

        ResourceQuotaRules.ValidateSpec(item.Spec, errors);
        if (!(item.Spec.Scopes ?? []).ToHashSet().SetEquals(old.Spec?.Scopes ?? []))
        {
            errors.Invalid(FieldPath.Of("spec", "scopes"), item.Spec.Scopes, FieldErrors.IsImmutable);
        }
    }

    /// <summary>Who may ask for more than the limits allow can never use it.</summary>
    public override IEnumerable<string> Warnings(V1ResourceQuota item, V1ResourceQuota? old)
    {
        var hard = item.Spec.Hard;
        if (old is not null || hard is null)
        {
            yield break;
        }

        foreach (var resource in Known)
        {
            var request = $"requests.{resource}";
            if (!hard.ContainsKey(request) && resource is (ResourceNames.Cpu or ResourceNames.Memory))
            {
                request = resource;
            }

            var limit = $"limits.{resource}";
            if (hard.TryGetValue(request, out var asked)
                && hard.TryGetValue(limit, out var allowed)
                && Quantity.Of(asked) > Quantity.Of(allowed))
            {
                yield return $"ResourceQuota {request} ({Quantity.Of(asked)}) should be less than {limit} " +
                    $"({Quantity.Of(allowed)})";
            }
        }
    }

    private static string Uses(V1ResourceQuotaStatus? status, bool areLimits) => string.Join(
        ", ",
        ConfigMapStrategy.Sorted(status?.Hard)
            .Where(p => p.Key.StartsWith("limits.", StringComparison.Ordinal) == areLimits)
            .Select(p => $"{p.Key}: {Amount(status!.Used, p.Key)}/{p.Value}"));

    private static string Amount(IDictionary<string, ResourceQuantity>? amounts, string name) =>
        amounts?.TryGetValue(name, out var amount) == true ? amount.ToString() : "0";
}
