using k8s.Models;
using OrleansOrchestrator.Interfaces.Core.Services;

namespace OrleansOrchestrator.Resources.Core.Services;

/// <summary>
/// What a prepared Service still needs: cluster addresses, node ports, a health check port; and where each goes once it
/// is given. Upstream's order and sharing: ports with the same number (one per protocol) share a node port on create.
/// </summary>
public sealed class ServiceAddressPlan
{
    private readonly List<int> _numbers = [];
    private readonly List<int> _portOfDemand = [];
    private readonly List<(int Port, int Demand)> _assignments = [];
    private int _at = -1;
    private int _secondaryAt = -1;

    /// <summary>Of the cluster's primary range: null for none, empty for any address, else the one wanted.</summary>
    public string? ClusterIP { get; private set; }

    /// <summary>The same of the secondary range.</summary>
    public string? SecondaryClusterIP { get; private set; }

    /// <summary>Wanted node ports in the order of allocation; 0 is any.</summary>
    public IReadOnlyList<int> NodePorts => _numbers;

    /// <summary>Which of <see cref="NodePorts"/> is the health check's; -1 for none.</summary>
    public int HealthCheckDemand { get; private set; } = -1;

    /// <summary>A clash inside the update itself, which upstream answers with a bare 500.</summary>
    public string? Contradiction { get; private set; }

    public bool IsEmpty => ClusterIP is null && SecondaryClusterIP is null && _numbers.Count == 0;

    /// <summary>Plans for a Service that <see cref="ServiceAddressing.Prepare"/> has seen.</summary>
    public static ServiceAddressPlan For(V1ServiceSpec spec, V1ServiceSpec? old, ServiceAddressRange range)
    {
        var plan = new ServiceAddressPlan();
        plan.PlanClusterIPs(spec, old, range);
        if (spec.Type is ServiceKinds.NodePort or ServiceKinds.LoadBalancer)
        {
            if (old is null)
            {
                plan.PlanNewPorts(spec);
            }
            else
            {
                plan.PlanChangedPorts(spec, old);
            }
        }

        if (ServiceKinds.NeedsHealthCheckPort(spec) && !(old is not null && ServiceKinds.NeedsHealthCheckPort(old)))
        {
            plan.HealthCheckDemand = plan.Demand(spec.HealthCheckNodePort ?? 0, port: -1);
        }

        return plan;
    }

    /// <summary>The index of the Service port that a demand came from; -1 for the health check.</summary>
    public int PortOf(int demand) => _portOfDemand[demand];

    /// <summary>Writes what was given into the Service.</summary>
    public void Apply(V1ServiceSpec spec, ServiceAddressAnswer answer)
    {
        Put(spec, _at, answer.ClusterIP);
        Put(spec, _secondaryAt, answer.SecondaryClusterIP);
        foreach (var (port, demand) in _assignments)
        {
            spec.Ports[port].NodePort = answer.NodePorts[demand];
        }

        if (HealthCheckDemand >= 0)
        {
            spec.HealthCheckNodePort = answer.NodePorts[HealthCheckDemand];
        }
    }

    private static void Put(V1ServiceSpec spec, int at, string? address)
    {
        if (at < 0 || address is null)
        {
            return;
        }

        List<string> all = [.. spec.ClusterIPs ?? []];
        while (all.Count <= at)
        {
            all.Add("");
        }

        all[at] = address;
        spec.ClusterIPs = all;
        spec.ClusterIP = all[0];
    }

    /// <summary>
    /// A new Service needs an address of each of its families, one that has become dual-stack that of its second.
    /// </summary>
    private void PlanClusterIPs(V1ServiceSpec spec, V1ServiceSpec? old, ServiceAddressRange range)
    {
        if (spec.Type == ServiceKinds.ExternalName || spec.ClusterIPs is [ServiceKinds.None, ..])
        {
            return;
        }

        var families = spec.IpFamilies is { Count: > 0 } known ? known : [range.Family];
        var isNew = old is null || old.Type == ServiceKinds.ExternalName;
        var isUpgraded = old is { IpFamilies.Count: 1 } && old.ClusterIPs is not [ServiceKinds.None, ..];
        for (var at = isNew ? 0 : isUpgraded ? 1 : families.Count; at < families.Count; at++)
        {
            var wanted = at < (spec.ClusterIPs?.Count ?? 0) ? spec.ClusterIPs![at] : "";
            if (families[at] == range.Family)
            {
                (ClusterIP, _at) = (wanted, at);
            }
            else
            {
                (SecondaryClusterIP, _secondaryAt) = (wanted, at);
            }
        }
    }

    private void PlanNewPorts(V1ServiceSpec spec)
    {
        var demandOf = new Dictionary<int, int>();
        for (var i = 0; i < (spec.Ports?.Count ?? 0); i++)
        {
            var port = spec.Ports![i];
            var wanted = port.NodePort ?? 0;
            if (wanted == 0 && !ServiceKinds.NeedsNodePorts(spec))
            {
                continue;
            }

            if (!demandOf.TryGetValue(port.Port, out var demand))
            {
                var requested = spec.Ports.FirstOrDefault(
                    p => p.Port == port.Port && p.NodePort is not (null or 0))?.NodePort ?? 0;
                demandOf[port.Port] = demand = Demand(requested, i);
                _assignments.Add((i, demand));
            }
            else if (wanted == 0)
            {
                _assignments.Add((i, demand));
            }
            else if (wanted != _numbers[demand])
            {
                Demand(wanted, i);
            }
        }
    }

    private void PlanChangedPorts(V1ServiceSpec spec, V1ServiceSpec old)
    {
        var held = (old.Ports ?? []).Select(p => p.NodePort ?? 0).Where(p => p != 0).ToHashSet();
        var seen = new HashSet<(string, int)>();
        for (var i = 0; i < (spec.Ports?.Count ?? 0); i++)
        {
            var port = spec.Ports![i];
            var wanted = port.NodePort ?? 0;
            if (wanted == 0 && !ServiceKinds.NeedsNodePorts(spec))
            {
                continue;
            }

            if (wanted == 0)
            {
                _assignments.Add((i, Demand(0, i)));
                continue;
            }

            if (held.Add(wanted))
            {
                Demand(wanted, i);
            }

            if (!seen.Add((port.Protocol ?? "", wanted)))
            {
                Contradiction ??= $"duplicate nodePort: {{{port.Protocol} {wanted}}}";
            }
        }
    }

    private int Demand(int number, int port)
    {
        _numbers.Add(number);
        _portOfDemand.Add(port);
        return _numbers.Count - 1;
    }
}
