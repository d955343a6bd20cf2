using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>A container of any sort, and where it is.</summary>
internal readonly record struct ContainerView(
    FieldPath Root,
    string List,
    int Index,
    string Name,
    string? Image,
    V1SecurityContext? SecurityContext,
    V1ResourceRequirements? Resources,
    IList<V1EnvVar>? Env,
    IList<V1ContainerPort>? Ports,
    IList<V1VolumeDevice>? VolumeDevices)
{
    /// <summary>Built when asked for: most visits find nothing to tell.</summary>
    public FieldPath Path => Root.Child(List).Index(Index);
}

/// <summary>All containers of a pod.</summary>
internal static class PodContainers
{
    /// <summary>Init containers, containers, ephemeral containers: upstream's order of visiting.</summary>
    public static IEnumerable<ContainerView> All(V1PodSpec spec, FieldPath path)
    {
        for (var i = 0; i < (spec.InitContainers?.Count ?? 0); i++)
        {
            yield return View(spec.InitContainers![i], path, "initContainers", i);
        }

        for (var i = 0; i < (spec.Containers?.Count ?? 0); i++)
        {
            yield return View(spec.Containers![i], path, "containers", i);
        }

        for (var i = 0; i < (spec.EphemeralContainers?.Count ?? 0); i++)
        {
            yield return View(AsContainer(spec.EphemeralContainers![i]), path, "ephemeralContainers", i);
        }
    }

    /// <summary>What an ephemeral container has in common with the others; parts are shared, not copied.</summary>
    public static V1Container AsContainer(V1EphemeralContainer item) => new()
    {
        Name = item.Name,
        Image = item.Image,
        Command = item.Command,
        Args = item.Args,
        WorkingDir = item.WorkingDir,
        Ports = item.Ports,
        EnvFrom = item.EnvFrom,
        Env = item.Env,
        Resources = item.Resources,
        ResizePolicy = item.ResizePolicy,
        RestartPolicy = item.RestartPolicy,
        RestartPolicyRules = item.RestartPolicyRules,
        VolumeMounts = item.VolumeMounts,
        VolumeDevices = item.VolumeDevices,
        LivenessProbe = item.LivenessProbe,
        ReadinessProbe = item.ReadinessProbe,
        StartupProbe = item.StartupProbe,
        Lifecycle = item.Lifecycle,
        TerminationMessagePath = item.TerminationMessagePath,
        TerminationMessagePolicy = item.TerminationMessagePolicy,
        ImagePullPolicy = item.ImagePullPolicy,
        SecurityContext = item.SecurityContext,
        Stdin = item.Stdin,
        StdinOnce = item.StdinOnce,
        Tty = item.Tty,
    };

    private static ContainerView View(V1Container c, FieldPath root, string list, int index) =>
        new(root, list, index, c.Name ?? "", c.Image, c.SecurityContext, c.Resources, c.Env, c.Ports, c.VolumeDevices);
}
