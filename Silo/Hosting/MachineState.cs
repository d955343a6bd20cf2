using System.Net;
using System.Net.NetworkInformation;
using OrleansOrchestrator.Machine;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>What others already have of this machine's network. Read once.</summary>
public sealed class MachineState
{
    private readonly Dictionary<string, string> _owners;
    private readonly List<(string Link, IPAddress Address)> _addresses;
    private readonly HashSet<int> _ports;

    /// <summary>
    /// Takes the owners of marked links by name, all addresses by link, and the ports that are listened on.
    /// </summary>
    public MachineState(
        IReadOnlyDictionary<string, string> owners, IEnumerable<(string Link, IPAddress Address)> addresses,
        IEnumerable<int> ports)
    {
        _owners = new Dictionary<string, string>(owners, StringComparer.Ordinal);
        _addresses = [.. addresses];
        _ports = [.. ports];
    }

    public static async Task<MachineState> ReadAsync(CancellationToken cancellationToken) => new(
        await OwnedLink.OwnersAsync(cancellationToken),
        NetworkInterface.GetAllNetworkInterfaces().SelectMany(
            static i => i.GetIPProperties().UnicastAddresses.Select(a => (i.Name, a.Address))),
        IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Select(static l => l.Port));

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

    /// <summary>Why a cluster cannot have a share, and what to do about it; null when it can.</summary>
    public string? ProblemOf(MachineShare share, string root, bool isHollow, bool isRunning)
    {
        (int Port, string Option)[] ports = isHollow
            ? [(share.Port, "--port"), (share.SiloPort, "--silo-port")]
            :
            [
                (share.Port, "--port"), (share.SiloPort, "--silo-port"), (share.KubeletPort, "--kubelet-port"),
                (share.ProxyHealthPort, "--proxy-health-port"),
            ];
        if (!isRunning && ports.Where(p => _ports.Contains(p.Port)).Select(static p => ((int, string)?)p)
            .FirstOrDefault() is var (port, option))
        {
            return $"Port {port} is in use by another program: stop that, or choose another port with {option}.";
        }

        return isHollow ? null : LinkProblem(share, root) ?? AddressProblem(share);
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

    private string? AddressProblem(MachineShare share)
    {
        string[] own = [share.NodeLink, share.DnsLink, share.Bridge];
        foreach (var (link, address) in _addresses.Where(a => !own.Contains(a.Link)))
        {
            var option = IPNetwork.Parse(share.PodCidr).Contains(address) ? "--pod-cidr"
                : IPNetwork.Parse(share.ServiceCidr).Contains(address) ? "--service-cidr"
                : !share.HasForeignAddress && address.ToString() == share.NodeAddress ? "--node-ip"
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
