using System.Net;
using System.Text;
using k8s;
using k8s.Exceptions;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Cpus;
using OrleansOrchestrator.NodeAgent.Dra;
using OrleansOrchestrator.NodeAgent.Images;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.MemoryBlocks;
using OrleansOrchestrator.NodeAgent.Nftables;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.Numa;
using OrleansOrchestrator.NodeAgent.Pods;
using OrleansOrchestrator.NodeAgent.Pods.Resizing;
using OrleansOrchestrator.NodeAgent.StaticPods;
using OrleansOrchestrator.NodeAgent.Swap;
using OrleansOrchestrator.NodeAgent.UserNamespaces;
using YamlDotNet.Core;

namespace OrleansOrchestrator.NodeAgent;

/// <summary>What must hold before anything starts; each failure is one clear sentence.</summary>
public static class AgentPreconditions
{
    private const int LargestPort = 65535;
    private const long MilliPerCpu = 1000;

    public static string? Problem(NodeAgentOptions options)
    {
        var memory = NodeFacts.MemoryInfo("MemTotal");
        return OptionProblem(options) ?? FileProblem(options) ?? MachineProblem(options)
            ?? ResourceProblem(options, MachineTopology.Read("/sys", memory))
            ?? NodeReservation.Problem(
                options, Environment.ProcessorCount * MilliPerCpu, memory,
                Linux.UsageOf(ExistingPart(options.DataDirectory)).CapacityBytes);
    }

    /// <summary>The directory, or the one above it that is there before it has been made.</summary>
    private static string ExistingPart(string directory) =>
        Directory.Exists(directory) ? directory : ExistingPart(Path.GetDirectoryName(directory) ?? "/");

    /// <summary>
    /// Why parts of this machine cannot be given to pods as the options want it, or it is not known who has which.
    /// </summary>
    public static string? ResourceProblem(NodeAgentOptions options, MachineTopology machine)
    {
        try
        {
            options.Housekeeping.Eviction.Thresholds();
            _ = new SysctlAllowlist(options.AllowedUnsafeSysctls);
            CpuManager.Start(options, machine.Cpus);
            MemoryManager.Start(options, machine);
            TopologyRules.Of(options.Resources, machine.Memory.Count);
            PodAllocations.Require(options);
            _ = new PreparedClaims(options);
            return null;
        }
        catch (InvalidDataException problem)
        {
            return problem.Message;
        }
    }

    /// <summary>What an option cannot be, wherever the agent runs.</summary>
    public static string? OptionProblem(NodeAgentOptions options)
    {
        (int Value, int Least, string Option)[] ports =
            [(options.KubeletPort, 1, "--kubelet-port"), (options.ProxyHealthPort, 0, "--proxy-health-port")];
        (string Text, string Option)[] networks =
        [
            .. options.PodCidrs.Select(static c => (c, "--pod-cidr")),
            .. options.ClusterCidr.Split(',').Select(static c => (c, "--cluster-cidr")),
        ];
        (string Text, string Option)[] addresses =
        [
            .. options.ClusterDns.Select(static a => (a, "--cluster-dns")),
            .. NodeAgentOptions.Parts(options.NodeIp).Select(static a => (a, "--node-ip")),
        ];
        (string Text, string Option)[] families =
            [(options.ClusterCidr, "--cluster-cidr"), (options.PodCidr, "--pod-cidr"), (options.NodeIp, "--node-ip")];

        (string Text, string Option)[] texts =
            [(options.NodeName, "--node-name"), (options.NetworkName, "--network-name"),
                (options.BridgeName, "--bridge-name")];
        return ports.Where(static p => p.Value < p.Least || p.Value > LargestPort)
                .Select(static p => $"{p.Option}: '{p.Value}' is no number from {p.Least} to {LargestPort}.")
            .Concat(networks.Where(static n => !IPNetwork.TryParse(n.Text, out _))
                .Select(static n => $"{n.Option}: '{n.Text}' is no network, such as 10.244.0.0/16."))
            .Concat(addresses.Where(static a => !IPAddress.TryParse(a.Text, out _))
                .Select(static a => $"{a.Option}: '{a.Text}' is no IP address."))
            .Concat(families.Where(static f => HasFamilyTwice(f.Text))
                .Select(static f => $"{f.Option}: '{f.Text}' is more than one of each family."))
            .Concat(options is { BootstrapKubeconfig.Length: > 0, Kubeconfig: "" }
                ? ["--bootstrap-kubeconfig: --kubeconfig must say where the node's own is to be."]
                : [])
            .Concat(options.CloudProvider is "" or NodeAgentOptions.ExternalCloud
                ? []
                :
                [
                    $"--cloud-provider: '{options.CloudProvider}' is not '{NodeAgentOptions.ExternalCloud}' or empty.",
                ])
            .Concat(options.ManifestUrl.Length == 0 || IsWebAddress(options.ManifestUrl)
                ? []
                : [$"--manifest-url: '{options.ManifestUrl}' is no address, such as https://example.com/pods.yaml."])
            .Concat(options.ManifestUrlHeaders.Where(static h => !IsRequestHeader(h))
                .Select(static h => $"--manifest-url-header: '{h}' is no header of a request, NAME:VALUE."))
            .Concat(options.RegisterWithTaints.Select(static t => TaintText.Read(t, out _)).OfType<string>()
                .Select(static p => $"--register-with-taint: {p}"))
            .Concat(SettingProblems(options).OfType<string>().Select(static p => $"invalid configuration: {p}"))
            .Concat(texts.Where(static t => string.IsNullOrWhiteSpace(t.Text))
                .Select(static t => $"{t.Option}: there is no value."))
            .FirstOrDefault();
    }

    /// <summary>What is wrong with settings that upstream's kubelet has, in its words.</summary>
    private static IEnumerable<string?> SettingProblems(NodeAgentOptions options) =>
    [
        options.Housekeeping.Problem,
        options.MaxPods < 0 ? $"maxPods (--max-pods) {options.MaxPods} must not be a negative number" : null,
        options.MaxParallelImagePulls < 1
            ? $"maxParallelImagePulls {options.MaxParallelImagePulls} must be a positive number" : null,
        options.Shutdown.Problem,
        options.SwapBehavior is "" or SwapRules.Limited or SwapRules.None ? null
            : $"memorySwap.swapBehavior \"{options.SwapBehavior}\" must be one of: "
                + $"\"\", \"{SwapRules.Limited}\" or \"{SwapRules.None}\"",
        IdRange.Problem(options.IdsPerPod, options.MaxPods, options.IdsForPods),
        PullVerification.Problem(
            options.ImagePullCredentialsVerificationPolicy, options.PreloadedImagesVerificationAllowlist),
        PodLogsProblem(options.PodLogsDirectory),
    ];

    /// <summary>The path is told in figures, so it has to be plain.</summary>
    private static string? PodLogsProblem(string path) =>
        path.Length == 0 ? "podLogsDir was not specified"
        : !Path.IsPathFullyQualified(path) ? $"pod logs path {GoQuotes.Quote(path)} must be absolute path"
        : Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)) != path
            ? $"pod logs path {GoQuotes.Quote(path)} must be normalized"
        : !Ascii.IsValid(path) ? $"pod logs path {GoQuotes.Quote(path)} mut contains ASCII characters only"
        : null;

    private static bool IsWebAddress(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https";

    private static bool IsRequestHeader(string text)
    {
        using var request = new HttpRequestMessage();
        return ManifestDownload.TryAddHeader(request, text);
    }

    private static bool HasFamilyTwice(string texts) =>
        NodeAgentOptions.Parts(texts).CountBy(IpFamily.Of).Any(static f => f.Value > 1);

    /// <summary>Which file that the agent is given is not there, or not what it should be.</summary>
    public static string? FileProblem(NodeAgentOptions options)
    {
        (string Path, string What)[] files =
        [
            (Kubeconfig(options), "kubeconfig file"), (options.TlsCertFile, "serving certificate"),
            (options.TlsKeyFile, "key of the serving certificate"), (options.ClientCaFile, "CA of client certificates"),
        ];
        if (files.FirstOrDefault(static f => f.Path.Length > 0 && !File.Exists(f.Path)) is { Path: not null } missing)
        {
            return $"The {missing.What} \"{missing.Path}\" does not exist.";
        }

        if (File.Exists(options.DataDirectory))
        {
            return $"{options.DataDirectory} is a file: --data-dir names a directory.";
        }

        try
        {
            if (Kubeconfig(options) is { Length: > 0 } kubeconfig)
            {
                KubernetesClientConfiguration.BuildConfigFromConfigFile(kubeconfig);
            }
        }
        catch (Exception failure) when (failure is KubeConfigException or YamlException or FormatException or IOException
            or UnauthorizedAccessException or System.Security.Cryptography.CryptographicException)
        {
            return $"The kubeconfig file \"{Kubeconfig(options)}\" cannot be read: "
                + failure.Message.ReplaceLineEndings(" ");
        }

        return CredentialProblem(options);
    }

    /// <summary>Why the programs that know credentials of registries cannot be used.</summary>
    private static string? CredentialProblem(NodeAgentOptions options)
    {
        var (config, programs) = (options.ImageCredentialProviderConfig, options.ImageCredentialProviderDirectory);
        if (config.Length == 0)
        {
            return programs.Length == 0
                ? null
                : "--image-credential-provider-bin-dir: --image-credential-provider-config must say what is there.";
        }

        try
        {
            CredentialProviderFiles.Read(config, programs);
            return null;
        }
        catch (Exception failure) when (failure is FormatException or IOException or UnauthorizedAccessException)
        {
            return $"--image-credential-provider-config: {failure.Message.ReplaceLineEndings(" ")}";
        }
    }

    /// <summary>The one that must be there: the node's own is written with the help of the other.</summary>
    private static string Kubeconfig(NodeAgentOptions options) =>
        options.BootstrapKubeconfig.Length > 0 ? options.BootstrapKubeconfig : options.Kubeconfig;

    private static string? MachineProblem(NodeAgentOptions options)
    {
        if (!Linux.IsRoot)
        {
            return "The node agent runs containers and needs root.";
        }

        if (!options.OwnsRuntime)
        {
            return null;
        }

        return MissingProgram(options, Commands.Exists) is var (program, package)
            ? $"The program \"{program}\" is missing; install it with: apt-get install {package}"
            : File.Exists(Path.Combine(options.CniBinaryDirectory, "bridge"))
                ? null
                : $"No CNI plugins in \"{options.CniBinaryDirectory}\"; "
                    + "install them with: apt-get install containernetworking-plugins";
    }

    /// <summary>The first program that a node with its own runtime needs and that is not there.</summary>
    public static (string Program, string Package)? MissingProgram(NodeAgentOptions options, Func<string, bool> exists)
    {
        (string Program, string Package)[] needed =
        [
            (options.ContainerdBinary, "containerd"), ("ctr", "containerd"), ("runc", "runc"), ("nft", "nftables"),
            ("ip", "iproute2"), ("conntrack", "conntrack"),
        ];
        return needed.Where(p => !exists(p.Program)).Cast<(string, string)?>().FirstOrDefault();
    }
}
