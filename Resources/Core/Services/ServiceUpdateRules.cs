using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Services;

/// <summary>
/// What an update of a Service may change: the primary address and family never do, unless the Service comes from or
/// goes to ExternalName.
/// </summary>
internal static class ServiceUpdateRules
{
    private const string Unchangeable = "may not change once set";

    private static readonly FieldPath Spec = FieldPath.Of("spec");

    public static void Validate(V1ServiceSpec spec, V1ServiceSpec old, FieldErrors errors)
    {
        if (spec.Type != ServiceKinds.ExternalName && old.Type != ServiceKinds.ExternalName)
        {
            ValidateAddresses(spec, old, errors);
            ValidateFamilies(spec, old, errors);
        }

        ValidateBalancerClass(spec, old, errors);
        if (ServiceKinds.NeedsHealthCheckPort(old) && ServiceKinds.NeedsHealthCheckPort(spec) &&
            (spec.HealthCheckNodePort ?? 0) != (old.HealthCheckNodePort ?? 0))
        {
            errors.Forbidden(Spec.Child("healthCheckNodePort"), "field is immutable");
        }
    }

    private static void ValidateAddresses(V1ServiceSpec spec, V1ServiceSpec old, FieldErrors errors)
    {
        if (ServiceKinds.IsHeadless(old) && ServiceKinds.IsHeadless(spec))
        {
            return;
        }

        var before = old.ClusterIPs ?? [];
        var after = spec.ClusterIPs ?? [];
        var path = Spec.Child("clusterIPs");
        if (before.Count == after.Count)
        {
            for (var i = 0; i < before.Count; i++)
            {
                if (before[i] != after[i])
                {
                    errors.Invalid(path.Index(i), after, Unchangeable);
                }
            }

            return;
        }

        if (before.Count > after.Count && after.Count == 0)
        {
            errors.Invalid(path.Index(0), spec.ClusterIPs, "primary clusterIP can not be unset");
        }

        if (before.Count > 0 && after.Count > 0 && before[0] != after[0])
        {
            errors.Invalid(path.Index(0), after, Unchangeable);
        }

        if (before.Count > after.Count && after.Count == 1 && spec.IpFamilyPolicy != ServiceKinds.SingleStack)
        {
            errors.Invalid(
                Spec.Child("ipFamilyPolicy"), spec.IpFamilyPolicy, "must be set to 'SingleStack' when releasing the secondary clusterIP");
        }
    }

    private static void ValidateFamilies(V1ServiceSpec spec, V1ServiceSpec old, FieldErrors errors)
    {
        if (ServiceKinds.IsHeadless(spec) || ServiceKinds.IsHeadless(old))
        {
            return;
        }

        var before = old.IpFamilies ?? [];
        var after = spec.IpFamilies ?? [];
        var path = Spec.Child("ipFamilies").Index(0);
        if (before.Count == after.Count)
        {
            for (var i = 0; i < before.Count; i++)
            {
                if (before[i] != after[i])
                {
                    errors.Invalid(path, after, Unchangeable);
                }
            }

            return;
        }

        if (before.Count > after.Count && spec.ClusterIPs is not { Count: > 0 })
        {
            errors.Invalid(path, spec.IpFamilies, "primary ipFamily can not be unset");
        }

        if (before.Count > 0 && after.Count > 0 && before[0] != after[0])
        {
            errors.Invalid(path, spec.ClusterIPs, Unchangeable);
        }

        if (before.Count > after.Count && after.Count == 1 && spec.IpFamilyPolicy != ServiceKinds.SingleStack)
        {
            errors.Invalid(
                Spec.Child("ipFamilyPolicy"), spec.IpFamilyPolicy, "must be set to 'SingleStack' when releasing the secondary ipFamily");
        }
    }

    private static void ValidateBalancerClass(V1ServiceSpec spec, V1ServiceSpec old, FieldErrors errors)
    {
        var areBalancers = spec.Type == ServiceKinds.LoadBalancer && old.Type == ServiceKinds.LoadBalancer;
        if (areBalancers && spec.LoadBalancerClass != old.LoadBalancerClass)
        {
            errors.Invalid(Spec.Child("loadBalancerClass"), spec.LoadBalancerClass, Unchangeable);
        }

        ServiceRules.ValidateBalancerClass(spec, errors);
    }
}
