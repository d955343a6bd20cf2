using k8s.Models;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>What a pod's spec refers to: its node may read that, and nothing else.</summary>
public static class PodReferences
{
    /// <summary>True if the pod refers to the object, by the plural name of its resource.</summary>
    public static bool Has(V1Pod pod, string resource, string name) => resource switch
    {
        "serviceaccounts" => (pod.Spec.ServiceAccountName ?? "default") == name,
        "configmaps" => ConfigMaps(pod.Spec).Contains(name),
        "secrets" => Secrets(pod.Spec).Contains(name),
        _ => false,
    };

    private static IEnumerable<string?> ConfigMaps(V1PodSpec spec)
    {
        foreach (var volume in spec.Volumes ?? [])
        {
            yield return volume.ConfigMap?.Name;
            foreach (var source in volume.Projected?.Sources ?? [])
            {
                yield return source.ConfigMap?.Name;
            }
        }

        foreach (var container in Containers(spec))
        {
            foreach (var source in container.EnvFrom ?? [])
            {
                yield return source.ConfigMapRef?.Name;
            }

            foreach (var variable in container.Env ?? [])
            {
                yield return variable.ValueFrom?.ConfigMapKeyRef?.Name;
            }
        }
    }

    private static IEnumerable<string?> Secrets(V1PodSpec spec)
    {
        foreach (var pullSecret in spec.ImagePullSecrets ?? [])
        {
            yield return pullSecret.Name;
        }

        foreach (var volume in spec.Volumes ?? [])
        {
            yield return volume.Secret?.SecretName;
            foreach (var source in volume.Projected?.Sources ?? [])
            {
                yield return source.Secret?.Name;
            }
        }

        foreach (var container in Containers(spec))
        {
            foreach (var source in container.EnvFrom ?? [])
            {
                yield return source.SecretRef?.Name;
            }

            foreach (var variable in container.Env ?? [])
            {
                yield return variable.ValueFrom?.SecretKeyRef?.Name;
            }
        }
    }

    private static IEnumerable<V1Container> Containers(V1PodSpec spec) =>
        (spec.InitContainers ?? []).Concat(spec.Containers ?? []).Concat(
            (spec.EphemeralContainers ?? []).Select(e => new V1Container { Name = e.Name, Env = e.Env, EnvFrom = e.EnvFrom }));
}
