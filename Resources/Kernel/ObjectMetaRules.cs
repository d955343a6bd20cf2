using k8s.Models;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// apimachinery's validation of <c>metadata</c>, the same for all kinds. The pipeline calls it before the strategy's own validation,
/// into the same findings.
/// </summary>
public static class ObjectMetaRules
{
    /// <summary>Findings on the metadata of a new object.</summary>
    public static void ValidateCreate(V1ObjectMeta metadata, ResourceDefinition definition, FieldErrors errors)
    {
    }

    /// <summary>Findings on the metadata of an update.</summary>
    public static void ValidateUpdate(V1ObjectMeta metadata, V1ObjectMeta old, FieldErrors errors)
    {
    }
}
