using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Services;

/// <summary>
/// Validation of clusterIPs, ipFamilies and ipFamilyPolicy: needed before addresses are given out, and again after.
/// </summary>
internal static class ServiceAddressRules
{
    private const int MaxAddresses = 2;

    private static readonly string[] Families = [ServiceKinds.IPv4, ServiceKinds.IPv6];
    private static readonly string[] FamilyPolicies =
        [ServiceKinds.PreferDualStack, ServiceKinds.RequireDualStack, ServiceKinds.SingleStack];

    private static readonly FieldPath ClusterIPs = FieldPath.Of("spec", "clusterIPs");
    private static readonly FieldPath IpFamilies = FieldPath.Of("spec", "ipFamilies");
    private static readonly FieldPath IpFamilyPolicy = FieldPath.Of("spec", "ipFamilyPolicy");

    public static void Validate(V1ServiceSpec spec, FieldErrors errors)
    {
        if (spec.Type == ServiceKinds.ExternalName)
        {
            return;
        }

        var addresses = spec.ClusterIPs ?? [];
        ValidateSync(spec, addresses, errors);
        ValidateFamilies(spec, errors);
        if (ValidateAddresses(addresses, errors))
        {
            ValidateStacks(spec, addresses, errors);
        }
    }

    private static void ValidateSync(V1ServiceSpec spec, IList<string> addresses, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(spec.ClusterIP))
        {
            if (addresses.Count != 0)
            {
                errors.Invalid(ClusterIPs, addresses, "must be empty when `clusterIP` is not specified");
            }
        }
        else if (addresses.Count == 0)
        {
            errors.Required(ClusterIPs);
        }
        else if (addresses[0] != spec.ClusterIP)
        {
            errors.Invalid(ClusterIPs, addresses, "first value must match `clusterIP`");
        }
    }

    private static void ValidateFamilies(V1ServiceSpec spec, FieldErrors errors)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < (spec.IpFamilies?.Count ?? 0); i++)
        {
            var family = spec.IpFamilies![i];
            if (!Families.Contains(family))
            {
                errors.NotSupported(IpFamilies.Index(i), family, Families);
            }

            if (!seen.Add(family))
            {
                errors.Duplicate(IpFamilies.Index(i), family);
            }
        }

        if (spec.IpFamilyPolicy is { } policy && !FamilyPolicies.Contains(policy))
        {
            errors.NotSupported(IpFamilyPolicy, policy, FamilyPolicies);
        }
    }

    /// <summary>False when an address is bad: what follows would only confuse.</summary>
    private static bool ValidateAddresses(IList<string> addresses, FieldErrors errors)
    {
        var isGood = true;
        for (var i = 0; i < addresses.Count; i++)
        {
            if (i == 0 && addresses[i] == ServiceKinds.None)
            {
                if (addresses.Count > 1)
                {
                    errors.Invalid(ClusterIPs, addresses, "'None' must be the first and only value");
                    isGood = false;
                }

                continue;
            }

            isGood &= NetworkRules.ValidateIp(ClusterIPs.Index(i), addresses[i], errors);
        }

        if (addresses.Count > MaxAddresses)
        {
            errors.Invalid(ClusterIPs, addresses, "may only hold up to 2 values");
        }

        return isGood;
    }

    private static void ValidateStacks(V1ServiceSpec spec, IList<string> addresses, FieldErrors errors)
    {
        if (addresses.Count > 1 && addresses.Select(NetworkRules.IsIPv6).Distinct().Count() != 2)
        {
            errors.Invalid(ClusterIPs, addresses, "may specify no more than one IP for each IP family");
        }

        var families = spec.IpFamilies ?? [];
        for (var i = 0; i < Math.Min(addresses.Count, families.Count) && !ServiceKinds.IsHeadless(spec); i++)
        {
            var isSix = NetworkRules.IsIPv6(addresses[i]);
            if ((families[i] == ServiceKinds.IPv4 && isSix) || (families[i] == ServiceKinds.IPv6 && !isSix))
            {
                errors.Invalid(
                    ClusterIPs.Index(i), addresses[i], $"expected an {families[i]} value as indicated by `ipFamilies[{i}]`");
            }
        }
    }
}
