using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Services;

/// <summary>
/// Decides what addresses a write of a Service needs, and writes them into it, for a cluster with one IPv4 range.
/// Upstream does this before validation, so its refusals come first and alone.
/// </summary>
public static class ServiceAddressing
{
    private static readonly FieldPath Spec = FieldPath.Of("spec");
    private static readonly FieldPath Policy = Spec.Child("ipFamilyPolicy");

    /// <summary>Brings linked fields in step and fills in families and policy; findings refuse the write.</summary>
    public static void Prepare(V1ServiceSpec spec, V1ServiceSpec? old, FieldErrors errors)
    {
        if (old is not null)
        {
            ServiceTransitions.CarryAllocatedValues(spec, old);
        }

        ServiceTransitions.SyncClusterIPs(spec, old);
        if (spec.Type != ServiceKinds.ExternalName && !IsUnchangedPreference(spec, old))
        {
            FillFamilies(spec, old, errors);
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

    private static void FillFamilies(V1ServiceSpec spec, V1ServiceSpec? old, FieldErrors errors)
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
        InferFamilies(spec, errors);
        if (errors.Count != 0)
        {
            return;
        }

        if (isBareHeadless)
        {
            FillBareHeadless(spec);
            return;
        }

        CheckConfigured(spec, errors);
        if (errors.Count == 0 && spec.IpFamilies is not { Count: > 0 })
        {
            spec.IpFamilies = [ServiceKinds.IPv4];
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
        now is { Count: > 0 } && now.Count < (before?.Count ?? 0) && now.SequenceEqual(before!.Take(now.Count));

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

    private static void InferFamilies(V1ServiceSpec spec, FieldErrors errors)
    {
        for (var i = 0; i < (spec.ClusterIPs?.Count ?? 0) && spec.ClusterIPs![i] != ServiceKinds.None; i++)
        {
            if (i < (spec.IpFamilies?.Count ?? 0))
            {
                continue;
            }

            if (NetworkRules.IsIPv6(spec.ClusterIPs[i]))
            {
                errors.Invalid(
                    Spec.Child("clusterIPs").Index(i), spec.ClusterIPs, "IPv6 is not configured on this cluster");
            }
            else
            {
                spec.IpFamilies = [.. spec.IpFamilies ?? [], ServiceKinds.IPv4];
            }
        }
    }

    /// <summary>Headless without selector: endpoints are the user's business, in whatever family.</summary>
    private static void FillBareHeadless(V1ServiceSpec spec)
    {
        var families = spec.IpFamilies is { Count: > 0 } given ? given.ToList() : [ServiceKinds.IPv4];
        if (families.Count < 2 && spec.IpFamilyPolicy != ServiceKinds.SingleStack)
        {
            families.Add(families[0] == ServiceKinds.IPv4 ? ServiceKinds.IPv6 : ServiceKinds.IPv4);
        }

        spec.IpFamilies = families;
    }

    private static void CheckConfigured(V1ServiceSpec spec, FieldErrors errors)
    {
        if (spec.IpFamilyPolicy == ServiceKinds.RequireDualStack)
        {
            errors.Invalid(Policy, spec.IpFamilyPolicy, "this cluster is not configured for dual-stack services");
        }

        for (var i = 0; i < (spec.IpFamilies?.Count ?? 0); i++)
        {
            if (spec.IpFamilies![i] != ServiceKinds.IPv4)
            {
                errors.Invalid(Spec.Child("ipFamilies").Index(i), spec.IpFamilies[i], "not configured on this cluster");
            }
        }
    }
}
