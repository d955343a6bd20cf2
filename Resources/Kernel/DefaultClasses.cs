using k8s;
using k8s.Models;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>Which of several default classes is the one.</summary>
public static class DefaultClasses
{
    /// <summary>The newest; of several, the first by name. Null when there is none.</summary>
    public static T? Newest<T>(this IEnumerable<T> classes)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        classes.OrderByDescending(static c => c.Metadata.CreationTimestamp)
            .ThenBy(static c => c.Metadata.Name, StringComparer.Ordinal)
            .FirstOrDefault();
}
