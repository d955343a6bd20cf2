using OrleansOrchestrator.Interfaces.Core.Services;

namespace OrleansOrchestrator.Resources.Core.Services;

/// <summary>
/// Answers of a dry run: nothing is reserved, so wanted things are granted if they could be, and the rest is made up.
/// </summary>
public static class ServiceAddressDryRun
{
    private const int FirstPretendedPort = 32768;

    public static ServiceAddressAnswer Answer(ServiceAddressPlan plan, ServiceAddressRange range)
    {
        if (OutOfRange(plan.ClusterIP, range) is { } refusal)
        {
            return new ServiceAddressAnswer { Refusal = refusal };
        }

        if (range.Secondary is { } secondary && OutOfRange(plan.SecondaryClusterIP, secondary) is { } second)
        {
            return new ServiceAddressAnswer { Refusal = second, IsSecondaryRefused = true };
        }

        var ports = new List<int>();
        var (taken, next) = (new HashSet<int>(), FirstPretendedPort);
        for (var i = 0; i < plan.NodePorts.Count; i++)
        {
            var port = plan.NodePorts[i];
            if (port != 0 && !taken.Add(port))
            {
                return new ServiceAddressAnswer { Refusal = ServiceAddressRefusals.PortTaken, RefusedNodePort = i };
            }

            ports.Add(port != 0 ? port : next);
            next = Math.Max(next, ports[^1] + 1);
        }

        return new ServiceAddressAnswer
        {
            ClusterIP = Pretended(plan.ClusterIP, range),
            SecondaryClusterIP = Pretended(plan.SecondaryClusterIP, range.Secondary),
            NodePorts = ports,
        };
    }

    private static string? OutOfRange(string? wanted, ServiceAddressRange range) =>
        wanted is { Length: > 0 } && !range.Contains(wanted)
            ? ServiceAddressRefusals.IpOutOfRange(wanted, range)
            : null;

    private static string? Pretended(string? wanted, ServiceAddressRange? range) =>
        wanted is "" ? range?.ToAddress(0) : wanted;
}
