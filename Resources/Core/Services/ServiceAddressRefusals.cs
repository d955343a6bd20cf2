using k8s.Models;
using OrleansOrchestrator.Interfaces.Core.Services;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Services;

/// <summary>Why addresses were not given, in upstream's words.</summary>
public static class ServiceAddressRefusals
{
    public const string IpTaken = "provided IP is already allocated";
    public const string IpOutOfAllRanges = "the provided network does not match the current range";
    public const string PortTaken = "provided port is already allocated";
    public const string Full = "range is full";

    private static readonly FieldPath Spec = FieldPath.Of("spec");

    public static string IpOutOfRange(string address, ServiceAddressRange range) =>
        $"the provided IP ({address}) is not in the valid range. The range of valid IPs is {range.Cidr}";

    public static string PortOutOfRange(ServiceAddressRange range) =>
        $"provided port is not in the valid range. The range of valid ports is {range.FirstNodePort}-{range.LastNodePort}";

    /// <summary>
    /// Adds the finding that a refusal stands for; some refusals are no findings but failures of the server, which are
    /// returned.
    /// </summary>
    public static Status? Report(
        ServiceAddressAnswer answer, ServiceAddressPlan plan, V1ServiceSpec spec, FieldErrors errors)
    {
        if (answer.Refusal is not { } refusal)
        {
            return null;
        }

        if (answer.RefusedNodePort < 0)
        {
            if (answer.IsExhausted)
            {
                return StatusErrors.InternalError($"failed to allocate a serviceIP: {refusal}");
            }

            var wanted = answer.IsSecondaryRefused ? plan.SecondaryClusterIP : plan.ClusterIP;
            errors.Invalid(Spec.Child("clusterIPs"), spec.ClusterIPs, $"failed to allocate IP {wanted}: {refusal}");
            return null;
        }

        var number = plan.NodePorts[answer.RefusedNodePort];
        if (answer.RefusedNodePort == plan.HealthCheckDemand)
        {
            return StatusErrors.InternalError(number == 0
                ? $"failed to allocate a HealthCheck NodePort {number}: {refusal}"
                : $"failed to allocate requested HealthCheck NodePort {number}: {refusal}");
        }

        if (answer.IsExhausted)
        {
            return StatusErrors.InternalError($"failed to allocate a nodePort: {refusal}");
        }

        errors.Invalid(
            Spec.Child("ports").Index(plan.PortOf(answer.RefusedNodePort)).Child("nodePort"), number, refusal);
        return null;
    }
}
