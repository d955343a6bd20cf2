using k8s.Models;

namespace OrleansOrchestrator.Resources.Core.Services;

/// <summary>
/// What a prepared Service still needs: a cluster address, node ports, a health check port; and where each goes once it
/// is given. Upstream's order and sharing: ports with the same number (one per protocol) share a node port on create.
/// </summary>
public sealed class ServiceAddressPlan
{
    private readonly List<int> _numbers = [];
    private readonly List<int> _portOfDemand = [];
    private readonly List<(int Port, int Demand)> _assignments = [];

    /// <summary>Null for none, empty for any, else the one wanted.</summary>
    public string? ClusterIP { get; private set; }

    /// <summary>Wanted node ports in the order of allocation; 0 is any.</summary>
    public IReadOnlyList<int> NodePorts => _numbers;

    /// <summary>Which of <see cref="NodePorts"/> is the health check's; -1 for none.</summary>
    public int HealthCheckDemand { get; private set; } = -1;

    /// <summary>A clash inside the update itself, which upstream answers with a bare 500.</summary>
    public string? Contradiction { get; private set; }

    public bool IsEmpty => ClusterIP is null && _numbers.Count == 0;

    /// <summary>Plans for a Service that <see cref="ServiceAddressing.Prepare"/> has seen.</summary>
    public static ServiceAddressPlan For(V1ServiceSpec spec, V1ServiceSpec? old)
    {
        var plan = new ServiceAddressPlan();
        plan.PlanClusterIP(spec, old);
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
    public void Apply(V1ServiceSpec spec, string? clusterIP, IReadOnlyList<int> nodePorts)
    {
        if (ClusterIP is not null && clusterIP is not null)
        {
            spec.ClusterIP = clusterIP;
            spec.ClusterIPs = [clusterIP];
        }

        foreach (var (port, demand) in _assignments)
        {
            spec.Ports[port].NodePort = nodePorts[demand];
        }

        if (HealthCheckDemand >= 0)
        {
            spec.HealthCheckNodePort = nodePorts[HealthCheckDemand];
        }
    }

    private void PlanClusterIP(V1ServiceSpec spec, V1ServiceSpec? old)
    {
        var isNew = old is null || old.Type == ServiceKinds.ExternalName;
        if (isNew && spec.Type != ServiceKinds.ExternalName && !(spec.ClusterIPs is [ServiceKinds.None, ..]))
        {
            ClusterIP = spec.ClusterIPs is { Count: > 0 } ? spec.ClusterIPs[0] : "";
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
