using System.Reflection;
using k8s.Models;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>Shallow copies of models: parts are shared, so only whole fields of a copy may be replaced.</summary>
internal static class PodCopies
{
    private static readonly Func<object, object> Clone =
        typeof(object).GetMethod(
            "MemberwiseClone", BindingFlags.Instance | BindingFlags.NonPublic)!.CreateDelegate<Func<object, object>>();

    public static V1PersistentVolumeClaimSpec Of(V1PersistentVolumeClaimSpec spec) =>
        (V1PersistentVolumeClaimSpec)Clone(spec);

    public static V1PodSpec Of(V1PodSpec spec) => (V1PodSpec)Clone(spec);

    public static V1Container Of(V1Container container) => (V1Container)Clone(container);

    public static V1ResourceRequirements Of(V1ResourceRequirements? resources) =>
        resources is null ? new V1ResourceRequirements() : (V1ResourceRequirements)Clone(resources);

    public static V1Affinity Of(V1Affinity affinity) => (V1Affinity)Clone(affinity);

    public static V1Toleration Of(V1Toleration toleration) => (V1Toleration)Clone(toleration);
}
