using System.Globalization;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Cpus;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Devices;
using OrleansOrchestrator.NodeAgent.Dra;
using OrleansOrchestrator.NodeAgent.Environments;
using OrleansOrchestrator.NodeAgent.HugePages;
using OrleansOrchestrator.NodeAgent.Images;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.MemoryBlocks;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Swap;
using OrleansOrchestrator.NodeAgent.UserNamespaces;
using OrleansOrchestrator.NodeAgent.Volumes;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>What one start of a container rests on.</summary>
public sealed record ContainerStartFacts
{
    public required V1Pod Pod { get; init; }

    public required V1Container Container { get; init; }

    public required int RestartCount { get; init; }

    /// <summary>Known once the image is there.</summary>
    public string ImageId { get; init; } = "";

    /// <summary>Directory of the pod's logs.</summary>
    public required string LogDirectory { get; init; }

    public required EnvironmentFacts Environment { get; init; }

    /// <summary>Host paths by volume name.</summary>
    public required IReadOnlyDictionary<string, string> Volumes { get; init; }

    /// <summary>
    /// Container whose process namespace an ephemeral container joins; null where none is asked for, and empty where it
    /// is not there.
    /// </summary>
    public string? TargetContainerId { get; init; }
}

/// <summary>The CRI configuration of a container.</summary>
public sealed class ContainerConfigBuilder(
    EnvironmentBuilder environments,
    HostsFiles hosts,
    ContainerMounts mounts,
    ImageStore images,
    DeviceManager devices,
    DynamicResources claims,
    CpuManager cpus,
    MemoryManager memory,
    NodeFacts node,
    Cgroups cgroups,
    PodUserNamespaces users,
    PodSwap swap,
    SandboxConfigBuilder sandboxes)
{
    private const long NoQuota = -1;

    public async Task<ContainerConfig> BuildAsync(ContainerStartFacts facts, CancellationToken cancellationToken)
    {
        var (pod, container) = (facts.Pod, facts.Container);
        RequireTarget(facts);
        var image = DependsOnImageUser(pod, container) ? await images.FindAsync(facts.ImageId, cancellationToken)
            : null;
        RequireNonRoot(pod, container, image);
        var environment = await environments.BuildAsync(
            pod, container, facts.Environment with { Volumes = facts.Volumes }, cancellationToken);
        await devices.PrepareAsync(pod, container, cancellationToken);
        MakeLogDirectory(facts);
        var config = new ContainerConfig
        {
            Metadata = new ContainerMetadata { Name = container.Name, Attempt = (uint)facts.RestartCount },
            Image = new ImageSpec { Image = facts.ImageId, UserSpecifiedImage = container.Image },
            WorkingDir = container.WorkingDir ?? "",
            LogPath = LogPath(container.Name, facts.RestartCount),
            Stdin = container.Stdin == true,
            StdinOnce = container.StdinOnce == true,
            Tty = container.Tty == true,
            Linux = Linux(facts, image),
        };
        config.Command.AddRange(Expand(container.Command, environment));
        config.Args.AddRange(Expand(container.Args, environment));
        config.Envs.AddRange(environment.Select(e => new KeyValue { Key = e.Key, Value = e.Value }));
        hosts.Write(pod, facts.Environment.Addresses.PodIps);
        config.Mounts.AddRange(mounts.Build(pod, container, facts.RestartCount, facts.Volumes, environment));
        MapOwners(config);
        config.Devices.AddRange(ContainerDevices.Of(pod, container, facts.Volumes));
        SandboxConfigBuilder.AddIdentity(config.Labels, pod);
        config.Labels[CriLabels.ContainerName] = container.Name;
        Annotate(config, facts);
        claims.Apply(pod, container, config);
        devices.Apply(pod, container, config);
        return config;
    }

    /// <summary>
    /// What a pod with user ids of its own has mounted, belongs inside to whom it would belong outside.
    /// </summary>
    private static void MapOwners(ContainerConfig config)
    {
        var users = config.Linux.SecurityContext.NamespaceOptions.UsernsOptions;
        foreach (var mount in config.Mounts)
        {
            mount.UidMappings.AddRange(users.Uids);
            mount.GidMappings.AddRange(users.Gids);
        }
    }

    private static void MakeLogDirectory(ContainerStartFacts facts)
    {
        try
        {
            OwnFiles.MakePrivate(Path.Combine(facts.LogDirectory, facts.Container.Name));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ContainerConfigException(
                $"create container log directory for container {facts.Container.Name} failed: {exception.Message}");
        }
    }

    /// <summary>Relative to the pod's log directory.</summary>
    public static string LogPath(string container, int restartCount) =>
        Path.Combine(container, $"{restartCount.ToString(CultureInfo.InvariantCulture)}.log");

    /// <summary>What must survive a restart of the agent, even if the pod's object is gone by then.</summary>
    private static void Annotate(ContainerConfig config, ContainerStartFacts facts)
    {
        var (pod, container) = (facts.Pod, facts.Container);
        config.Annotations[CriLabels.ContainerHash] = PodFacts.Hash(container);
        config.Annotations[CriLabels.ContainerRestartCount] =
            facts.RestartCount.ToString(CultureInfo.InvariantCulture);
        config.Annotations[CriLabels.TerminationMessagePath] = container.TerminationMessagePath ?? "";
        config.Annotations[CriLabels.TerminationMessagePolicy] = container.TerminationMessagePolicy ?? "File";
        config.Annotations[CriLabels.TerminationGracePeriod] =
            (pod.Spec.TerminationGracePeriodSeconds ?? 30).ToString(CultureInfo.InvariantCulture);
        if (container.Lifecycle?.PreStop is { } preStop)
        {
            config.Annotations[CriLabels.PreStopHandler] = KubernetesJson.Serialize(preStop);
        }
    }

    private static IEnumerable<string> Expand(IList<string>? words, Dictionary<string, string> environment) =>
        (words ?? []).Select(word => VariableExpansion.Expand(word, name => environment.GetValueOrDefault(name)));

    private LinuxContainerConfig Linux(ContainerStartFacts facts, Image? image) => new()
    {
        Resources = Resources(facts),
        SecurityContext = Security(facts, image),
    };

    // As upstream: a container that lost one of its processes for want of memory is not left half alive.
    private LinuxContainerResources Resources(ContainerStartFacts facts)
    {
        var resources = PodResources.ForContainer(facts.Pod, facts.Container, node.MemoryCapacityBytes);
        if (cgroups.CanKillAsGroup)
        {
            resources.Unified["memory.oom.group"] = "1";
        }

        Pin(resources, facts.Pod.Metadata.Uid, facts.Container.Name);
        swap.Set(resources, facts.Pod, facts.Container);
        resources.HugepageLimits.AddRange(HugePageLimits.OfContainer(facts.Pod, facts.Container, node.HugePages));
        return resources;
    }

    /// <summary>CPUs that it has to itself hold it to their number: a quota would only interrupt it.</summary>
    private void Pin(LinuxContainerResources resources, string uid, string container)
    {
        resources.CpusetCpus = cpus.AffinityOf(uid, container).ToString();
        resources.CpusetMems = string.Join(',', memory.NodesOf(uid, container).Nodes);
        if (!cpus.ExclusiveOf(uid, container).IsEmpty)
        {
            resources.CpuQuota = NoQuota;
        }
    }

    private LinuxContainerSecurityContext Security(ContainerStartFacts facts, Image? image)
    {
        var (podContext, context) = (facts.Pod.Spec.SecurityContext, facts.Container.SecurityContext);
        var privileged = context?.Privileged == true;
        var security = new LinuxContainerSecurityContext
        {
            Privileged = privileged,
            NamespaceOptions = SandboxConfigBuilder.Namespaces(facts.Pod, users.Of(facts.Pod)),
            ReadonlyRootfs = context?.ReadOnlyRootFilesystem == true,
            NoNewPrivs = context?.AllowPrivilegeEscalation == false,
            Seccomp = Seccomp(context?.SeccompProfile ?? podContext?.SeccompProfile, privileged),
            Capabilities = Capabilities(context),
            Apparmor = AppArmor(facts.Pod.AppArmorProfile(facts.Container)),
            SelinuxOptions = SandboxConfigBuilder.SelinuxOptions(context?.SeLinuxOptions ?? podContext?.SeLinuxOptions),
            SupplementalGroupsPolicy = SandboxConfigBuilder.GroupsPolicy(podContext),
        };
        if (facts.TargetContainerId is not null)
        {
            security.NamespaceOptions.Pid = NamespaceMode.Target;
            security.NamespaceOptions.TargetId = facts.TargetContainerId;
        }

        if (!privileged && context?.ProcMount != "Unmasked")
        {
            security.MaskedPaths.AddRange(MaskedPaths);
            security.ReadonlyPaths.AddRange(ReadOnlyPaths);
        }

        SetUser(security, podContext, context, image);
        security.SupplementalGroups.AddRange(sandboxes.SupplementalGroups(facts.Pod));
        return security;
    }

    private static void SetUser(
        LinuxContainerSecurityContext security, V1PodSecurityContext? podContext, V1SecurityContext? context,
            Image? image)
    {
        if ((context?.RunAsUser ?? podContext?.RunAsUser) is { } user)
        {
            security.RunAsUser = new Int64Value { Value = user };
        }

        if ((context?.RunAsGroup ?? podContext?.RunAsGroup) is { } group)
        {
            security.RunAsGroup = new Int64Value { Value = group };
            security.RunAsUser ??= image?.Uid; // the runtime takes no group without a user
            security.RunAsUsername = security.RunAsUser is null ? image?.Username ?? "" : "";
        }
    }

    /// <summary>Without need the runtime is not asked: it knows an image's user by itself.</summary>
    private static bool DependsOnImageUser(V1Pod pod, V1Container container)
    {
        var (podContext, context) = (pod.Spec.SecurityContext, container.SecurityContext);
        return (context?.RunAsUser ?? podContext?.RunAsUser) is null
            && ((context?.RunAsNonRoot ?? podContext?.RunAsNonRoot) == true
                || (context?.RunAsGroup ?? podContext?.RunAsGroup) is not null);
    }

    private static Capability? Capabilities(V1SecurityContext? context)
    {
        if (context?.Capabilities is not { } wanted)
        {
            return null;
        }

        var capability = new Capability();
        capability.AddCapabilities.AddRange(wanted.Add ?? []);
        capability.DropCapabilities.AddRange(wanted.Drop ?? []);
        return capability;
    }

    private static SecurityProfile? AppArmor(V1AppArmorProfile? profile) => profile is null ? null : new SecurityProfile
    {
        ProfileType = profile.Type switch
        {
            "RuntimeDefault" => SecurityProfile.Types.ProfileType.RuntimeDefault,
            "Localhost" => SecurityProfile.Types.ProfileType.Localhost,
            _ => SecurityProfile.Types.ProfileType.Unconfined,
        },
        LocalhostRef = profile.Type == "Localhost" ? profile.LocalhostProfile ?? "" : "",
    };

    private static SecurityProfile Seccomp(V1SeccompProfile? profile, bool privileged) => new()
    {
        ProfileType = profile?.Type switch
        {
            "RuntimeDefault" when !privileged => SecurityProfile.Types.ProfileType.RuntimeDefault,
            "Localhost" when !privileged => SecurityProfile.Types.ProfileType.Localhost,
            _ => SecurityProfile.Types.ProfileType.Unconfined,
        },
        LocalhostRef = profile?.Type == "Localhost" && !privileged
            ? Path.Combine("/var/lib/kubelet/seccomp", profile.LocalhostProfile ?? "")
            : "",
    };

    private static void RequireTarget(ContainerStartFacts facts)
    {
        if (facts.TargetContainerId is "")
        {
            var target = facts.Pod.Spec.EphemeralContainers.First(e =>
                e.Name == facts.Container.Name).TargetContainerName;
            throw new ContainerConfigException($"unable to find target container {target}");
        }
    }

    private static void RequireNonRoot(V1Pod pod, V1Container container, Image? image)
    {
        var (podContext, context) = (pod.Spec.SecurityContext, container.SecurityContext);
        if ((context?.RunAsNonRoot ?? podContext?.RunAsNonRoot) != true)
        {
            return;
        }

        var about = $"(pod: \"{pod.Display()}\", container: {container.Name})";
        if ((context?.RunAsUser ?? podContext?.RunAsUser) is { } user)
        {
            if (user == 0)
            {
                throw new ContainerConfigException($"container's runAsUser breaks non-root policy {about}");
            }

            return;
        }

        if (image?.Uid is { } uid ? uid.Value == 0 : image?.Username is null or "")
        {
            throw new ContainerConfigException($"container has runAsNonRoot and image will run as root {about}");
        }

        if (image?.Uid is null)
        {
            throw new ContainerConfigException(
                $"container has runAsNonRoot and image has non-numeric user ({image!.Username}), cannot verify user is non-root {about}");
        }
    }

    private static readonly string[] MaskedPaths =
    [
        "/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
        "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
        "/sys/devices/virtual/powercap", .. ThermalThrottles("/sys/devices/system/cpu"),
    ];

    /// <summary>How hot each CPU runs tells of what others do on it.</summary>
    public static IEnumerable<string> ThermalThrottles(string cpus) => Directory.Exists(cpus)
        ? Directory.EnumerateDirectories(cpus, "cpu*").Select(static cpu => Path.Combine(cpu, "thermal_throttle"))
            .Where(Directory.Exists).Order(StringComparer.Ordinal)
        : [];

    private static readonly string[] ReadOnlyPaths =
        ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];
}
