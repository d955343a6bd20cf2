using k8s.Models;
using OrleansOrchestrator.NodeAgent.Tests.Support;

namespace OrleansOrchestrator.NodeAgent.Tests.Security;

/// <summary>
/// Every field of a pod that the API takes, and what becomes of it: done by the node (and seen in what it asks of the
/// runtime, in its files, plans and statuses), refused in upstream's words, or somebody else's. Nothing is ignored.
/// </summary>
internal static partial class PodFieldTable
{
    private const string Api = "the API";
    private const string Scheduler = "the scheduler";

    /// <summary>No kubelet on Linux heeds it.</summary>
    private const string Windows = "nodes with Windows";

    public static IReadOnlyList<PodFieldRow> Rows { get; } =
        [.. OfPod(), .. OfSecurity(), .. OfPlacement(), .. OfContainers(), .. OfEnvironment(), .. OfVolumes()];

    /// <summary>A pod with something in all places where rows change something.</summary>
    public static V1Pod Baseline()
    {
        var main = TestPods.Service("c");
        main.Env =
        [
            new V1EnvVar { Name = "A", Value = "1" },
            new V1EnvVar { Name = "MAP",
                ValueFrom = new V1EnvVarSource { ConfigMapKeyRef = new V1ConfigMapKeySelector { Name = "one",
                Key = "a" } } },
            new V1EnvVar { Name = "SECRET",
                ValueFrom = new V1EnvVarSource { SecretKeyRef = new V1SecretKeySelector { Name = "one", Key = "a" } } },
            new V1EnvVar { Name = "FIELD",
                ValueFrom = new V1EnvVarSource { FieldRef = new V1ObjectFieldSelector { FieldPath = "metadata.name" } } },
            new V1EnvVar { Name = "AMOUNT",
                ValueFrom = new V1EnvVarSource { ResourceFieldRef = new V1ResourceFieldSelector { Resource = "limits.cpu", Divisor = new("1m") } } },
            new V1EnvVar { Name = "FILE",
                ValueFrom = new V1EnvVarSource { FileKeyRef = new V1FileKeySelector { VolumeName = "empty",
                Path = "f", Key = "A" } } },
        ];
        main.EnvFrom =
        [
            new V1EnvFromSource { ConfigMapRef = new V1ConfigMapEnvSource { Name = "one" } },
            new V1EnvFromSource { SecretRef = new V1SecretEnvSource { Name = "one" }, Prefix = "S_" },
        ];
        main.Ports = [new V1ContainerPort { ContainerPort = 80, HostPort = 8080, Protocol = "TCP" }];
        main.Resources = Amounts("500m", "64Mi");
        main.SecurityContext = new V1SecurityContext
        {
            Capabilities = new V1Capabilities { Add = ["NET_ADMIN"], Drop = ["ALL"] },
            SeLinuxOptions = new V1SELinuxOptions { Level = "s0" },
            SeccompProfile = new V1SeccompProfile { Type = "Localhost", LocalhostProfile = "one.json" },
            AppArmorProfile = new V1AppArmorProfile { Type = "Unconfined" },
        };
        main.VolumeMounts =
        [
            .. new[] { "empty", "empty2", "map", "secret", "info", "projected" }
                .Select(name => new V1VolumeMount { Name = name, MountPath = "/" + name }),
        ];
        var init = TestPods.Shell("i", "true");
        init.Resources = Amounts("250m", "32Mi");
        var pod = TestPods.Pod("p", main);
        pod.Metadata.Uid = "u";
        pod.Metadata.Labels = new Dictionary<string, string> { ["app"] = "shop" };
        pod.Spec.InitContainers = [init];
        pod.Spec.EphemeralContainers = [new V1EphemeralContainer { Name = "e", Image = "i",
            TargetContainerName = "c" }];
        pod.Spec.DnsConfig = new V1PodDNSConfig { Options = [new V1PodDNSConfigOption { Name = "ndots",
            Value = "2" }] };
        pod.Spec.HostAliases = [new V1HostAlias { Ip = "192.0.2.7", Hostnames = ["old"] }];
        pod.Spec.ReadinessGates = [new V1PodReadinessGate { ConditionType = "example.com/gate" }];
        pod.Spec.SecurityContext = new V1PodSecurityContext { Sysctls = [new V1Sysctl { Name = "net.ipv4.tcp_rmem",
            Value = "1" }] };
        pod.Spec.Tolerations = [new V1Toleration { Key = "gone", OperatorProperty = "Equal", Value = "yes",
            Effect = "NoExecute" }];
        pod.Spec.Volumes = BaselineVolumes();
        return pod;
    }

    private static V1ResourceRequirements Amounts(string cpu, string memory) => new()
    {
        Limits = new Dictionary<string, ResourceQuantity> { ["cpu"] = new(cpu), ["memory"] = new(memory) },
        Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new(cpu), ["memory"] = new(memory) },
    };

    private static IEnumerable<PodFieldRow> OfPod() =>
    [
        Holds("V1Pod", "spec"),
        Done("V1Pod", "metadata", Aspect.Sandbox, p => p.Metadata.Labels["app"] = "other"),
        Elsewhere("V1Pod", "apiVersion kind", Api),
        Tested("V1Pod", "status", "The_phase_follows_the_containers"),

        Holds("V1PodSpec",
            "containers initContainers ephemeralContainers dnsConfig hostAliases os readinessGates securityContext volumes affinity tolerations"),
        Tested("V1PodSpec", "activeDeadlineSeconds", "A_pod_past_its_deadline_fails"),
        Elsewhere("V1PodSpec", "automountServiceAccountToken serviceAccount preemptionPolicy priorityClassName", Api),
        Elsewhere("V1PodSpec", "schedulingGroup", Api),
        Elsewhere("V1PodSpec", "schedulingGates", Scheduler, "GatedPodsWaitForTheirGates"),
        Elsewhere("V1PodSpec", "schedulerName", Scheduler, "OtherSchedulersPodsAreLeftAloneButCount"),
        Elsewhere("V1PodSpec", "topologySpreadConstraints", Scheduler),
        Tested("V1PodSpec", "resources", "The_pods_group_is_held_to_its_own_amounts"),
        Tested("V1PodSpec", "nodeName", "BindsPodsAndTellsOfIt"),
        Tested("V1PodSpec", "priority", "A_node_under_pressure_takes_only_whom_it_must"),
        Tested("V1PodSpec", "enableServiceLinks", "Services_become_variables"),
        Tested("V1PodSpec", "imagePullSecrets", "Private_images_run_for_those_with_credentials_only"),
        Done("V1PodSpec", "dnsPolicy", Aspect.Sandbox, p => p.Spec.DnsPolicy = "None"),
        Done("V1PodSpec", "hostIPC", Aspect.Sandbox, p => p.Spec.HostIPC = true),
        Done("V1PodSpec", "hostNetwork", Aspect.Sandbox, p => p.Spec.HostNetwork = true)
            with { Given = p => p.Spec.SecurityContext.Sysctls = null },
        Done("V1PodSpec", "hostPID", Aspect.Sandbox, p => p.Spec.HostPID = true),
        Done("V1PodSpec", "hostname", Aspect.Sandbox, p => p.Spec.Hostname = "box"),
        Done("V1PodSpec", "hostnameOverride", Aspect.Hosts, p => p.Spec.HostnameOverride = "box.example.com"),
        Done("V1PodSpec", "subdomain", Aspect.Hosts, p => p.Spec.Subdomain = "sub"),
        Done("V1PodSpec", "setHostnameAsFQDN", Aspect.Sandbox, p =>
            p.Spec.SetHostnameAsFQDN = true) with { Given = p => p.Spec.Subdomain = "sub" },
        Done("V1PodSpec", "restartPolicy", Aspect.Plan, p => p.Spec.RestartPolicy = "Never"),
        Done("V1PodSpec", "serviceAccountName", Aspect.Volumes, p => p.Spec.ServiceAccountName = "robot"),
        Done("V1PodSpec", "shareProcessNamespace", Aspect.Containers, p => p.Spec.ShareProcessNamespace = true),
        Done("V1PodSpec", "terminationGracePeriodSeconds", Aspect.Containers, p =>
            p.Spec.TerminationGracePeriodSeconds = 77),
        Says("V1PodSpec", "hostUsers", Aspect.Sandbox,
            "Failed to create pod sandbox: can't set `spec.hostUsers: false`, runtime does not support user namespaces: the handler \"\" is not known",
            p => p.Spec.HostUsers = false),
        Tested("V1PodSpec", "runtimeClassName", "A_pod_runs_with_the_handler_of_its_class"),
        Says("V1PodSpec", "resourceClaims", Aspect.Sandbox,
            "Failed to prepare dynamic resources: prepare dynamic resources: fetch ResourceClaim gpu: "
                + "resourceclaims.resource.k8s.io \"gpu\" not found",
            p => p.Spec.ResourceClaims = [new V1PodResourceClaim { Name = "c", ResourceClaimName = "gpu" }]),
        Says("V1PodSpec", "nodeSelector", Aspect.Admission,
            "NodeAffinity: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
            p => p.Spec.NodeSelector = new Dictionary<string, string> { ["kubernetes.io/arch"] = "s390x" }),
        Says("V1PodSpec", "overhead", Aspect.Admission,
            "OutOfcpu: Node didn't have enough resource: cpu, requested: 9500, used: 0, capacity: 2000",
            p => p.Spec.Overhead = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("9") }),
        Says("V1PodOS", "name", Aspect.Admission,
            "PodOSNotSupported: Failed to admit pod as the OS field doesn't match node OS",
            p => p.Spec.Os = new V1PodOS { Name = "windows" }),

        Done("V1PodDNSConfig", "nameservers", Aspect.Sandbox, p => p.Spec.DnsConfig.Nameservers = ["192.0.2.3"]),
        Done("V1PodDNSConfig", "searches", Aspect.Sandbox, p => p.Spec.DnsConfig.Searches = ["example.com"]),
        Holds("V1PodDNSConfig", "options"),
        Done("V1PodDNSConfigOption", "name", Aspect.Sandbox, p => p.Spec.DnsConfig.Options[0].Name = "timeout"),
        Done("V1PodDNSConfigOption", "value", Aspect.Sandbox, p => p.Spec.DnsConfig.Options[0].Value = "3"),
        Done("V1HostAlias", "ip", Aspect.Hosts, p => p.Spec.HostAliases[0].Ip = "192.0.2.8"),
        Done("V1HostAlias", "hostnames", Aspect.Hosts, p => p.Spec.HostAliases[0].Hostnames = ["new"]),
        Done("V1PodReadinessGate", "conditionType", Aspect.Status, p =>
            p.Spec.ReadinessGates[0].ConditionType = "example.com/other"),
    ];

    private static IEnumerable<PodFieldRow> OfSecurity() =>
    [
        Holds("V1PodSecurityContext", "appArmorProfile seLinuxOptions seccompProfile sysctls"),
        Done("V1PodSecurityContext", "fsGroup", Aspect.Containers, p => p.Spec.SecurityContext.FsGroup = 5),
        Elsewhere("V1PodSecurityContext", "fsGroupChangePolicy",
            "PersistentVolumes: ClaimedVolumesTests",
            set: p => p.Spec.SecurityContext.FsGroupChangePolicy = "OnRootMismatch"),
        Done("V1PodSecurityContext", "runAsGroup", Aspect.Containers, p =>
            p.Spec.SecurityContext.RunAsGroup = 5) with { Given = p => p.Spec.SecurityContext.RunAsUser = 5 },
        Says("V1PodSecurityContext", "runAsNonRoot", Aspect.Containers,
            "container's runAsUser breaks non-root policy (pod: \"p_default(u)\", container: c)",
            p => p.Spec.SecurityContext.RunAsNonRoot = true) with { Given = p => p.Spec.SecurityContext.RunAsUser = 0 },
        Done("V1PodSecurityContext", "runAsUser", Aspect.Containers, p => p.Spec.SecurityContext.RunAsUser = 5),
        Elsewhere("V1PodSecurityContext", "seLinuxChangePolicy", Api),
        Done("V1PodSecurityContext", "supplementalGroups", Aspect.Containers, p =>
            p.Spec.SecurityContext.SupplementalGroups = [5]),
        Says("V1PodSecurityContext", "supplementalGroupsPolicy", Aspect.Admission,
            "SupplementalGroupsPolicyNotSupported: SupplementalGroupsPolicy=Strict is not supported in this node",
            p => p.Spec.SecurityContext.SupplementalGroupsPolicy = "Strict"),
        Elsewhere("V1PodSecurityContext", "windowsOptions", Windows, set: p =>
            p.Spec.SecurityContext.WindowsOptions = HostProcess()),
        Says("V1Sysctl", "name", Aspect.Admission,
            "SysctlForbidden: forbidden sysctl: \"kernel.msgmax\" not allowlisted",
            p => p.Spec.SecurityContext.Sysctls[0].Name = "kernel.msgmax"),
        Done("V1Sysctl", "value", Aspect.Sandbox, p => p.Spec.SecurityContext.Sysctls[0].Value = "2"),

        Holds("V1SecurityContext", "appArmorProfile capabilities seLinuxOptions seccompProfile"),
        Done("V1SecurityContext", "allowPrivilegeEscalation", Aspect.Containers, p =>
            Security(p).AllowPrivilegeEscalation = false),
        Done("V1SecurityContext", "privileged", Aspect.Containers, p => Security(p).Privileged = true),
        Done("V1SecurityContext", "procMount", Aspect.Containers, p => Security(p).ProcMount = "Unmasked"),
        Done("V1SecurityContext", "readOnlyRootFilesystem", Aspect.Containers, p =>
            Security(p).ReadOnlyRootFilesystem = true),
        Done("V1SecurityContext", "runAsGroup", Aspect.Containers, p =>
            Security(p).RunAsGroup = 5) with { Given = p => Security(p).RunAsUser = 5 },
        Says("V1SecurityContext", "runAsNonRoot", Aspect.Containers,
            "container's runAsUser breaks non-root policy (pod: \"p_default(u)\", container: c)",
            p => Security(p).RunAsNonRoot = true) with { Given = p => Security(p).RunAsUser = 0 },
        Done("V1SecurityContext", "runAsUser", Aspect.Containers, p => Security(p).RunAsUser = 5),
        Elsewhere("V1SecurityContext", "windowsOptions", Windows, set: p => Security(p).WindowsOptions = HostProcess()),
        Done("V1Capabilities", "add", Aspect.Containers, p => Security(p).Capabilities.Add = ["CHOWN"]),
        Done("V1Capabilities", "drop", Aspect.Containers, p => Security(p).Capabilities.Drop = ["CHOWN"]),
        Done("V1SELinuxOptions", "user", Aspect.Containers, p => Security(p).SeLinuxOptions.User = "u"),
        Done("V1SELinuxOptions", "role", Aspect.Containers, p => Security(p).SeLinuxOptions.Role = "r"),
        Done("V1SELinuxOptions", "type", Aspect.Containers, p => Security(p).SeLinuxOptions.Type = "t"),
        Done("V1SELinuxOptions", "level", Aspect.Containers, p => Security(p).SeLinuxOptions.Level = "s1"),
        Done("V1SeccompProfile", "type", Aspect.Containers, p => Security(p).SeccompProfile.Type = "RuntimeDefault"),
        Done("V1SeccompProfile", "localhostProfile", Aspect.Containers, p =>
            Security(p).SeccompProfile.LocalhostProfile = "two.json"),
        Says("V1AppArmorProfile", "type", Aspect.Admission,
            "AppArmor: Cannot enforce AppArmor: AppArmor is not enabled on the host",
            p => Security(p).AppArmorProfile.Type = "RuntimeDefault"),
        Done("V1AppArmorProfile", "localhostProfile", Aspect.Containers, p =>
            Security(p).AppArmorProfile.LocalhostProfile = "two")
            with
            {
                Given = p =>
                    Security(p).AppArmorProfile = new V1AppArmorProfile { Type = "Localhost",
                    LocalhostProfile = "one" },
                HasAppArmor = true,
            },
    ];

    private static IEnumerable<PodFieldRow> OfPlacement() =>
    [
        Says("V1Affinity", "nodeAffinity", Aspect.Admission,
            "NodeAffinity: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
            p => p.Spec.Affinity = new V1Affinity
            {
                NodeAffinity = new V1NodeAffinity
                {
                    RequiredDuringSchedulingIgnoredDuringExecution = new V1NodeSelector
                    {
                        NodeSelectorTerms = [new V1NodeSelectorTerm { MatchFields = [new V1NodeSelectorRequirement { Key = "metadata.name", OperatorProperty = "In", Values = ["other"] }] }],
                    },
                },
            }),
        Elsewhere("V1Affinity", "podAffinity podAntiAffinity", Scheduler),
        Untolerated("key", p => p.Spec.Tolerations[0].Key = "other"),
        Untolerated("value", p => p.Spec.Tolerations[0].Value = "no"),
        Untolerated("effect", p => p.Spec.Tolerations[0].Effect = "NoSchedule"),
        Untolerated("operator", p => p.Spec.Tolerations[0].OperatorProperty = "Equal")
            with { Given = p =>
                p.Spec.Tolerations[0] = new V1Toleration { Key = "gone", OperatorProperty = "Exists" } },
        Elsewhere("V1Toleration", "tolerationSeconds", "the eviction for taints", set: p =>
            p.Spec.Tolerations[0].TolerationSeconds = 5),
    ];

    private static PodFieldRow Untolerated(string field, Action<V1Pod> set) => Says(
        "V1Toleration", field, Aspect.Admission,
        "TaintToleration: Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate", set);

    private static V1Container First(V1Pod pod) => pod.Spec.Containers[0];

    private static V1SecurityContext Security(V1Pod pod) => First(pod).SecurityContext;

    private static V1WindowsSecurityContextOptions HostProcess() => new() { HostProcess = true, RunAsUserName = "x" };

    private static PodFieldRow Holds(string model, string fields) => new(model, fields) { Holds = true };

    private static PodFieldRow Done(string model, string field, Aspect shows, Action<V1Pod> set) =>
        new(model, field) { Shows = shows, Set = set };

    private static PodFieldRow Says(string model, string field, Aspect shows, string text, Action<V1Pod> set) =>
        new(model, field) { Shows = shows, Set = set, Says = text };

    private static PodFieldRow Tested(string model, string fields, string test) => new(model, fields) { Test = test };

    private static PodFieldRow Elsewhere(
        string model, string fields, string who, string? test = null, Action<V1Pod>? set = null) =>
        new(model, fields) { Who = who, Test = test, Set = set };
}
