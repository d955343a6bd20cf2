using System.CommandLine;
using System.Net;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>
/// The options with which a user says what of the machine a cluster may have; all are chosen otherwise.
/// </summary>
internal sealed class ShareOptions
{
    private readonly Option<int?> _port = CommonOptions.MaybePort("--port", Free("Port of the API", 6443));
    private readonly Option<int?> _siloPort =
        CommonOptions.MaybePort("--silo-port", Free("Port at which silos on other machines reach this one", 11111));
    private readonly Option<int?> _kubeletPort =
        CommonOptions.MaybePort("--kubelet-port", Free("Port of the node, for logs, exec and statistics", 10250));
    private readonly Option<int?> _healthPort =
        CommonOptions.MaybePort("--proxy-health-port", Free("Port of the service proxy's health checks", 10256));
    private readonly Option<IPAddress[]?> _nodeAddresses = CommonOptions.MaybeAddresses(
        "--node-ip",
        "Address of the node, for clusters of several machines; with a comma, one of each family. Default: 10.243.0.1 "
            + "on a link of our own.");
    private readonly Option<DualNetwork?> _pods = CommonOptions.MaybeNetwork(
        "--pod-cidr", Free("Network of all pods; with a comma, one of each family, the primary first", "10.244.0.0/16"),
        (8, 23), (48, 63));
    private readonly Option<DualNetwork?> _services = CommonOptions.ServiceNetwork();
    private readonly Option<IPAddress?> _dns = CommonOptions.MaybeAddress(
        "--cluster-dns", "Address of the cluster's DNS. Default: the tenth of the Services' network.");
    private readonly Option<PortRange?> _nodePorts = CommonOptions.NodePorts();
    private readonly Option<string[]> _pools = CommonOptions.LoadBalancerPools(
        "Addresses that Services of type LoadBalancer get. Default: the last quarter of 10.243.0.0/24, of IPv6 "
            + "fd00:10:243::1:0/112, which this machine alone reaches, and none with --node-ip.");
    private readonly Option<string?> _announce = CommonOptions.MaybeText(
        "--announce-link",
        "The link of this machine on which others are told (by ARP and NDP) to send load balancers' traffic here.");
    private readonly Option<string?> _name = CommonOptions.MaybeText(
        "--network-name",
        Free("Name with which links, tables and control groups of this cluster begin", MachineShare.FirstName));

    public ShareOptions() => _name.Validators.Add(static result =>
    {
        if (result.GetValueOrDefault<string?>() is { } name
            && (name.Length > MachineShare.LongestName
                || !name.All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c))))
        {
            result.AddError($"--network-name: '{name}' is no name of up to {MachineShare.LongestName} lower case letters and digits.");
        }
    });

    public IEnumerable<Option> All =>
    [
        _port, _siloPort, _kubeletPort, _healthPort, _nodeAddresses, _pods, _services, _dns, _nodePorts, _pools,
        _announce, _name,
    ];

    public WantedShare Read(ParseResult parsed) => new()
    {
        Name = parsed.GetValue(_name),
        Port = parsed.GetValue(_port),
        SiloPort = parsed.GetValue(_siloPort),
        KubeletPort = parsed.GetValue(_kubeletPort),
        ProxyHealthPort = parsed.GetValue(_healthPort),
        NodeAddresses = parsed.GetValue(_nodeAddresses) is { Length: > 0 } addresses ? addresses : null,
        Pods = parsed.GetValue(_pods),
        Services = parsed.GetValue(_services),
        DnsAddress = parsed.GetValue(_dns),
        NodePorts = parsed.GetValue(_nodePorts),
        LoadBalancerPools = parsed.GetRequiredValue(_pools) is { Length: > 0 } pools ? pools : null,
        AnnounceLink = parsed.GetValue(_announce),
    };

    private static string Free(string what, object first) =>
        $"{what}. Default: {first}, or one that is free for the machine's next cluster.";
}
