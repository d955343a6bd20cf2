using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.UserNamespaces;
using OrleansOrchestrator.NodeAgent.Volumes;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>The CRI configuration of a pod's sandbox.</summary>
public sealed class SandboxConfigBuilder(
    NodeAgentOptions options, Cgroups cgroups, PodUserNamespaces users, ClaimedVolumes claims)
{
    private const string HostResolvConf = "/etc/resolv.conf";

    public PodSandboxConfig Build(V1Pod pod, uint attempt)
    {
        var config = new PodSandboxConfig
        {
            Metadata = new PodSandboxMetadata
            {
                Name = pod.Metadata.Name,
                Namespace = pod.Metadata.NamespaceProperty,
                Uid = pod.Metadata.Uid,
                Attempt = attempt,
            },
            Hostname = pod.UsesHostNetwork() ? "" : PodHostname.Hostname(pod, options.ClusterDomain),
            LogDirectory = Path.Combine(options.PodLogsDirectory, pod.LogDirectoryName()),
            DnsConfig = Dns(pod).Config,
            Linux = Linux(pod),
        };
        foreach (var (key, value) in pod.Metadata.Labels ?? new Dictionary<string, string>())
        {
            config.Labels[key] = value;
        }

        AddIdentity(config.Labels, pod);
        foreach (var (key, value) in pod.Metadata.Annotations ?? new Dictionary<string, string>())
        {
            config.Annotations[key] = value;
        }

        config.PortMappings.AddRange(PortMappings(pod));
        return config;
    }

    /// <summary>By which resolvers the pod finds names.</summary>
    public PodDnsSettings Dns(V1Pod pod) => PodDns.Compute(pod, options, HostDns());

    /// <summary>The labels by which everything of a pod is found again.</summary>
    public static void AddIdentity(IDictionary<string, string> labels, V1Pod pod)
    {
        labels[CriLabels.PodName] = pod.Metadata.Name;
        labels[CriLabels.PodNamespace] = pod.Metadata.NamespaceProperty;
        labels[CriLabels.PodUid] = pod.Metadata.Uid;
    }

    public static NamespaceOption Namespaces(V1Pod pod, UserNamespace users) => new()
    {
        UsernsOptions = users,
        Network = pod.UsesHostNetwork() ? NamespaceMode.Node : NamespaceMode.Pod,
        Ipc = pod.Spec.HostIPC == true ? NamespaceMode.Node : NamespaceMode.Pod,
        Pid = pod.Spec.HostPID == true ? NamespaceMode.Node
            : pod.Spec.ShareProcessNamespace == true ? NamespaceMode.Pod
            : NamespaceMode.Container,
    };

    private static DNSConfig HostDns() =>
        PodDns.Parse(File.Exists(HostResolvConf) ? File.ReadLines(HostResolvConf) : []);

    private LinuxPodSandboxConfig Linux(V1Pod pod)
    {
        var context = pod.Spec.SecurityContext;
        var security = new LinuxSandboxSecurityContext
        {
            NamespaceOptions = Namespaces(pod, users.Of(pod)),
            Privileged = pod.AllContainers().Any(c => c.SecurityContext?.Privileged == true),
            Seccomp = new SecurityProfile { ProfileType = SecurityProfile.Types.ProfileType.RuntimeDefault },
            SelinuxOptions = SelinuxOptions(context?.SeLinuxOptions),
            SupplementalGroupsPolicy = GroupsPolicy(context),
        };
        if (context?.RunAsUser is { } user && !pod.UsesHostNetwork())
        {
            security.RunAsUser = new Int64Value { Value = user };
            if (context.RunAsGroup is { } group)
            {
                security.RunAsGroup = new Int64Value { Value = group };
            }
        }

        security.SupplementalGroups.AddRange(SupplementalGroups(pod));
        var linux = new LinuxPodSandboxConfig
        {
            CgroupParent = cgroups.PodPath(pod), SecurityContext = security, Resources = PodResources.ForPod(pod),
        };
        foreach (var sysctl in context?.Sysctls ?? [])
        {
            linux.Sysctls[SysctlAllowlist.Dotted(sysctl.Name)] = sysctl.Value;
        }

        return linux;
    }

    public static SELinuxOption? SelinuxOptions(V1SELinuxOptions? options) => options is null
        ? null
        : new SELinuxOption
        {
            User = options.User ?? "",
            Role = options.Role ?? "",
            Type = options.Type ?? "",
            Level = options.Level ?? "",
        };

    public static SupplementalGroupsPolicy GroupsPolicy(V1PodSecurityContext? context) =>
        context?.SupplementalGroupsPolicy == "Strict" ? SupplementalGroupsPolicy.Strict
            : SupplementalGroupsPolicy.Merge;

    /// <summary>The groups of all processes of the pod: those that it names, and those that its volumes give.</summary>
    public IEnumerable<long> SupplementalGroups(V1Pod pod)
    {
        var context = pod.Spec.SecurityContext;
        return
        [
            .. (context?.SupplementalGroups ?? []).OfType<long>(),
            .. new[] { context?.FsGroup }.OfType<long>(),
            .. claims.GroupsOf(pod),
        ];
    }

    private static IEnumerable<PortMapping> PortMappings(V1Pod pod) => pod.UsesHostNetwork()
        ? []
        : pod.AllContainers().SelectMany(c => c.Ports ?? []).Where(p => p.HostPort is > 0).Select(p => new PortMapping
        {
            ContainerPort = p.ContainerPort,
            HostPort = p.HostPort!.Value,
            HostIp = p.HostIP ?? "",
            Protocol = p.Protocol switch { "UDP" => Protocol.Udp, "SCTP" => Protocol.Sctp, _ => Protocol.Tcp },
        });
}
