using OrleansOrchestrator.NodeAgent.Kernel;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests;

/// <summary>What the agent is told wrongly is said in one sentence, before anything starts.</summary>
public sealed class AgentPreconditionsTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();
    private readonly NodeAgentOptions _good = new() { NodeName = "n" };

    public AgentPreconditionsTests() => File.WriteAllText(_file, "no kubeconfig: [");

    public void Dispose() => File.Delete(_file);

    public static TheoryData<string, string> Wrong => new()
    {
        { "kubelet-port 0", "--kubelet-port: '0' is no number from 1 to 65535." },
        { "kubelet-port 70000", "--kubelet-port: '70000' is no number from 1 to 65535." },
        { "proxy-health-port -1", "--proxy-health-port: '-1' is no number from 0 to 65535." },
        { "pod-cidr x", "--pod-cidr: 'x' is no network" },
        { "cluster-cidr 10.0.0.0", "--cluster-cidr: '10.0.0.0' is no network" },
        { "cluster-cidr 10.0.0.0/16,fd00::", "--cluster-cidr: 'fd00::' is no network" },
        { "cluster-cidr 10.0.0.0/16,10.1.0.0/16", "'10.0.0.0/16,10.1.0.0/16' is more than one of each family." },
        { "pod-cidr fd00::/64,fd01::/64", "--pod-cidr: 'fd00::/64,fd01::/64' is more than one of each family." },
        { "node-ip 192.0.2.1,192.0.2.2", "--node-ip: '192.0.2.1,192.0.2.2' is more than one of each family." },
        { "cluster-dns x", "--cluster-dns: 'x' is no IP address." },
        { "node-ip x", "--node-ip: 'x' is no IP address." },
        { "node-name ", "--node-name: there is no value." },
        { "network-name ", "--network-name: there is no value." },
        { "bridge-name ", "--bridge-name: there is no value." },
        { "kubeconfig /no/such", "The kubeconfig file \"/no/such\" does not exist." },
        { "kubeconfig FILE", "cannot be read: " },
        { "bootstrap-kubeconfig FILE", "--bootstrap-kubeconfig: --kubeconfig must say where the node's own is to be." },
        { "tls-cert-file /no/such", "The serving certificate \"/no/such\" does not exist." },
        { "tls-private-key-file /no/such", "The key of the serving certificate \"/no/such\" does not exist." },
        { "client-ca-file /no/such", "The CA of client certificates \"/no/such\" does not exist." },
        { "ids-per-pod 1000", "invalid configuration: userNamespaces.idsPerPod must not be less than 65536" },
        { "verification Sometimes", "invalid configuration: option \"Sometimes\" specified for imagePullCred" },
        { "max-pods -1", "invalid configuration: maxPods (--max-pods) -1 must not be a negative number" },
        { "max-parallel-image-pulls 0", "invalid configuration: maxParallelImagePulls 0 must be a positive number" },
        { "pod-logs-dir var/log", "invalid configuration: pod logs path \"var/log\" must be absolute path" },
        { "pod-logs-dir /var/log/", "invalid configuration: pod logs path \"/var/log/\" must be normalized" },
        { "pod-logs-dir /var/../log", "invalid configuration: pod logs path \"/var/../log\" must be normalized" },
        { "pod-logs-dir /var/läg", "invalid configuration: pod logs path \"/var/läg\" mut contains ASCII" },
        { "pod-logs-dir ", "invalid configuration: podLogsDir was not specified" },
        { "register-with-taint a=b:Never", "--register-with-taint: invalid taint effect: Never, unsupported taint" },
        { "eviction-soft 5%", "grace period must be specified for the soft eviction threshold memory.available" },
        { "data-dir FILE", "is a file: --data-dir names a directory." },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void What_cannot_be_is_said_in_one_sentence(string option, string expected)
    {
        var (name, value) =
            (option.Split(' ')[0], option.Split(' ')[1].Replace("FILE", _file, StringComparison.Ordinal));
        var problem = AgentPreconditions.Problem(With(name, value));
        Assert.Contains(expected, problem, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', problem!);
    }

    [Fact]
    public void What_is_right_is_no_problem()
    {
        Assert.Null(AgentPreconditions.OptionProblem(_good));
        Assert.Null(AgentPreconditions.FileProblem(_good));
        Assert.Null(AgentPreconditions.OptionProblem(_good with
        {
            ClusterCidr = "10.244.0.0/16,fd00:10:244::/56", PodCidr = "10.244.0.0/24,fd00:10:244::/64",
            NodeIp = "192.0.2.1,2001:db8::1",
        }));
    }

    /// <summary>What is older than a while goes, images in seconds.</summary>
    [Theory]
    [InlineData(101, 80, 120, 0, 5, "imageGCHighThresholdPercent (--image-gc-high-threshold) 101 must be between 0 and 100, inclusive")]
    [InlineData(85, -1, 120, 0, 5, "imageGCLowThresholdPercent (--image-gc-low-threshold) -1 must be between 0 and 100, inclusive")]
    [InlineData(58, 58, 120, 0, 5, "imageGCLowThresholdPercent (--image-gc-low-threshold) 58 must be less than imageGCHighThresholdPercent (--image-gc-high-threshold) 58")]
    [InlineData(85, 80, -1, 0, 5, "imageMinimumGCAge -1s must not be negative")]
    [InlineData(85, 80, 120, -1, 5, "imageMaximumGCAge -1s must not be negative")]
    [InlineData(85, 80, 120, 120, 5, "imageMaximumGCAge 2m0s must be greater than imageMinimumGCAge 2m0s")]
    [InlineData(85, 80, 120, 0, 1, "containerLogMaxFiles must be greater than 1")]
    [InlineData(100, 0, 120, 121, 2, null)]
    public void Housekeeping_is_refused_in_upstreams_words(
        int high, int low, int minimumAge, int maximumAge, int files, string? problem) =>
        Assert.Equal(
            problem is null ? null : $"invalid configuration: {problem}",
            AgentPreconditions.OptionProblem(_good with
            {
                Housekeeping = new HousekeepingOptions
                {
                    ImageGcHighShare = high / 100.0, ImageGcLowShare = low / 100.0,
                    ImageMinimumAge = TimeSpan.FromSeconds(minimumAge),
                    ImageMaximumAge = TimeSpan.FromSeconds(maximumAge), LogMaxFiles = files,
                },
            }));

    [Fact]
    public void A_machine_without_ipv6_keeps_what_is_of_the_other_family()
    {
        var dual = _good with
        {
            ClusterCidr = "10.244.0.0/16,fd00:10:244::/56", PodCidr = "fd00:10:244::/64",
            NodeIp = "192.0.2.1,2001:db8::1",
        };
        Assert.Equal(
            dual with { ClusterCidr = "10.244.0.0/16", PodCidr = "", NodeIp = "192.0.2.1" }, dual.WithoutSix());
        Assert.Equal(2, dual.Families.Count);
    }

    [Theory]
    [InlineData("containerd", "containerd")]
    [InlineData("runc", "runc")]
    [InlineData("nft", "nftables")]
    [InlineData("ip", "iproute2")]
    [InlineData("conntrack", "conntrack")]
    public void A_program_that_a_node_needs_is_missed(string program, string package)
    {
        Assert.Equal((program, package), AgentPreconditions.MissingProgram(_good, p => p != program));
        Assert.Null(AgentPreconditions.MissingProgram(_good, static _ => true));
    }

    private NodeAgentOptions With(string name, string value) => name switch
    {
        "kubelet-port" => _good with { KubeletPort = Number(value) },
        "proxy-health-port" => _good with { ProxyHealthPort = Number(value) },
        "pod-cidr" => _good with { PodCidr = value },
        "cluster-cidr" => _good with { ClusterCidr = value },
        "cluster-dns" => _good with { ClusterDns = [value] },
        "node-ip" => _good with { NodeIp = value },
        "node-name" => _good with { NodeName = value },
        "network-name" => _good with { NetworkName = value },
        "bridge-name" => _good with { BridgeName = value },
        "kubeconfig" => _good with { Kubeconfig = value },
        "bootstrap-kubeconfig" => _good with { BootstrapKubeconfig = value },
        "tls-cert-file" => _good with { TlsCertFile = value },
        "tls-private-key-file" => _good with { TlsKeyFile = value },
        "client-ca-file" => _good with { ClientCaFile = value },
        "ids-per-pod" => _good with { IdsPerPod = Number(value) },
        "verification" => _good with { ImagePullCredentialsVerificationPolicy = value },
        "max-pods" => _good with { MaxPods = Number(value) },
        "max-parallel-image-pulls" => _good with { MaxParallelImagePulls = Number(value) },
        "pod-logs-dir" => _good with { PodLogsDirectory = value },
        "register-with-taint" => _good with { RegisterWithTaints = [value] },
        "eviction-soft" => _good with
        {
            Housekeeping = new HousekeepingOptions
            {
                Eviction = new EvictionSettings
                {
                    Soft = new Dictionary<string, string> { ["memory.available"] = value },
                },
            },
        },
        "data-dir" => _good with { DataDirectory = value },
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no option of the table"),
    };

    private static int Number(string text) => int.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
