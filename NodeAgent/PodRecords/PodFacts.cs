using System.Globalization;
using System.Text;
using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Cri.V1;

namespace OrleansOrchestrator.NodeAgent.PodRecords;

/// <summary>What a pod's spec and status say, in the words that planner, status and worker share.</summary>
public static class PodFacts
{
    public const string Always = "Always";
    public const string OnFailure = "OnFailure";
    public const string Never = "Never";
    public const string Failed = "Failed";
    public const string Succeeded = "Succeeded";
    private const string SourceAnnotation = "kubernetes.io/config.source";
    private const string MirrorAnnotation = "kubernetes.io/config.mirror";

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

    public static bool IsMirror(this V1Pod pod) => pod.Metadata.Annotations?.ContainsKey(MirrorAnnotation) == true;

    /// <summary>It comes from somewhere else than the API.</summary>
    public static bool IsStatic(this V1Pod pod) =>
        pod.Metadata.Annotations?.TryGetValue(SourceAnnotation, out var source) == true && source != "api";

    public static bool HasTerminalPhase(this V1Pod pod) => pod.Status?.Phase is Failed or Succeeded;

    /// <summary>How long a termination may take: what the deletion asks, else what the spec says.</summary>
    public static TimeSpan Grace(this V1Pod pod) => Periods.Of(
        pod.Metadata.DeletionGracePeriodSeconds ?? pod.Spec.TerminationGracePeriodSeconds ?? DefaultGraceSeconds);

    /// <summary>name_namespace(uid), the way the kubelet names a pod in messages.</summary>
    public static string Display(this V1Pod pod) =>
        $"{pod.Metadata.Name}_{pod.Metadata.NamespaceProperty}({pod.Metadata.Uid})";

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

    /// <summary>
    /// Whether an exit is followed by another start: the container's own rules and policy go before the pod's.
    /// </summary>
    public static bool RestartsAfter(V1Pod pod, V1Container container, int exitCode)
    {
        foreach (var rule in container.RestartPolicyRules ?? [])
        {
            if (rule.Action == "Restart" && rule.ExitCodes is { } codes
                && codes.Values?.Contains(exitCode) == (codes.OperatorProperty == "In"))
            {
                return true;
            }
        }

        return (container.RestartPolicy ?? pod.Spec.RestartPolicy) switch
        {
            Never => false,
            OnFailure => exitCode != 0,
            _ => true,
        };
    }
}
