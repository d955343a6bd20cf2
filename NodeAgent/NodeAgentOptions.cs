using OrleansOrchestrator.NodeAgent.Images;
using OrleansOrchestrator.NodeAgent.Nftables;
using OrleansOrchestrator.NodeAgent.UserNamespaces;

namespace OrleansOrchestrator.NodeAgent;

/// <summary>
/// Everything the agent is told at its start. Paths that derive from the data directory are properties here.
/// </summary>
public sealed record NodeAgentOptions
{
    /// <summary>The cloud is the business of a controller, not of the agent; there is no other kind.</summary>
    public const string ExternalCloud = "external";

    /// <summary>Kubeconfig of the API; empty runs the node without an API (tests feed pods directly).</summary>
    public string Kubeconfig { get; init; } = "";

    /// <summary>
    /// Kubeconfig with the token by which a machine that has no certificate yet asks for one; empty for a node whose
    /// credentials come from elsewhere, and are not rotated.
    /// </summary>
    public string BootstrapKubeconfig { get; init; } = "";

    public required string NodeName { get; init; }

    /// <summary>
    /// Internal IP of the node, with a comma one of each family, the primary first; empty picks the address of the
    /// default route's interface.
    /// </summary>
    public string NodeIp { get; init; } = "";

    public string DataDirectory { get; init; } = "/var/lib/orc-node";

    /// <summary>
    /// Pod addresses of a node that brings its own, until Node.spec.podCIDRs says otherwise, with a comma those of each
    /// family; empty: the cluster gives them.
    /// </summary>
    public string PodCidr { get; init; } = "";

    /// <summary>
    /// All pod networks of the cluster, with a comma one of each family: inside it a pod keeps its own source address.
    /// Which families there are, is which families the node serves.
    /// </summary>
    public string ClusterCidr { get; init; } = "10.244.0.0/16";

    public IReadOnlyList<string> ClusterCidrs => Parts(ClusterCidr);

    /// <summary>The networks of <see cref="PodCidr"/>.</summary>
    public IReadOnlyList<string> PodCidrs => Parts(PodCidr);

    /// <summary>The families of addresses that pods have, the primary one first.</summary>
    public IReadOnlyList<IpFamily> Families => [.. ClusterCidrs.Select(IpFamily.Of)];

    public IReadOnlyList<string> ClusterDns { get; init; } = ["10.96.0.10"];

    public string ClusterDomain { get; init; } = "cluster.local";

    public int KubeletPort { get; init; } = 10250;

    /// <summary>Port of kube-proxy's health checks, which load balancers ask; 0 for none.</summary>
    public int ProxyHealthPort { get; init; } = 10256;

    /// <summary>Serving certificate of the kubelet port, PEM; empty makes a self-signed one.</summary>
    public string TlsCertFile { get; init; } = "";

    public string TlsKeyFile { get; init; } = "";

    /// <summary>The cluster gives the kubelet port its certificate, once somebody has approved it.</summary>
    public bool RotateServerCertificates { get; init; }

    /// <summary>CA that signs the API's client certificate on the kubelet port.</summary>
    public string ClientCaFile { get; init; } = "";

    /// <summary>Socket of a CRI runtime that somebody else runs; empty starts an own containerd.</summary>
    public string RuntimeSocket { get; init; } = "";

    /// <summary>The agent runs containerd itself. Whoever else runs the runtime owns its network, too.</summary>
    public bool OwnsRuntime => RuntimeSocket.Length == 0;

    public string ContainerdBinary { get; init; } = "containerd";

    public string CgroupRoot { get; init; } = "/orc";

    /// <summary>
    /// Where pod logs go: <c>&lt;ns&gt;_&lt;name&gt;_&lt;uid&gt;/&lt;container&gt;/&lt;n&gt;.log</c> below it.
    /// </summary>
    public string PodLogsDirectory { get; init; } = "/var/log/pods";

    /// <summary>Lines of containers, and of the agent itself, are sent to the cluster.</summary>
    public bool SendsLogs { get; init; } = true;

    /// <summary>Where each container's log has a link, for collectors: beside the directory of pod logs.</summary>
    public string ContainerLogsDirectory => Path.GetFullPath(Path.Combine(PodLogsDirectory, "..", "containers"));

    public string CniBinaryDirectory { get; init; } = "/usr/lib/cni";

    /// <summary>
    /// Begins the names of the link and the tables that the node makes; two agents in one network namespace need two.
    /// </summary>
    public string NetworkName { get; init; } = "orc";

    /// <summary>Bridge interface of the pod network; two agents in one network namespace need two names.</summary>
    public string BridgeName { get; init; } = "orc0";

    /// <summary>The link on which addresses of load balancers are announced; empty for none.</summary>
    public string AnnounceLink { get; init; } = "";

    public bool RegisterNode { get; init; } = true;

    public IReadOnlyDictionary<string, string> NodeLabels { get; init; } = new Dictionary<string, string>();

    /// <summary>Taints put on at registration, <c>key=value:effect</c>.</summary>
    public IReadOnlyList<string> RegisterWithTaints { get; init; } = [];

    /// <summary><see cref="ExternalCloud"/>, or empty without a cloud.</summary>
    public string CloudProvider { get; init; } = "";

    /// <summary>Whether the node waits for what its cloud knows of the machine.</summary>
    public bool HasCloud => CloudProvider == ExternalCloud;

    public int MaxPods { get; init; } = 110;

    /// <summary>Where the reserved CPUs are named, so many instead of what was said.</summary>
    public long SystemReservedMilliCpu
    {
        get => Resources.ReservedCpuCount > 0 ? Resources.ReservedCpuCount * 1000L : field;
        init;
    }

    public long SystemReservedMemoryBytes { get; init; }

    /// <summary>What containers may swap, by upstream's words: <c>LimitedSwap</c>, or <c>NoSwap</c> or empty.</summary>
    public string SwapBehavior { get; init; } = "";

    /// <summary>User ids of each pod that has some of its own (<c>userNamespaces.idsPerPod</c>).</summary>
    public long IdsPerPod { get; init; } = IdRange.Unit;

    /// <summary>
    /// The ids that the machine keeps for all such pods together; null where all but its own first ones are theirs.
    /// </summary>
    public IdRange? IdsForPods { get; init; }

    /// <summary>
    /// Settings of the kernel that pods may have besides safe ones, or beginnings of them: <c>kernel.msg*</c>.
    /// </summary>
    public IReadOnlyList<string> AllowedUnsafeSysctls { get; init; } = [];

    /// <summary>Image pulls at one time; 1 is serial.</summary>
    public int MaxParallelImagePulls { get; init; } = 4;

    /// <summary>Which images that are there pods may use without asking a registry.</summary>
    public string ImagePullCredentialsVerificationPolicy { get; init; } = PullVerification.NeverVerifyPreloadedImages;

    /// <summary>Images that <see cref="PullVerification.NeverVerifyAllowlistedImages"/> leaves to everybody.</summary>
    public IReadOnlyList<string> PreloadedImagesVerificationAllowlist { get; init; } = [];

    /// <summary>Registries (host:port) to speak plain HTTP to, besides those on loopback.</summary>
    public IReadOnlyList<string> InsecureRegistries { get; init; } = [];

    /// <summary>
    /// The file, or directory of files, that says which programs know credentials of registries; empty for none.
    /// </summary>
    public string ImageCredentialProviderConfig { get; init; } = "";

    /// <summary>Where those programs are.</summary>
    public string ImageCredentialProviderDirectory { get; init; } = "";

    public HousekeepingOptions Housekeeping { get; init; } = new();

    public ShutdownOptions Shutdown { get; init; } = new();

    public ResourceOptions Resources { get; init; } = new();

    /// <summary>The node's certificate for the API, with its key, where the cluster gives it.</summary>
    public string ClientCertificateFile => Path.Combine(DataDirectory, "pki", "kubelet-client-current.pem");

    /// <summary>The certificate of the kubelet port, with its key, where the cluster gives it.</summary>
    public string ServingCertificateFile => Path.Combine(DataDirectory, "pki", "kubelet-server-current.pem");

    /// <summary>
    /// Absolute path of the directory (or file) of manifests whose pods the node runs by itself; empty for none.
    /// </summary>
    public string StaticPodPath { get; init; } = "";

    /// <summary>Address that tells of more pods which the node runs by itself; empty for none.</summary>
    public string ManifestUrl { get; init; } = "";

    /// <summary>Headers that are sent along when it is asked, NAME:VALUE each.</summary>
    public IReadOnlyList<string> ManifestUrlHeaders { get; init; } = [];

    /// <summary>How often it is asked.</summary>
    public TimeSpan ManifestUrlPeriod { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Where drivers expect what the kubelet has below <c>/var/lib/kubelet</c>: pods, sockets of plugins, and what they
    /// mount. Empty for the data directory.
    /// </summary>
    public string RootDirectory { get; init; } = "";

    public string PodsDirectory => Path.Combine(KubeletDirectory, "pods");

    /// <summary>Where plugins make themselves known, by a socket each.</summary>
    public string PluginsRegistryDirectory => Path.Combine(KubeletDirectory, "plugins_registry");

    /// <summary>What plugins, and the node for them, keep.</summary>
    public string PluginsDirectory => Path.Combine(KubeletDirectory, "plugins");

    /// <summary>What drivers of CSI have staged: <c>DRIVER/HASH/globalmount</c> below it.</summary>
    public string CsiDirectory => Path.Combine(PluginsDirectory, "kubernetes.io", "csi");

    /// <summary>Where plugins of devices look for the node, and the node for them.</summary>
    public string DevicePluginsDirectory => Path.Combine(KubeletDirectory, "device-plugins");

    /// <summary>Where others learn which container has which devices.</summary>
    public string PodResourcesDirectory => Path.Combine(KubeletDirectory, "pod-resources");

    /// <summary>What upstream's kubelet has as its root.</summary>
    public string KubeletDirectory => RootDirectory.Length > 0 ? RootDirectory : DataDirectory;

    /// <summary>The volumes that the cluster has made on this node; their data stays when the cluster stops.</summary>
    public string VolumesDirectory => Path.Combine(DataDirectory, "volumes");

    /// <summary>The link that holds the DNS address.</summary>
    public string DnsLink => $"{NetworkName}-dns";

    /// <summary>The nftables table of the Services.</summary>
    public string ProxyTable => $"{NetworkName}-proxy";

    /// <summary>The nftables table of the NetworkPolicies; there only as long as there are any.</summary>
    public string PolicyTable => $"{NetworkName}-policies";

    /// <summary>
    /// The nftables table of the pods' way out; each bridge has its own, so that two agents do not meet.
    /// </summary>
    public string PodsTable => $"orc-pods-{BridgeName}";

    public string ContainerdDirectory => Path.Combine(DataDirectory, "containerd");

    /// <summary>The same without all that is of IPv6, for a machine that has none.</summary>
    public NodeAgentOptions WithoutSix() => this with
    {
        ClusterCidr = FoursOf(ClusterCidr),
        PodCidr = FoursOf(PodCidr),
        NodeIp = FoursOf(NodeIp),
    };

    private static string FoursOf(string texts) =>
        string.Join(',', Parts(texts).Where(static t => IpFamily.Of(t) == IpFamily.Four));

    /// <summary>What commas separate; none of an empty text.</summary>
    internal static string[] Parts(string texts) => texts.Split(',', StringSplitOptions.RemoveEmptyEntries);

    public string SocketPath => OwnsRuntime
        ? Path.Combine(ContainerdDirectory, "run", "containerd.sock")
        : RuntimeSocket;
}
