using System.CommandLine;
using System.ComponentModel;
using System.Net.Sockets;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Credentials;
using OrleansOrchestrator.NodeAgent.Images;
using OrleansOrchestrator.NodeAgent.Nftables;
using OrleansOrchestrator.NodeAgent.Swap;
using OrleansOrchestrator.NodeAgent.UserNamespaces;

namespace OrleansOrchestrator.NodeAgent;

/// <summary>
/// The agent's command line: options into <see cref="NodeAgentOptions"/>, and the verbs besides running.
/// </summary>
public static class AgentCommandLine
{
    private static readonly NodeAgentOptions Defaults = new() { NodeName = Environment.MachineName.ToLowerInvariant() };

    private static readonly Option<string> Kubeconfig = Text("--kubeconfig", "Kubeconfig file of the API", "");
    private static readonly Option<string> BootstrapKubeconfig = Text(
        "--bootstrap-kubeconfig",
        "Kubeconfig with a bootstrap token: a node without a certificate asks for one with it, and rotates it", "");
    private static readonly Option<string> NodeName = Text("--node-name", "Name of the Node object", Defaults.NodeName);
    private static readonly Option<string> NodeIp = Text(
        "--node-ip", "Internal IP of the node, with a comma one of each family (default: towards the default route)",
        "");
    private static readonly Option<string> DataDir =
        Text("--data-dir", "Directory of everything the agent keeps", Defaults.DataDirectory);
    private static readonly Option<string> RootDir = Text(
        "--root-dir",
        $"Directory of pods and plugins, as drivers know it (default: {KubeletRoot.Standard} if that is a link to " +
        "--data-dir, else --data-dir)", "");
    private static readonly Option<string> PodCidr = Text(
        "--pod-cidr", "Pod network of the node, with a comma one of each family (default: the cluster's choice)",
        Defaults.PodCidr);
    private static readonly Option<string> ClusterCidr = Text(
        "--cluster-cidr", "All pod networks, with a comma one of each family: inside, pods keep their addresses",
        Defaults.ClusterCidr);
    private static readonly Option<string[]> ClusterDns =
        Many("--cluster-dns", "IP of the cluster DNS (default 10.96.0.10)");
    private static readonly Option<string> ClusterDomain =
        Text("--cluster-domain", "DNS domain of the cluster", Defaults.ClusterDomain);
    private static readonly Option<int> ProxyHealthPort = Number(
        "--proxy-health-port", "HTTP port of the service proxy's health checks; 0 for none", Defaults.ProxyHealthPort);

    private static readonly Option<int> KubeletPort =
        Number("--kubelet-port", "HTTPS port for logs, exec and stats", Defaults.KubeletPort);
    private static readonly Option<string> TlsCert =
        Text("--tls-cert-file", "Serving certificate of the kubelet port, PEM", "");
    private static readonly Option<string> TlsKey =
        Text("--tls-private-key-file", "Key of the serving certificate, PEM", "");
    private static readonly Option<bool> RotateServing = new("--rotate-server-certificates")
    {
        Description = "Ask the cluster for the serving certificate of the kubelet port, and rotate it",
    };
    private static readonly Option<string> ClientCa =
        Text("--client-ca-file", "CA of client certificates on the kubelet port", "");
    private static readonly Option<string> Socket =
        Text("--containerd-socket", "Use the CRI runtime at this socket instead of an own containerd", "");
    private static readonly Option<string> Binary =
        Text("--containerd-binary", "Program of the own containerd", Defaults.ContainerdBinary);
    private static readonly Option<string> CgroupRoot =
        Text("--cgroup-root", "Cgroup below which pods live", Defaults.CgroupRoot);
    private static readonly Option<string> Manifests = Text(
        "--pod-manifest-path",
        "Directory of manifests (or one file) whose pods the node runs by itself, without an API (default: none)", "");
    private static readonly Option<string> ManifestUrl = Text(
        "--manifest-url",
        "Address that tells of a pod, or a list of pods, which the node runs by itself (default: none)", "");
    private static readonly Option<string[]> ManifestHeaders =
        Many("--manifest-url-header", "HTTP header to ask it with, NAME:VALUE");
    private static readonly Option<string> LogsDir =
        Text("--pod-logs-dir", "Directory of pod logs", Defaults.PodLogsDirectory);
    private static readonly Option<bool> SendsLogs = new("--logs")
    {
        Description = "Send the logs of containers, and the agent's own, to the cluster",
        DefaultValueFactory = _ => true,
    };
    private static readonly Option<string> CniBin =
        Text("--cni-bin-dir", "Directory of CNI plugins", Defaults.CniBinaryDirectory);
    private static readonly Option<string> Bridge =
        Text("--bridge-name", "Bridge interface of the pod network", Defaults.BridgeName);
    private static readonly Option<string> Network =
        Text("--network-name", "Begins the names of the node's DNS link and of its table of Services",
            Defaults.NetworkName);
    private static readonly Option<string> AnnounceLink = Text(
        "--announce-link", "Link on which addresses of load balancers are announced, by ARP and NDP (default: none)", "");
    private static readonly Option<bool> Register = new("--register-node") { Description = "Create the Node object when it is missing", DefaultValueFactory = _ => true };
    private static readonly Option<string[]> Labels =
        Many("--node-label", "Label of the node at registration, KEY=VALUE");
    private static readonly Option<string[]> Taints =
        Many("--register-with-taint", "Taint of the node at registration, KEY=VALUE:EFFECT");
    private static readonly Option<string> Cloud = Text(
        "--cloud-provider",
        $"'{NodeAgentOptions.ExternalCloud}': a controller puts what the cloud knows on the node, which waits for that",
        "");
    private static readonly Option<int> MaxPods = Number("--max-pods", "Pods that the node takes", Defaults.MaxPods);
    private static readonly Option<int> ReservedCpu =
        Number("--system-reserved-millicpu", "CPU kept from pods, in thousandths of a core", 0);
    private static readonly Option<int> ReservedMemory =
        Number("--system-reserved-memory-mib", "Memory kept from pods, in MiB", 0);
    private static readonly Option<string> SwapBehavior = Text(
        "--swap-behavior",
        $"'{SwapRules.Limited}': containers of burstable pods may swap, in proportion to the memory that they " +
        $"request ('{SwapRules.None}', and the default: none)", "");
    private static readonly Option<string> UnsafeSysctls = Text(
        "--allowed-unsafe-sysctls",
        "Settings of the kernel that pods may have besides safe ones, like kernel.msg*,net.core.somaxconn", "");
    private static readonly Option<long> IdsPerPod = new("--user-namespaces-ids-per-pod")
    {
        Description = $"User ids of each pod that has some of its own, a multiple of {IdRange.Unit}",
        DefaultValueFactory = _ => Defaults.IdsPerPod,
    };
    private static readonly Option<int> ParallelPulls =
        Number("--max-parallel-image-pulls", "Image pulls at one time; 1 is serial", Defaults.MaxParallelImagePulls);
    private static readonly Option<string> CredentialConfig = Text(
        "--image-credential-provider-config",
        "File, or directory of files, with a CredentialProviderConfig: programs that know credentials of registries",
        "");
    private static readonly Option<string> CredentialPrograms = Text(
        "--image-credential-provider-bin-dir", "Directory of those programs", "");
    private static readonly Option<string> PullVerificationPolicy = Text(
        "--image-pull-credentials-verification-policy",
        "Which images that are there pods may use without asking a registry: "
            + string.Join(", ", PullVerification.All),
        Defaults.ImagePullCredentialsVerificationPolicy);
    private static readonly Option<string[]> PullAllowlist = Many(
        "--preloaded-images-verification-allowlist",
        $"Image without tag and digest, or PREFIX/*, that {PullVerification.NeverVerifyAllowlistedImages} leaves to "
            + "everybody");
    private static readonly Option<string[]> Insecure =
        Many("--insecure-registry", "Registry HOST:PORT to speak plain HTTP to (loopback needs no entry)");

    public static async Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand("Node agent of Orleans Orchestrator: runs the pods of one node through containerd.");
        foreach (var option in All())
        {
            option.Recursive = true;
            root.Options.Add(option);
        }

        root.SetAction((result, cancellationToken) => RunWithIdsAsync(Read(result), cancellationToken));
        root.Subcommands.Add(Clean());
        root.Subcommands.Add(RemoveLogs());
        root.Subcommands.Add(LoadImage());
        root.Subcommands.Add(LoadDemoImage());
        try
        {
            return await root.Parse(args)
                .InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or SocketException or Win32Exception)
        {
            // Something of the machine that its user can mend, named in the message; a bug shows its stack.
            await Console.Error.WriteLineAsync(failure.Message.ReplaceLineEndings(" "));
            return 1;
        }
    }

    private static IEnumerable<Option> All() =>
    [
        Kubeconfig, BootstrapKubeconfig, RotateServing, NodeName, NodeIp, DataDir, RootDir, PodCidr, ClusterCidr,
        ClusterDns, ClusterDomain, KubeletPort, ProxyHealthPort, TlsCert, TlsKey,
        ClientCa, Socket, Binary, CgroupRoot, Manifests, ManifestUrl, ManifestHeaders, LogsDir, SendsLogs, CniBin,
        Bridge, Network, AnnounceLink,
        Register,
        Labels, Taints,
        Cloud,
        MaxPods, SwapBehavior, UnsafeSysctls, IdsPerPod,
        ReservedCpu,
        ReservedMemory, ParallelPulls, CredentialConfig, CredentialPrograms, PullVerificationPolicy, PullAllowlist,
        Insecure, .. HousekeepingArguments.All,
        .. ShutdownArguments.All, .. ResourceArguments.All,
    ];

    private static async Task<int> RunWithIdsAsync(NodeAgentOptions options, CancellationToken cancellationToken)
    {
        try
        {
            options = options with { IdsForPods = await SubordinateIds.ReadAsync(cancellationToken) };
        }
        catch (InvalidDataException problem)
        {
            await Console.Error.WriteLineAsync(problem.Message);
            return 1;
        }

        return await RunAgentAsync(options, cancellationToken);
    }

    private static async Task<int> RunAgentAsync(NodeAgentOptions options, CancellationToken cancellationToken)
    {
        if (AgentPreconditions.Problem(options) is { } problem)
        {
            await Console.Error.WriteLineAsync(problem);
            return 1;
        }

        if (options.Families.Contains(IpFamily.Six) && !Ipv6.IsAvailable)
        {
            if (options.Families[0] == IpFamily.Six)
            {
                await Console.Error.WriteLineAsync(
                    "This kernel has no IPv6, or has it switched off here, and it is the first family of the cluster: "
                        + "a node cannot run here.");
                return 1;
            }

            await Console.Error.WriteLineAsync(
                "This kernel has no IPv6, or has it switched off here: pods of this node get addresses of IPv4 alone, "
                    + "and Services are reached by IPv4 alone.");
            options = options.WithoutSix();
        }

        // Without the defaults, which read and watch the directory that the agent happens to start in.
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.ClearProviders().AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss.fff ";
            console.UseUtcTimestamp = true;
        });
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.Services.AddNodeAgent(options);
        using var host = builder.Build();
        try
        {
            await host.Services.GetRequiredService<NodeCredentials>().EnsureAsync(cancellationToken);
        }
        catch (CertificateRefusedException refused)
        {
            await Console.Error.WriteLineAsync(refused.Message);
            return 1;
        }

        await host.RunAsync(cancellationToken);
        return 0;
    }

    private static Command Clean()
    {
        var command = new Command(
            "clean", "Stop and remove all pods of this node, unmount their volumes and stop the own containerd.");
        command.SetAction((result, cancellationToken) => NodeCleaner.RunAsync(Read(result), cancellationToken));
        return command;
    }

    private static Command RemoveLogs()
    {
        var command = new Command(
            "remove-logs", "Remove the logs of all pods that this node ran: those of a node that is to be no more.");
        command.SetAction(result => NodeCleaner.RemoveLogs(Read(result)));
        return command;
    }

    private static Command LoadImage()
    {
        var file = new Argument<string>("archive") { Description = "OCI or docker image archive" };
        var command = new Command("load-image", "Import an image archive into the node's containerd.") { file };
        command.SetAction((result, cancellationToken) =>
            NodeCleaner.LoadImageAsync(Read(result), result.GetRequiredValue(file), cancellationToken));
        return command;
    }

    private static Command LoadDemoImage()
    {
        var command = new Command("load-demo-image", "Make the demo image from Debian's busybox-static and import it.");
        command.SetAction(
            (result, cancellationToken) => NodeCleaner.LoadDemoImagesAsync(Read(result), cancellationToken));
        return command;
    }

    private static NodeAgentOptions Read(ParseResult result) => new()
    {
        Kubeconfig = result.GetRequiredValue(Kubeconfig),
        BootstrapKubeconfig = result.GetRequiredValue(BootstrapKubeconfig),
        RotateServerCertificates = result.GetValue(RotateServing),
        NodeName = result.GetRequiredValue(NodeName),
        NodeIp = result.GetRequiredValue(NodeIp),
        DataDirectory = Path.GetFullPath(result.GetRequiredValue(DataDir)),
        RootDirectory = KubeletRoot.Of(
            result.GetRequiredValue(RootDir), Path.GetFullPath(result.GetRequiredValue(DataDir))),
        PodCidr = result.GetRequiredValue(PodCidr),
        ClusterCidr = result.GetRequiredValue(ClusterCidr),
        ClusterDns = result.GetValue(ClusterDns) is { Length: > 0 } servers ? servers : Defaults.ClusterDns,
        ClusterDomain = result.GetRequiredValue(ClusterDomain),
        KubeletPort = result.GetRequiredValue(KubeletPort),
        ProxyHealthPort = result.GetRequiredValue(ProxyHealthPort),
        TlsCertFile = result.GetRequiredValue(TlsCert),
        TlsKeyFile = result.GetRequiredValue(TlsKey),
        ClientCaFile = result.GetRequiredValue(ClientCa),
        RuntimeSocket = result.GetRequiredValue(Socket),
        ContainerdBinary = result.GetRequiredValue(Binary),
        CgroupRoot = result.GetRequiredValue(CgroupRoot),
        StaticPodPath = result.GetRequiredValue(Manifests) is { Length: > 0 } path
            ? Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))
            : "",
        ManifestUrl = result.GetRequiredValue(ManifestUrl),
        ManifestUrlHeaders = result.GetValue(ManifestHeaders) ?? [],
        PodLogsDirectory = result.GetRequiredValue(LogsDir),
        SendsLogs = result.GetValue(SendsLogs),
        CniBinaryDirectory = result.GetRequiredValue(CniBin),
        BridgeName = result.GetRequiredValue(Bridge),
        NetworkName = result.GetRequiredValue(Network),
        AnnounceLink = result.GetRequiredValue(AnnounceLink),
        RegisterNode = result.GetRequiredValue(Register),
        NodeLabels = Pairs(result.GetValue(Labels) ?? []),
        RegisterWithTaints = result.GetValue(Taints) ?? [],
        CloudProvider = result.GetRequiredValue(Cloud),
        MaxPods = result.GetRequiredValue(MaxPods),
        SystemReservedMilliCpu = result.GetRequiredValue(ReservedCpu),
        SystemReservedMemoryBytes = result.GetRequiredValue(ReservedMemory) * 1024L * 1024L,
        SwapBehavior = result.GetRequiredValue(SwapBehavior),
        AllowedUnsafeSysctls = NodeAgentOptions.Parts(result.GetRequiredValue(UnsafeSysctls)),
        IdsPerPod = result.GetRequiredValue(IdsPerPod),
        MaxParallelImagePulls = result.GetRequiredValue(ParallelPulls),
        ImageCredentialProviderConfig = result.GetRequiredValue(CredentialConfig),
        ImageCredentialProviderDirectory = result.GetRequiredValue(CredentialPrograms),
        ImagePullCredentialsVerificationPolicy = result.GetRequiredValue(PullVerificationPolicy),
        PreloadedImagesVerificationAllowlist = result.GetValue(PullAllowlist) ?? [],
        InsecureRegistries = result.GetValue(Insecure) ?? [],
        Housekeeping = HousekeepingArguments.Read(result),
        Shutdown = ShutdownArguments.Read(result),
        Resources = ResourceArguments.Read(result),
    };

    private static Dictionary<string, string> Pairs(IEnumerable<string> pairs) =>
        pairs.Select(pair => pair.Split('=', 2)).ToDictionary(p => p[0], p => p.Length > 1 ? p[1] : "");

    private static Option<string> Text(string name, string description, string value) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };

    private static Option<int> Number(string name, string description, int value) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };

    private static Option<string[]> Many(string name, string description) =>
        new(name) { Description = description, AllowMultipleArgumentsPerToken = true };
}
