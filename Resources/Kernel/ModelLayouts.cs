using k8s.Models;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// Fields of upstream's internal types in their order, for types whose form appears in messages or whose zero values
/// are dropped. A
/// <c>*</c> marks a pointer (absent and zero differ), a <c>!</c> a field that is written even when zero, <c>=</c> names
/// the model's property where it is not the same but for case.
/// </summary>
internal static partial class ModelLayouts
{
    private static readonly Dictionary<Type, string> Texts = Build();

    public static IEnumerable<LayoutEntry> Find(Type type) =>
        Texts.TryGetValue(type, out var text) ? text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Parse) : [];

    private static LayoutEntry Parse(string token)
    {
        var marks = token.TrimEnd('*', '!');
        var parts = marks.Split('=');
        return new LayoutEntry(
            parts[0], parts[^1], token.Contains('*', StringComparison.Ordinal), token.Contains('!', StringComparison.Ordinal));
    }

    private static Dictionary<Type, string> Build()
    {
        var texts = new Dictionary<Type, string>();
        AddPods(texts);
        AddContainers(texts);
        AddVolumes(texts);
        AddScheduling(texts);
        AddWorkloads(texts);
        return texts;
    }

    private static void AddPods(Dictionary<Type, string> texts)
    {
        texts[typeof(V1PodSpec)] =
            "Volumes InitContainers Containers EphemeralContainers RestartPolicy TerminationGracePeriodSeconds* " +
            "ActiveDeadlineSeconds* DNSPolicy NodeSelector ServiceAccountName AutomountServiceAccountToken* NodeName " +
            "SecurityContext* ImagePullSecrets Hostname Subdomain SetHostnameAsFQDN* Affinity* SchedulerName Tolerations " +
            "HostAliases PriorityClassName Priority* PreemptionPolicy* DNSConfig* ReadinessGates RuntimeClassName* " +
            "Overhead EnableServiceLinks* TopologySpreadConstraints OS* SchedulingGates ResourceClaims Resources* " +
            "HostnameOverride* SchedulingGroup*";
        texts[typeof(V1PodSecurityContext)] =
            "SELinuxOptions* WindowsOptions* RunAsUser* RunAsGroup* RunAsNonRoot* SupplementalGroups SupplementalGroupsPolicy* " +
            "FSGroup* FSGroupChangePolicy* Sysctls SeccompProfile* AppArmorProfile* SELinuxChangePolicy*";
        texts[typeof(V1HostAlias)] = "IP! Hostnames";
        texts[typeof(V1LocalObjectReference)] = "Name";
        texts[typeof(V1PodDNSConfig)] = "Nameservers Searches Options";
        texts[typeof(V1PodDNSConfigOption)] = "Name Value*";
        texts[typeof(V1PodReadinessGate)] = "ConditionType!";
        texts[typeof(V1PodOS)] = "Name!";
        texts[typeof(V1PodSchedulingGate)] = "Name!";
        texts[typeof(V1PodSchedulingGroup)] = "PodGroupName*";
        texts[typeof(V1PodResourceClaim)] = "Name! ResourceClaimName* ResourceClaimTemplateName*";
        texts[typeof(V1Sysctl)] = "Name! Value!";
        texts[typeof(V1SELinuxOptions)] = "User Role Type Level";
        texts[typeof(V1WindowsSecurityContextOptions)] = "GMSACredentialSpecName* GMSACredentialSpec* RunAsUserName* HostProcess*";
        texts[typeof(V1SeccompProfile)] = "Type! LocalhostProfile*";
        texts[typeof(V1AppArmorProfile)] = "Type! LocalhostProfile*";
        texts[typeof(V1PodStatus)] = "Phase Conditions Message Reason NominatedNodeName QosClass Resize";
        texts[typeof(V1PodCondition)] = "Type! ObservedGeneration Status! Reason Message";
        texts[typeof(V1PodIP)] = "IP!";
        texts[typeof(V1HostIP)] = "IP!";
        texts[typeof(V1ContainerStatus)] = "Name! State! LastTerminationState=LastState! Ready! RestartCount! Image! ImageID! ContainerID";
        texts[typeof(V1ContainerStateWaiting)] = "Reason Message";
        texts[typeof(V1ContainerStateTerminated)] = "ExitCode! Signal Reason Message ContainerID";
        texts[typeof(V1VolumeMountStatus)] = "Name! MountPath! ReadOnly=ReadOnlyProperty RecursiveReadOnly*";
    }

    private static void AddContainers(Dictionary<Type, string> texts)
    {
        const string Container =
            "Name! Image Command Args WorkingDir Ports EnvFrom Env Resources! ResizePolicy RestartPolicy* RestartPolicyRules VolumeMounts " +
            "VolumeDevices LivenessProbe* ReadinessProbe* StartupProbe* Lifecycle* TerminationMessagePath TerminationMessagePolicy " +
            "ImagePullPolicy SecurityContext* Stdin StdinOnce TTY";
        texts[typeof(V1Container)] = Container;
        texts[typeof(V1EphemeralContainer)] = Container + " TargetContainerName";
        texts[typeof(V1ContainerPort)] = "Name HostPort ContainerPort! Protocol HostIP";
        texts[typeof(V1EnvFromSource)] = "Prefix ConfigMapRef* SecretRef*";
        texts[typeof(V1ConfigMapEnvSource)] = "Name Optional*";
        texts[typeof(V1SecretEnvSource)] = "Name Optional*";
        texts[typeof(V1EnvVar)] = "Name! Value ValueFrom*";
        texts[typeof(V1EnvVarSource)] = "FieldRef* ResourceFieldRef* ConfigMapKeyRef* SecretKeyRef* FileKeyRef*";
        texts[typeof(V1ObjectFieldSelector)] = "APIVersion FieldPath!";
        texts[typeof(V1ResourceFieldSelector)] = "ContainerName Resource! Divisor!";
        texts[typeof(V1ConfigMapKeySelector)] = "Name Key! Optional*";
        texts[typeof(V1SecretKeySelector)] = "Name Key! Optional*";
        texts[typeof(V1FileKeySelector)] = "VolumeName! Path! Key! Optional*";
        texts[typeof(V1ResourceRequirements)] = "Limits Requests Claims";
        texts[typeof(Corev1ResourceClaim)] = "Name! Request";
        texts[typeof(V1ContainerResizePolicy)] = "ResourceName! RestartPolicy!";
        texts[typeof(V1ContainerRestartRule)] = "Action ExitCodes*";
        texts[typeof(V1ContainerRestartRuleOnExitCodes)] = "Operator=OperatorProperty! Values";
        texts[typeof(V1VolumeMount)] =
            "Name! ReadOnly=ReadOnlyProperty RecursiveReadOnly* MountPath! SubPath MountPropagation* SubPathExpr";
        texts[typeof(V1VolumeDevice)] = "Name! DevicePath!";
        texts[typeof(V1Probe)] =
            "Exec* HTTPGet* TCPSocket* GRPC* InitialDelaySeconds TimeoutSeconds PeriodSeconds SuccessThreshold FailureThreshold " +
            "TerminationGracePeriodSeconds*";
        texts[typeof(V1LifecycleHandler)] = "Exec* HTTPGet* TCPSocket* Sleep*";
        texts[typeof(V1Lifecycle)] = "PostStart* PreStop* StopSignal*";
        texts[typeof(V1ExecAction)] = "Command";
        texts[typeof(V1HTTPGetAction)] = "Path Port! Host Scheme HTTPHeaders";
        texts[typeof(V1HTTPHeader)] = "Name! Value!";
        texts[typeof(V1TCPSocketAction)] = "Port! Host";
        texts[typeof(V1GRPCAction)] = "Port! Service*";
        texts[typeof(V1SleepAction)] = "Seconds!";
        texts[typeof(V1SecurityContext)] =
            "Capabilities* Privileged* SELinuxOptions* WindowsOptions* RunAsUser* RunAsGroup* RunAsNonRoot* ReadOnlyRootFilesystem* " +
            "AllowPrivilegeEscalation* ProcMount* SeccompProfile* AppArmorProfile*";
        texts[typeof(V1Capabilities)] = "Add Drop";
    }

    private static void AddScheduling(Dictionary<Type, string> texts)
    {
        texts[typeof(V1Toleration)] = "Key Operator=OperatorProperty Value Effect TolerationSeconds*";
        texts[typeof(V1Affinity)] = "NodeAffinity* PodAffinity* PodAntiAffinity*";
        texts[typeof(V1NodeAffinity)] =
            "RequiredDuringSchedulingIgnoredDuringExecution* PreferredDuringSchedulingIgnoredDuringExecution";
        texts[typeof(V1NodeSelector)] = "NodeSelectorTerms";
        texts[typeof(V1NodeSelectorTerm)] = "MatchExpressions MatchFields";
        texts[typeof(V1NodeSelectorRequirement)] = "Key! Operator=OperatorProperty! Values";
        texts[typeof(V1PreferredSchedulingTerm)] = "Weight! Preference!";
        texts[typeof(V1PodAffinity)] =
            "RequiredDuringSchedulingIgnoredDuringExecution PreferredDuringSchedulingIgnoredDuringExecution";
        texts[typeof(V1PodAntiAffinity)] =
            "RequiredDuringSchedulingIgnoredDuringExecution PreferredDuringSchedulingIgnoredDuringExecution";
        texts[typeof(V1WeightedPodAffinityTerm)] = "Weight! PodAffinityTerm!";
        texts[typeof(V1PodAffinityTerm)] =
            "LabelSelector* Namespaces TopologyKey! NamespaceSelector* MatchLabelKeys MismatchLabelKeys";
        texts[typeof(V1TopologySpreadConstraint)] =
            "MaxSkew! TopologyKey! WhenUnsatisfiable! LabelSelector* MinDomains* NodeAffinityPolicy* NodeTaintsPolicy* MatchLabelKeys";
    }

    private static void AddWorkloads(Dictionary<Type, string> texts)
    {
        texts[typeof(V1PodTemplateSpec)] = "Metadata! Spec!";
        texts[typeof(V1Deployment)] = "Metadata! Spec! Status!";
        texts[typeof(V1DeploymentSpec)] =
            "Replicas* Selector* Template! Strategy! MinReadySeconds RevisionHistoryLimit* Paused ProgressDeadlineSeconds*";
        texts[typeof(V1DeploymentStrategy)] = "Type RollingUpdate*";
        texts[typeof(V1RollingUpdateDeployment)] = "MaxUnavailable* MaxSurge*";
        texts[typeof(V1DeploymentStatus)] =
            "ObservedGeneration Replicas UpdatedReplicas ReadyReplicas AvailableReplicas UnavailableReplicas TerminatingReplicas* Conditions " +
            "CollisionCount*";
        texts[typeof(V1DeploymentCondition)] = "Type! Status! Reason Message";
        texts[typeof(V1ReplicaSet)] = "Metadata! Spec! Status!";
        texts[typeof(V1ReplicaSetSpec)] = "Replicas* MinReadySeconds Selector* Template!";
        texts[typeof(V1ReplicaSetStatus)] =
            "Replicas! FullyLabeledReplicas ReadyReplicas AvailableReplicas TerminatingReplicas* ObservedGeneration Conditions";
        texts[typeof(V1ObjectReference)] = "Kind Namespace=NamespaceProperty Name UID APIVersion ResourceVersion FieldPath";
        texts[typeof(V1EventSource)] = "Component Host";
        texts[typeof(V1ReplicaSetCondition)] = "Type! Status! Reason Message";
    }
}
