using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>C# has no conversions from interfaces, so outcomes of objects are made here.</summary>
internal static class Outcomes
{
    /// <summary>
    /// A successful outcome. The detour over a cast of the generic parameter is what the language demands.
    /// </summary>
    public static Outcome<IKubernetesObject<V1ObjectMeta>> Of(IKubernetesObject<V1ObjectMeta> item) => From(item);

    private static Outcome<T> From<T>(T value) => value;
}
