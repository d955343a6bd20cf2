using OrleansOrchestrator.Cel;

namespace OrleansOrchestrator.Resources.Expressions;

/// <summary>What every expression in an object may say; extend it with variables for each use.</summary>
public static class KubernetesCel
{
    /// <summary>The language, its extensions and Kubernetes' libraries as of 1.36.</summary>
    public static CelEnvironment Environment { get; } =
        CelEnvironment.Kubernetes.With(QuantityLibrary.Library).With(FormatLibrary.Library);
}
