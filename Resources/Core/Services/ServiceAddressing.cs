using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Services;

/// <summary>
/// Decides which families of addresses a Service has, of those that the cluster has ranges of. Upstream
/// (<c>registry/core/service/storage/alloc.go</c>) does this before validation, so its refusals come first and alone.
/// </summary>
public static class ServiceAddressing
{
    private static readonly FieldPath Spec = FieldPath.Of("spec");
    private static readonly FieldPath Policy = Spec.Child("ipFamilyPolicy");

    /// <summary>Brings linked fields in step and fills in families and policy; findings refuse the write.</summary>
    /// <param name="spec">The Service as it is to be.</param>
    /// <param name="old">As it is; null for a new one.</param>
    /// <param name="range">The cluster's ranges.</param>
    /// <param name="errors">Findings.</param>
    public static void Prepare(V1ServiceSpec spec, V1ServiceSpec? old, ServiceAddressRange range, FieldErrors errors)
    {
        if (old is not null)
        {
            ServiceTransitions.CarryAllocatedValues(spec, old);
        }

        ServiceTransitions.SyncClusterIPs(spec, old);
        if (spec.Type != ServiceKinds.ExternalName && !IsUnchangedPreference(spec, old))
        {
            FillFamilies(spec, old, range, errors);
        }
    }

    /// <summary>
    /// A PreferDualStack Service whose addresses the client did not touch stays as it is, whatever the cluster has
    /// become.
    /// </summary>
    private static bool IsUnchangedPreference(V1ServiceSpec spec, V1ServiceSpec? old) =>
        old is not null && old.Type == spec.Type && spec.IpFamilyPolicy == ServiceKinds.PreferDualStack &&
        old.IpFamilyPolicy == ServiceKinds.PreferDualStack && ServiceKinds.SameStrings(
            spec.ClusterIPs, old.ClusterIPs) &&
        ServiceKinds.SameStrings(spec.IpFamilies, old.IpFamilies);

    private static void FillFamilies(
        V1ServiceSpec spec, V1ServiceSpec? old, ServiceAddressRange range, FieldErrors errors)
    {
        var isBareHeadless = spec.ClusterIP == ServiceKinds.None && spec.Selector is not { Count: > 0 };
        spec.IpFamilyPolicy ??= old?.IpFamilyPolicy ?? (isBareHeadless ? ServiceKinds.RequireDualStack : ServiceKinds.SingleStack);
        ServiceAddressRules.Validate(spec, errors);
        if (errors.Count != 0)
        {
            return;
        }

        if (old is not null)
        {
            CheckReduction(spec, old, errors);
        }

        CheckSingleStack(spec, errors);
        InferFamilies(spec, range, errors);
        if (errors.Count != 0)
        {
            return;
        }

        if (isBareHeadless)
        {
            // Endpoints are the user's business, in whatever family.
            spec.IpFamilies = Completed(spec, range, isDual: true);
            return;
        }

        CheckConfigured(spec, range, errors);
        if (errors.Count == 0)
        {
            spec.IpFamilies = Completed(spec, range, isDual: range.Secondary is not null);
        }
    }

    private static void CheckReduction(V1ServiceSpec spec, V1ServiceSpec old, FieldErrors errors)
    {
        if (spec.IpFamilyPolicy == ServiceKinds.SingleStack)
        {
            spec.ClusterIPs = TrimIfUntouched(spec.ClusterIPs, old.ClusterIPs);
            spec.IpFamilies = TrimIfUntouched(spec.IpFamilies, old.IpFamilies);
            return;
        }

        // Nothing at all means "not said"; less than before means "give one back".
        if (IsReduced(spec.ClusterIPs, old.ClusterIPs))
        {
            errors.Invalid(Policy, spec.IpFamilyPolicy, "must be 'SingleStack' to release the secondary cluster IP");
        }

        if (IsReduced(spec.IpFamilies, old.IpFamilies))
        {
            errors.Invalid(Policy, spec.IpFamilyPolicy, "must be 'SingleStack' to release the secondary IP family");
        }
    }

    private static IList<string>? TrimIfUntouched(IList<string>? now, IList<string>? before) =>
        now is { Count: > 1 } && ServiceKinds.SameStrings(now, before) ? [now[0]] : now;

    private static bool IsReduced(IList<string>? now, IList<string>? before) =>
        now is { Count: > 0 } && now.Count < (before?.Count ?? 0);

    private static void CheckSingleStack(V1ServiceSpec spec, FieldErrors errors)
    {
        if (spec.IpFamilyPolicy != ServiceKinds.SingleStack)
        {
            return;
        }

        if (spec.ClusterIPs is { Count: 2 })
        {
            errors.Invalid(
                Policy, spec.IpFamilyPolicy, "must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified");
        }

        if (spec.IpFamilies is { Count: 2 })
        {
            errors.Invalid(
                Policy, spec.IpFamilyPolicy, "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified");
        }
    }

    private static void InferFamilies(V1ServiceSpec spec, ServiceAddressRange range, FieldErrors errors)
    {
        for (var i = 0; i < (spec.ClusterIPs?.Count ?? 0) && spec.ClusterIPs![i] != ServiceKinds.None; i++)
        {
            if (i < (spec.IpFamilies?.Count ?? 0))
            {
                continue;
            }

            var family = NetworkRules.IsIPv6(spec.ClusterIPs[i]) ? ServiceKinds.IPv6 : ServiceKinds.IPv4;
            if (range.OfFamily(family) is null)
            {
                errors.Invalid(
                    Spec.Child("clusterIPs").Index(i), spec.ClusterIPs, $"{family} is not configured on this cluster");
            }
            else
            {
                spec.IpFamilies = [.. spec.IpFamilies ?? [], family];
            }
        }
    }

    /// <summary>The families that were asked for, else the primary one, and where there may be two the other.</summary>
    private static List<string> Completed(V1ServiceSpec spec, ServiceAddressRange range, bool isDual)
    {
        List<string> families = spec.IpFamilies is { Count: > 0 } given ? [.. given] : [range.Family];
        if (isDual && families.Count == 1 && spec.IpFamilyPolicy != ServiceKinds.SingleStack)
        {
            families.Add(families[0] == ServiceKinds.IPv4 ? ServiceKinds.IPv6 : ServiceKinds.IPv4);
        }

        return families;
    }

    private static void CheckConfigured(V1ServiceSpec spec, ServiceAddressRange range, FieldErrors errors)
    {
        if (spec.IpFamilyPolicy == ServiceKinds.RequireDualStack && range.Secondary is null)
        {
            errors.Invalid(Policy, spec.IpFamilyPolicy, "this cluster is not configured for dual-stack services");
        }

        for (var i = 0; i < (spec.IpFamilies?.Count ?? 0); i++)
        {
            if (range.OfFamily(spec.IpFamilies![i]) is null)
            {
                errors.Invalid(Spec.Child("ipFamilies").Index(i), spec.IpFamilies[i], "not configured on this cluster");
            }
        }
    }
}
