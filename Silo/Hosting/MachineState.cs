using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using OrleansOrchestrator.Machine;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>What others already have of this machine's network. Read once.</summary>
public sealed class MachineState
{
    private readonly Dictionary<string, string> _owners;
    private readonly List<(string Link, IPAddress Address)> _addresses;
    private readonly HashSet<int> _ports;
    private readonly List<(string Root, MachineShare Share)> _clusters;

    /// <summary>
    /// Takes the owners of marked links by name, all addresses by link, the ports that are listened on, and the
    /// clusters that have links.
    /// </summary>
    public MachineState(
        IReadOnlyDictionary<string, string> owners, IEnumerable<(string Link, IPAddress Address)> addresses,
        IEnumerable<int> ports, IEnumerable<(string Root, MachineShare Share)> clusters)
    {
        _clusters = [.. clusters];
        _owners = new Dictionary<string, string>(owners, StringComparer.Ordinal);
        _addresses = [.. addresses];
        _ports = [.. ports];
    }

    public static async Task<MachineState> ReadAsync(CancellationToken cancellationToken)
    {
        var owners = await OwnedLink.OwnersAsync(cancellationToken);
        return new(
            owners,
            NetworkInterface.GetAllNetworkInterfaces().SelectMany(
                static i => i.GetIPProperties().UnicastAddresses.Select(a => (i.Name, a.Address))),
            IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Select(static l => l.Port),
            ClustersOf(owners.Values));
    }

    /// <summary>
    /// The share for a cluster that has none yet: the first that is free, with what the user chose in it. Fails with a
    /// sentence that names the option to choose otherwise when what he chose is taken.
    /// </summary>
    public MachineShare Choose(WantedShare wanted, string root, bool isHollow)
    {
        var shares = Enumerable.Range(0, MachineShare.Shares).Select(n => wanted.Over(MachineShare.At(n))).ToList();
        return shares.Find(s => ProblemOf(s, root, isHollow, isRunning: false) is null)
            ?? throw new UserErrorException(ProblemOf(shares[0], root, isHollow, isRunning: false)!);
    }

    /// <summary>
    /// The share for a cluster that was restored: its own networks, and the first ports and names that are free. Its
    /// networks may be in use for as long as it does not run.
    /// </summary>
    public MachineShare ChooseRestored(WantedShare networks, string root)
    {
        var shares = Enumerable.Range(0, MachineShare.Shares).Select(n => networks.Over(MachineShare.At(n))).ToList();
        return shares.Find(s => PortProblem(s, isHollow: false) is null && LinkProblem(s, root) is null) ?? shares[0];
    }

    /// <summary>Why a cluster cannot have a share, and what to do about it; null when it can.</summary>
    public string? ProblemOf(MachineShare share, string root, bool isHollow, bool isRunning)
    {
        var problem = FamilyProblem(share) ?? (isRunning ? null : PortProblem(share, isHollow));
        return problem is not null || isHollow
            ? problem
            : LinkProblem(share, root) ?? ClusterProblem(share, root) ?? AddressProblem(share);
    }

    private static string? FamilyProblem(MachineShare share)
    {
        if (!FamiliesOf(share.PodNetworks).SequenceEqual(FamiliesOf(share.ServiceNetworks)))
        {
            return "Pods and Services need networks of the same families, in the same order: give both --pod-cidr and "
                + "--service-cidr one of IPv4, one of IPv6, or both with a comma.";
        }

        return FamiliesOf(share.ServiceNetworks).First() == IPAddress.Parse(share.PrimaryAddress).AddressFamily
            ? null
            : "The node's first address must be of the family of the first networks: give --node-ip one of each "
                + "family, in their order.";
    }

    private static IEnumerable<AddressFamily> FamiliesOf(IEnumerable<IPNetwork> networks) =>
        networks.Select(static n => n.BaseAddress.AddressFamily);

    private string? PortProblem(MachineShare share, bool isHollow)
    {
        (int Port, string Option)[] ports = isHollow
            ? [(share.Port, "--port"), (share.SiloPort, "--silo-port")]
            :
            [
                (share.Port, "--port"), (share.SiloPort, "--silo-port"), (share.KubeletPort, "--kubelet-port"),
                (share.ProxyHealthPort, "--proxy-health-port"),
            ];
        return ports.Where(p => _ports.Contains(p.Port)).Select(static p => ((int, string)?)p)
            .FirstOrDefault() is var (port, option)
            ? $"Port {port} is in use by another program: stop that, or choose another port with {option}."
            : null;
    }

    private string? LinkProblem(MachineShare share, string root)
    {
        foreach (var link in new[] { share.NodeLink, share.DnsLink, share.Bridge })
        {
            if (_owners.TryGetValue(link, out var owner) && !IsWithin(owner, root) && Directory.Exists(owner))
            {
                return $"The link {link} belongs to the cluster in {owner}: stop that, or choose another name with --network-name.";
            }
        }

        return null;
    }

    /// <summary>What another cluster gives out on this machine, no second one can.</summary>
    private string? ClusterProblem(MachineShare share, string root)
    {
        foreach (var (other, its) in _clusters.Where(c => c.Root != root))
        {
            var taken = Overlap(share.PodNetworks, its.PodNetworks) ? ("network of pods", its.PodCidr, "--pod-cidr")
                : Overlap(share.ServiceNetworks, its.ServiceNetworks)
                    ? ("network of Services", its.ServiceCidr, "--service-cidr")
                : HaveCommonPort(share.NodePorts, its.NodePorts)
                    ? ("range of node ports", its.NodePorts, "--node-port-range")
                : ((string What, string Value, string Option)?)null;
            if (taken is var (what, value, option))
            {
                return $"The cluster in {other} has the {what} {value} on this machine as well: stop it first, with "
                    + $"'{DataDirectory.CommandFor("down", other)}', or choose another for a new cluster with "
                    + $"{option}.";
            }
        }

        return null;
    }

    private static bool Overlap(IEnumerable<IPNetwork> one, IEnumerable<IPNetwork> other) =>
        one.Any(a => other.Any(b => a.Contains(b.BaseAddress) || b.Contains(a.BaseAddress)));

    private static bool HaveCommonPort(string one, string other) =>
        PortRange.Parse(one) is { } a && PortRange.Parse(other) is { } b && a.First <= b.Last && b.First <= a.Last;

    /// <summary>Links belong to a data directory, or to the node in it.</summary>
    private static IEnumerable<(string Root, MachineShare Share)> ClustersOf(IEnumerable<string> owners)
    {
        foreach (var root in owners.Select(static o => DataDirectory.HoldsCluster(o) ? o : Path.GetDirectoryName(o))
            .OfType<string>().Where(DataDirectory.HoldsCluster).Distinct(StringComparer.Ordinal))
        {
            if (MachineShare.Load(root) is { } share)
            {
                yield return (root, share);
            }
        }
    }

    private string? AddressProblem(MachineShare share)
    {
        string[] own = [share.NodeLink, share.DnsLink, share.Bridge];
        foreach (var (link, address) in _addresses.Where(a => !own.Contains(a.Link)))
        {
            var option = share.PodNetworks.Any(n => n.Contains(address)) ? "--pod-cidr"
                : share.ServiceNetworks.Any(n => n.Contains(address)) ? "--service-cidr"
                : share.OwnAddresses.Contains(address) ? "--node-ip"
                : null;
            if (option is not null)
            {
                return $"This machine has the address {address} already, on {link}: choose others for this cluster with {option}.";
            }
        }

        return null;
    }

    private static bool IsWithin(string owner, string root) =>
        owner == root || owner.StartsWith($"{root}/", StringComparison.Ordinal);
}
