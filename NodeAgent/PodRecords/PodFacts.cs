using System.Globalization;
using System.Text;
using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.Resources.Core.Pods;

namespace OrleansOrchestrator.NodeAgent.PodRecords;

/// <summary>What a pod's spec and status say, in the words that planner, status and worker share.</summary>
public static class PodFacts
{
    public const string Always = "Always";
    public const string OnFailure = "OnFailure";
    public const string Never = "Never";
    public const string Failed = "Failed";
    public const string Succeeded = "Succeeded";
    private const string RestartAll = "RestartAllContainers";
    public const int CriticalPriority = 2_000_000_000;

    private const long DefaultGraceSeconds = 30;

    /// <summary>An init container that runs as long as the pod does.</summary>
    public static bool IsSidecar(this V1Container container) => container.RestartPolicy == Always;

    public static IReadOnlyList<V1Container> Inits(this V1Pod pod) => [.. pod.Spec.InitContainers ?? []];

    /// <summary>An init container that has to end before the next one starts.</summary>
    public static bool IsPlainInit(this V1Pod pod, V1Container container) =>
        !container.IsSidecar() && pod.Inits().Any(c => c.Name == container.Name);

    public static IReadOnlyList<V1Container> Sidecars(this V1Pod pod) => [.. pod.Inits().Where(IsSidecar)];

    /// <summary>Containers whose amounts can change while they run.</summary>
    public static IEnumerable<V1Container> Resizable(this V1Pod pod) =>
        pod.Inits().Where(IsSidecar).Concat(pod.Spec.Containers);

    public static IEnumerable<V1Container> AllContainers(this V1Pod pod) =>
        pod.Inits().Concat(pod.Spec.Containers).Concat((pod.Spec.EphemeralContainers ?? []).Select(AsContainer));

    public static V1Container? FindContainer(this V1Pod pod, string name) =>
        pod.AllContainers().FirstOrDefault(c => c.Name == name);

    /// <summary>A container's own profile goes before the pod's.</summary>
    public static V1AppArmorProfile? AppArmorProfile(this V1Pod pod, V1Container container) =>
        container.SecurityContext?.AppArmorProfile ?? pod.Spec.SecurityContext?.AppArmorProfile;

    public static bool UsesHostNetwork(this V1Pod pod) => pod.Spec.HostNetwork == true;

    /// <summary>It stands in the API for a pod that a node runs from a file of its own.</summary>
    public static bool IsMirror(this V1Pod pod) => PodReferences.IsMirror(pod);

    /// <summary>It comes from somewhere else than the API.</summary>
    public static bool IsStatic(this V1Pod pod) => pod.Annotation(ConfigAnnotations.Source) is not (null or "api");

    /// <summary>
    /// Static pods, their mirrors, and those that the system needs: ending them would make things worse.
    /// </summary>
    public static bool IsCritical(this V1Pod pod) =>
        pod.IsStatic() || pod.IsMirror() || (pod.Spec.Priority ?? 0) >= CriticalPriority;

    /// <summary>By which uid the node knows the pod that an object of the API stands for.</summary>
    public static string RuntimeUid(this V1Pod pod) => pod.Annotation(ConfigAnnotations.Mirror) ?? pod.Metadata.Uid;

    /// <summary>Null without it.</summary>
    public static string? Annotation(this V1Pod pod, string name) =>
        pod.Metadata.Annotations?.TryGetValue(name, out var value) == true ? value : null;

    /// <summary>Versions of one pod that come by several ways are ordered by it; one without is the newest.</summary>
    public static long Revision(this V1Pod pod) =>
        long.TryParse(pod.Metadata.ResourceVersion, CultureInfo.InvariantCulture, out var revision)
            ? revision
            : long.MaxValue;

    /// <summary>name_namespace: what only one pod of the node can have.</summary>
    public static string FullName(this V1Pod pod) => $"{pod.Metadata.Name}_{pod.Metadata.NamespaceProperty}";

    public static bool HasTerminalPhase(this V1Pod pod) => pod.Status?.Phase is Failed or Succeeded;

    /// <summary>How long a termination may take: what the deletion asks, else what the spec says.</summary>
    public static TimeSpan Grace(this V1Pod pod) => Periods.Of(
        pod.Metadata.DeletionGracePeriodSeconds ?? pod.Spec.TerminationGracePeriodSeconds ?? DefaultGraceSeconds);

    /// <summary>name_namespace(uid), the way the kubelet names a pod in messages.</summary>
    public static string Display(this V1Pod pod) =>
        $"{pod.FullName()}({pod.Metadata.Uid})";

    /// <summary>Directory name of the pod's logs.</summary>
    public static string LogDirectoryName(this V1Pod pod) =>
        $"{pod.Metadata.NamespaceProperty}_{pod.Metadata.Name}_{pod.Metadata.Uid}";

    /// <summary>An ephemeral container is a container that nothing restarts.</summary>
    public static V1Container AsContainer(V1EphemeralContainer e) => new()
    {
        Name = e.Name,
        Image = e.Image,
        ImagePullPolicy = e.ImagePullPolicy,
        Command = e.Command,
        Args = e.Args,
        Env = e.Env,
        EnvFrom = e.EnvFrom,
        WorkingDir = e.WorkingDir,
        VolumeMounts = e.VolumeMounts,
        SecurityContext = e.SecurityContext,
        Stdin = e.Stdin,
        StdinOnce = e.StdinOnce,
        Tty = e.Tty,
        TerminationMessagePath = e.TerminationMessagePath,
        TerminationMessagePolicy = e.TerminationMessagePolicy,
        RestartPolicy = Never,
    };

    /// <summary>
    /// Changes when a running container no longer is what the spec asks for. Only name and image can change in place.
    /// </summary>
    public static string Hash(V1Container container)
    {
        const uint offset = 2166136261; // FNV-1a: stable across versions and processes
        const uint prime = 16777619;
        var hash = Encoding.UTF8.GetBytes($"{container.Name}\0{container.Image}")
            .Aggregate(offset, (sum, octet) => unchecked((sum ^ octet) * prime));
        return hash.ToString("x", CultureInfo.InvariantCulture);
    }

    /// <summary>Whether an instance that is not running is to be followed by another one.</summary>
    public static bool ShouldRestart(V1Pod pod, V1Container container, ContainerRecord? record)
    {
        if (pod.Metadata.DeletionTimestamp is not null)
        {
            return false;
        }

        if (record is null || record.State is ContainerState.ContainerCreated or ContainerState.ContainerUnknown)
        {
            return true;
        }

        return !record.IsRunning && RestartsAfter(pod, container, record.ExitCode);
    }

    /// <summary>Some end of one of its containers makes all of them begin anew.</summary>
    public static bool CouldRestartAll(this V1Pod pod) =>
        pod.Inits().Concat(pod.Spec.Containers).Any(c =>
            c.RestartPolicyRules?.Any(static r => r.Action == RestartAll) == true);

    /// <summary>An instance has ended in such a way that all containers of its pod begin anew.</summary>
    public static bool RestartsAll(V1Container container, ContainerRecord? record) =>
        record is { IsExited: true } && RuleAfter(container, record.ExitCode)?.Action == RestartAll;

    /// <summary>The newest instance of one of its containers has.</summary>
    public static bool RestartsAll(V1Pod pod, PodRuntimeState observed) =>
        pod.Inits().Concat(pod.Spec.Containers).Any(c => RestartsAll(c, observed.Newest(c.Name)));

    /// <summary>
    /// Whether an end of which no exit code is known yet is followed by another start: rules have nothing to go by.
    /// </summary>
    public static bool RestartsOnFailure(V1Pod pod, V1Container container) =>
        (container.RestartPolicy ?? pod.Spec.RestartPolicy) != Never;

    /// <summary>
    /// Whether an exit is followed by another start: the container's own rules and policy go before the pod's.
    /// </summary>
    public static bool RestartsAfter(V1Pod pod, V1Container container, int exitCode)
    {
        if (RuleAfter(container, exitCode) is not null)
        {
            return true;
        }

        return (container.RestartPolicy ?? pod.Spec.RestartPolicy) switch
        {
            Never => false,
            OnFailure => exitCode != 0,
            _ => true,
        };
    }

    /// <summary>The first rule that an exit meets: both actions of rules are starts.</summary>
    private static V1ContainerRestartRule? RuleAfter(V1Container container, int exitCode) =>
        (container.RestartPolicyRules ?? []).FirstOrDefault(rule => rule.ExitCodes is { } codes
            && codes.Values?.Contains(exitCode) == (codes.OperatorProperty == "In"));
}
