using System.Text.Json;
using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Resources.Core.Nodes;

/// <summary>
/// Validation of Nodes. Taints are reported under <c>metadata.taints</c>: upstream's slip, which clients see.
/// </summary>
internal static class NodeRules
{
    private const string AvoidPodsAnnotation = "scheduler.alpha.kubernetes.io/preferAvoidPods";

    private static readonly string[] Effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
    private static readonly FieldPath Taints = FieldPath.Of("metadata", "taints");
    private static readonly FieldPath PodCidrs = FieldPath.Of("spec", "podCIDRs");
    private static readonly FieldPath Capacity = FieldPath.Of("status", "capacity");
    private static readonly FieldPath Allocatable = FieldPath.Of("status", "allocatable");
    private static readonly FieldPath SwapCapacity = FieldPath.Of("metadata", "nodeSwapStatus", "capacity");

    public static void Validate(V1Node item, FieldErrors errors)
    {
        ValidateAnnotations(item, errors);
        ValidateTaints(item.Spec?.Taints, errors);
        ValidateResources(item, errors);
        ValidateSwap(item.Status?.NodeInfo?.Swap, errors);
        NodeFeatureRules.Validate(item.Status?.DeclaredFeatures, errors);
        ValidatePodCidrs(item.Spec?.PodCIDRs, errors);
    }

    public static void ValidateUpdate(V1Node item, V1Node old, FieldErrors errors)
    {
        ValidateAnnotations(item, errors);
        ValidateResources(item, errors);
        NodeFeatureRules.Validate(item.Status?.DeclaredFeatures, errors);
        ValidateAddresses(item, errors);
        ValidateUnchanged(item.Spec, old.Spec, errors);
        ValidateTaints(item.Spec?.Taints, errors);
        if ((item.Spec?.ExternalID ?? "") != (old.Spec?.ExternalID ?? ""))
        {
            errors.Forbidden(FieldPath.Of("spec", "externalID"), "may not be updated");
        }
    }

    private static void ValidateAnnotations(V1Node item, FieldErrors errors)
    {
        if (item.GetAnnotation(AvoidPodsAnnotation) is not { Length: > 0 } text)
        {
            return;
        }

        if (GoJson.FindError(System.Text.Encoding.UTF8.GetBytes(text)) is { } complaint)
        {
            errors.Invalid(FieldPath.Of("metadata", "annotations", "AvoidPods"), AvoidPodsAnnotation, complaint);
            return;
        }

        ValidateAvoidedPods(text, errors);
    }

    /// <summary>Each entry names the controller whose pods the node avoids.</summary>
    private static void ValidateAvoidedPods(string text, FieldErrors errors)
    {
        using var document = JsonDocument.Parse(text);
        var avoids = document.RootElement.Find("preferAvoidPods");
        for (var i = 0; i < (avoids.ValueKind == JsonValueKind.Array ? avoids.GetArrayLength() : 0); i++)
        {
            var path = FieldPath.Of("metadata", "annotations", AvoidPodsAnnotation).Index(i).Child("PodSignature");
            var controller = avoids[i].Find("podSignature").Find("podController");
            if (controller.ValueKind != JsonValueKind.Object)
            {
                errors.Required(path);
            }
            else if (controller.Find("controller").ValueKind != JsonValueKind.True)
            {
                errors.Invalid(path.Child("PodController", "Controller"), false, "must point to a controller");
            }
        }
    }

    private static JsonElement Find(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : default;

    /// <summary>Fields that upstream has given up: what is there may stay, nothing new comes in.</summary>
    public static void DropRetiredFields(V1Node item, V1Node? old)
    {
        if (old?.Spec?.ConfigSource is null && item.Spec is not null)
        {
            item.Spec.ConfigSource = null;
        }

        if (old?.Status?.Config is null && item.Status is not null)
        {
            item.Status.Config = null;
        }
    }

    private static void ValidateTaints(IList<V1Taint>? taints, FieldErrors errors)
    {
        var seen = new HashSet<(string, string)>();
        for (var i = 0; i < (taints?.Count ?? 0); i++)
        {
            var taint = taints![i];
            var path = Taints.Index(i);
            errors.InvalidEach(path.Child("key"), taint.Key ?? "", NameRules.QualifiedName(taint.Key ?? ""));
            if (string.Join(";", NameRules.LabelValue(taint.Value ?? "")) is { Length: > 0 } complaints)
            {
                errors.Invalid(path.Child("value"), taint.Value, complaints);
            }

            if (string.IsNullOrEmpty(taint.Effect))
            {
                errors.Required(path.Child("effect"));
            }
            else if (!Effects.Contains(taint.Effect))
            {
                errors.NotSupported(path.Child("effect"), taint.Effect, Effects);
            }

            if (!seen.Add((taint.Key ?? "", taint.Effect ?? "")))
            {
                errors.Duplicate(path, ToJson(taint), "taints must be unique by key and effect pair");
            }
        }
    }

    /// <summary>As Go writes its internal type, which has no JSON names.</summary>
    private static RawJson ToJson(V1Taint taint)
    {
        var added = taint.TimeAdded?.ToApiText();
        return new RawJson(
            $"{{\"Key\":{GoText.Json(taint.Key ?? "")},\"Value\":{GoText.Json(taint.Value ?? "")}," +
            $"\"Effect\":{GoText.Json(taint.Effect ?? "")},\"TimeAdded\":{GoText.Json(added)}}}");
    }

    private static void ValidateResources(V1Node item, FieldErrors errors)
    {
        ValidateQuantities(item.Status?.Capacity, Capacity, errors);
        ValidateQuantities(item.Status?.Allocatable, Allocatable, errors);
    }

    /// <summary>Whatever the resources are called.</summary>
    private static void ValidateQuantities(
        IDictionary<string, ResourceQuantity>? quantities, FieldPath parent, FieldErrors errors)
    {
        foreach (var (name, model) in quantities ?? new Dictionary<string, ResourceQuantity>())
        {
            var amount = Quantity.Of(model);
            if (amount.Sign < 0)
            {
                errors.Invalid(parent.Child(name), amount.ToString(), FieldErrors.NotNegative);
            }

            if (ResourceNames.IsInteger(name) && !amount.IsInteger)
            {
                errors.Invalid(parent.Child(name), amount.ToString(), "must be an integer");
            }
        }
    }

    private static void ValidateSwap(V1NodeSwapStatus? swap, FieldErrors errors)
    {
        if (swap?.Capacity <= 0)
        {
            errors.Invalid(SwapCapacity, swap.Capacity, "must be greater than zero");
        }
    }

    private static void ValidatePodCidrs(IList<string>? cidrs, FieldErrors errors)
    {
        for (var i = 0; i < (cidrs?.Count ?? 0); i++)
        {
            NetworkRules.ValidateCidr(PodCidrs.Index(i), cidrs![i], errors);
        }

        if (cidrs is not { Count: > 1 })
        {
            return;
        }

        var bad = cidrs.TakeWhile(c => NetworkRules.ParseCidrSloppy(c) is not null).Count();
        if (bad < cidrs.Count)
        {
            errors.InternalError(
                PodCidrs,
                $"invalid PodCIDRs. failed to check with dual stack with error:invalid CIDR[{bad}]: <nil> (invalid CIDR address: {cidrs[bad]})");
        }

        var families = cidrs.Select(c => NetworkRules.ParseCidrSloppy(c)?.Address.AddressFamily).Distinct().Count();
        if (bad < cidrs.Count || families != 2 || cidrs.Count > 2)
        {
            errors.Invalid(PodCidrs, cidrs, "may specify no more than one CIDR for each IP family");
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < cidrs.Count; i++)
        {
            if (!seen.Add(cidrs[i]))
            {
                errors.Duplicate(PodCidrs.Index(i), cidrs[i]);
            }
        }
    }

    private static void ValidateAddresses(V1Node item, FieldErrors errors)
    {
        var seen = new HashSet<(string, string)>();
        for (var i = 0; i < (item.Status?.Addresses?.Count ?? 0); i++)
        {
            var address = item.Status!.Addresses[i];
            if (!seen.Add((address.Type ?? "", address.Address ?? "")))
            {
                errors.Duplicate(
                    FieldPath.Of("status", "addresses").Index(i),
                    new RawJson($"{{\"Type\":{GoText.Json(address.Type ?? "")},\"Address\":{GoText.Json(address.Address ?? "")}}}"));
            }
        }
    }

    private static void ValidateUnchanged(V1NodeSpec? spec, V1NodeSpec? old, FieldErrors errors)
    {
        var before = old?.PodCIDRs ?? [];
        var after = spec?.PodCIDRs ?? [];
        if (before.Count != 0)
        {
            var changes = before.Count != after.Count ? 1 : before.Where((c, i) => c != after[i]).Count();
            for (; changes > 0; changes--)
            {
                errors.Forbidden(PodCidrs, "node updates may not change podCIDR except from \"\" to valid");
            }
        }

        if (!string.IsNullOrEmpty(old?.ProviderID) && old.ProviderID != spec?.ProviderID)
        {
            errors.Forbidden(
                FieldPath.Of("spec", "providerID"), "node updates may not change providerID except from \"\" to valid");
        }
    }
}
