using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>
/// What a cluster takes of its machine for itself: ports, networks, and the name with which everything begins that it
/// makes there. Chosen at the first <c>orc up</c> and kept in the data directory, so that every later command knows
/// what is this cluster's own.
/// </summary>
public sealed record MachineShare
{
    /// <summary>The name of the first cluster of a machine.</summary>
    public const string FirstName = "orc";

    /// <summary>How many clusters find room on a machine without being told where.</summary>
    public const int Shares = 7;

    /// <summary>Names of links have 15 letters at most.</summary>
    public const int LongestName = 10;

    private const int NodePortCount = 2768;
    private const int FirstNodePort = 30000;
    private const int PortsOfANode = 10;
    private const string File = "share.json";

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };

    /// <summary>Begins the names of links, tables and control groups.</summary>
    public string Name { get; init; } = FirstName;

    public int Port { get; init; }

    public int SiloPort { get; init; }

    public int KubeletPort { get; init; }

    public int ProxyHealthPort { get; init; }

    public string NodeAddress { get; init; } = "";

    /// <summary>
    /// Its address of the other family, where somebody else takes care of both; else <see cref="OwnAddresses"/> has
    /// it.
    /// </summary>
    public string SecondNodeAddress { get; init; } = "";

    /// <summary>True when somebody else takes care of the node's address.</summary>
    public bool HasForeignAddress { get; init; }

    /// <summary>With a comma, one of each family; the Services have as many.</summary>
    public string PodCidr { get; init; } = "";

    public string ServiceCidr { get; init; } = "";

    public string DnsAddress { get; init; } = "";

    public string NodePorts { get; init; } = "";

    /// <summary>Addresses of load balancers that the user chose; else <see cref="OwnPool"/> serves.</summary>
    public IReadOnlyList<string> ChosenPools { get; init; } = [];

    /// <summary>The link on which they are announced; empty for none.</summary>
    public string AnnounceLink { get; init; } = "";

    [JsonIgnore]
    public IEnumerable<IPNetwork> PodNetworks => Networks(PodCidr);

    /// <summary>True when pods have addresses of IPv6.</summary>
    [JsonIgnore]
    public bool HasSix => PodNetworks.Any(static n => IsSix(n.BaseAddress));

    /// <summary>True when the cluster's first family is IPv6.</summary>
    [JsonIgnore]
    public bool IsSixFirst => IsSix(PodNetworks.First().BaseAddress);

    [JsonIgnore]
    public IEnumerable<IPNetwork> ServiceNetworks => Networks(ServiceCidr);

    /// <summary>
    /// What the link of ours holds, one of each family of the cluster, the primary first; none where the node's address
    /// is somebody else's affair. That of IPv6 is made of the other's numbers, in the range that is for private use.
    /// </summary>
    [JsonIgnore]
    public IReadOnlyList<IPAddress> OwnAddresses => HasForeignAddress ? [] :
    [
        .. ServiceNetworks.Select(
            n => IPAddress.Parse(IsSix(n.BaseAddress) ? $"{PrivateNetwork}::{NodeDigits[3]}" : NodeAddress)),
    ];

    /// <summary>The node's address of the cluster's first family.</summary>
    [JsonIgnore]
    public string PrimaryAddress => HasForeignAddress ? NodeAddress : OwnAddresses[0].ToString();

    /// <summary>The node's addresses with a comma, the primary one first.</summary>
    [JsonIgnore]
    public string NodeAddresses => HasForeignAddress
        ? string.Join(',', new[] { NodeAddress, SecondNodeAddress }.Where(static a => a.Length > 0))
        : string.Join(',', OwnAddresses);

    /// <summary>Where the admin kubeconfig was written.</summary>
    public string Kubeconfig { get; init; } = "";

    /// <summary>The link that holds the node's address.</summary>
    public string NodeLink => $"{Name}-node";

    /// <summary>The link that holds the address of the cluster's DNS.</summary>
    public string DnsLink => $"{Name}-dns";

    /// <summary>The bridge of the pods.</summary>
    public string Bridge => Name == FirstName ? "orc0" : $"{Name}-pods";

    /// <summary>
    /// Addresses of load balancers beside the node's own, which only this machine reaches, of each family of the
    /// cluster; none when the node's address is somebody else's affair.
    /// </summary>
    [JsonIgnore]
    public IReadOnlyList<string> OwnPools =>
    [
        .. OwnAddresses.Select(
            a => IsSix(a) ? $"{PrivateNetwork}::1:0/112" : $"{NodeAddress[..NodeAddress.LastIndexOf('.')]}.192/26"),
    ];

    /// <summary>All addresses of load balancers.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> LoadBalancerPools => ChosenPools.Count > 0 ? ChosenPools : OwnPools;

    private string[] NodeDigits => NodeAddress.Split('.');

    // 10.243.0.1 is fd00:10:243:0::1: the digits are read as they are written.
    private string PrivateNetwork => $"fd00:{NodeDigits[0]}:{NodeDigits[1]}:{NodeDigits[2]}";

    /// <summary>The share of the n-th cluster of a machine, counted from 0.</summary>
    public static MachineShare At(int number) => new()
    {
        Name = number == 0 ? FirstName : $"{FirstName}{number}",
        Port = 6443 + number,
        SiloPort = SiloOptions.DefaultSiloPort + number,
        KubeletPort = 10250 + (PortsOfANode * number),
        ProxyHealthPort = 10256 + (PortsOfANode * number),
        NodeAddress = $"10.243.{number}.1",
        PodCidr = $"10.{244 + number}.0.0/16",
        ServiceCidr = $"10.{96 + number}.0.0/16",
        DnsAddress = DnsOf(IPNetwork.Parse($"10.{96 + number}.0.0/16")),

        // Downwards: above them the kernel takes ports for connections.
        NodePorts = new PortRange(
            FirstNodePort - (NodePortCount * number), FirstNodePort - (NodePortCount * number) + NodePortCount - 1)
                .ToString(),
    };

    /// <summary>The tenth address of the Services' network, as is the custom.</summary>
    public static string DnsOf(IPNetwork services)
    {
        var address = services.BaseAddress.GetAddressBytes();
        address[^1] += 10;
        return new IPAddress(address).ToString();
    }

    private static IReadOnlyList<IPNetwork> Networks(string texts) => NetworkRules.NetworksOf(texts) ?? [];

    private static bool IsSix(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6;

    /// <summary>The share of the cluster in a data directory; null when none was chosen yet.</summary>
    public static MachineShare? Load(DataDirectory directory) => Load(directory.Root);

    /// <summary>The same, of a directory that may be somebody else's and is only looked at.</summary>
    public static MachineShare? Load(string root)
    {
        var file = Path.Combine(root, File);
        try
        {
            return System.IO.File.Exists(file)
                ? JsonSerializer.Deserialize<MachineShare>(System.IO.File.ReadAllText(file), Json)
                : null;
        }
        catch (JsonException error)
        {
            throw new UserErrorException($"{file} cannot be read: {error.Message}");
        }
    }

    /// <summary>
    /// The share of the cluster in a data directory; of one that was made before there were shares, the first.
    /// </summary>
    public static MachineShare Of(DataDirectory directory) =>
        Load(directory) ?? At(0) with { Kubeconfig = DataDirectory.KubeconfigOf(directory.Root) };

    /// <summary>Where the admin kubeconfig of the cluster in a directory is.</summary>
    public static string KubeconfigOf(string root) => Of(DataDirectory.OpenExisting(root)).Kubeconfig;

    public void Save(DataDirectory directory)
    {
        var file = Path.Combine(directory.Root, File);
        OwnFiles.Write(file, JsonSerializer.Serialize(this, Json));
    }
}

/// <summary>What of its share a user chose himself; null is left to us.</summary>
public sealed record WantedShare
{
    public string? Name { get; init; }

    public int? Port { get; init; }

    public int? SiloPort { get; init; }

    public int? KubeletPort { get; init; }

    public int? ProxyHealthPort { get; init; }

    /// <summary>The primary one first.</summary>
    public IReadOnlyList<IPAddress>? NodeAddresses { get; init; }

    public DualNetwork? Pods { get; init; }

    public DualNetwork? Services { get; init; }

    public IPAddress? DnsAddress { get; init; }

    public PortRange? NodePorts { get; init; }

    public IReadOnlyList<string>? LoadBalancerPools { get; init; }

    public string? AnnounceLink { get; init; }

    /// <summary>The networks of a cluster whose objects are there already; null when it noted none.</summary>
    public static WantedShare Of(StoreNetworks? networks)
    {
        var services = DualNetwork.Parse(networks?.Services ?? "");
        var pods = Beside(DualNetwork.Parse(networks?.Pods ?? ""), services);
        return new WantedShare
        {
            Pods = pods,
            Services = Beside(services, pods),
            NodePorts = PortRange.Parse(networks?.NodePorts ?? ""),
        };
    }

    private static DualNetwork? Beside(DualNetwork? networks, DualNetwork? others) =>
        others is null ? networks?.First : networks?.Like(others);

    /// <summary>The same, and networks that a cluster has already where none were chosen.</summary>
    public WantedShare Or(WantedShare networks) => this with
    {
        Pods = Pods ?? networks.Pods,
        Services = Services ?? networks.Services,
        NodePorts = NodePorts ?? networks.NodePorts,
    };

    /// <summary>The share with what was chosen in it.</summary>
    public MachineShare Over(MachineShare share) => share with
    {
        Name = Name ?? share.Name,
        Port = Port ?? share.Port,
        SiloPort = SiloPort ?? share.SiloPort,
        KubeletPort = KubeletPort ?? share.KubeletPort,
        ProxyHealthPort = ProxyHealthPort ?? share.ProxyHealthPort,
        NodeAddress = NodeAddresses?[0].ToString() ?? share.NodeAddress,
        SecondNodeAddress = NodeAddresses is null ? share.SecondNodeAddress
            : NodeAddresses is [_, var second] ? second.ToString() : "",
        HasForeignAddress = NodeAddresses is not null || share.HasForeignAddress,
        PodCidr = Pods?.ToString() ?? share.PodCidr,
        ServiceCidr = Services?.ToString() ?? share.ServiceCidr,
        DnsAddress = DnsAddress?.ToString()
            ?? (Services is { } services ? MachineShare.DnsOf(services.Primary) : share.DnsAddress),
        NodePorts = NodePorts?.ToString() ?? share.NodePorts,
        ChosenPools = LoadBalancerPools ?? share.ChosenPools,
        AnnounceLink = AnnounceLink ?? share.AnnounceLink,
    };
}
