using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.LimitRanges;

/// <summary>The rules of LimitRanges.</summary>
public sealed class LimitRangeStrategy : ResourceStrategy<V1LimitRange>
{
    public override bool AllowCreateOnUpdate => true;

    public override void SetDefaults(V1LimitRange item)
    {
        item.Spec ??= new V1LimitRangeSpec();
        foreach (var limit in item.Spec.Limits ?? [])
        {
            if (limit.Type == "Container")
            {
                limit.DefaultProperty = Filled(limit.DefaultProperty, limit.Max);
                limit.DefaultRequest = Filled(Filled(limit.DefaultRequest, limit.DefaultProperty), limit.Min);
            }

            PodDefaults.RoundUp(limit.Max);
            PodDefaults.RoundUp(limit.Min);
            PodDefaults.RoundUp(limit.DefaultProperty);
            PodDefaults.RoundUp(limit.DefaultRequest);
            PodDefaults.RoundUp(limit.MaxLimitRequestRatio);
        }

        ModelShape.Normalize(item);
    }

    /// <summary>One that comes without a name is called by its uid.</summary>
    public override void PrepareForCreate(V1LimitRange item)
    {
        if (string.IsNullOrEmpty(item.Metadata.Name))
        {
            item.Metadata.Name = item.Metadata.Uid;
        }
    }

    public override void Validate(V1LimitRange item, FieldErrors errors) => LimitRangeRules.Validate(item, errors);

    public override void ValidateUpdate(V1LimitRange item, V1LimitRange old, string subresource, FieldErrors errors)
    {
        ObjectMetaRules.ValidateCreate(item.Metadata, namespaced: true, ValidateName, errors);
        LimitRangeRules.Validate(item, errors);
    }

    /// <summary>What is not there yet comes from the other.</summary>
    private static IDictionary<string, ResourceQuantity> Filled(
        IDictionary<string, ResourceQuantity>? amounts, IDictionary<string, ResourceQuantity>? others)
    {
        amounts ??= new Dictionary<string, ResourceQuantity>();
        foreach (var (name, amount) in others ?? new Dictionary<string, ResourceQuantity>())
        {
            amounts.TryAdd(name, amount);
        }

        return amounts;
    }
}
