using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Resources.FlowControl;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.Bootstrap;

/// <summary>
/// Mends built-in priority levels and flow schemas (upstream's <c>flowcontrol/ensurer</c>): mandatory ones always,
/// suggested ones until their annotation says otherwise or, without one, until somebody has changed them. Both change
/// the first argument.
/// </summary>
internal static class FlowControlUpkeep
{
    public static UpkeepAction Mend(V1PriorityLevelConfiguration level, V1PriorityLevelConfiguration wanted)
    {
        var spec = wanted.Spec;
        if (spec.Exempt is not null && level.Spec?.Exempt is { } own)
        {
            // How much of the server those have who wait for nobody, an administrator may say.
            spec = new V1PriorityLevelConfigurationSpec { Type = spec.Type, Exempt = own };
        }

        var isRestored = MendAnnotation(level.Metadata, out var isChanged)
            && !ModelShape.SemanticEquals(level.Spec, spec);
        level.Spec = isRestored ? spec : level.Spec;
        return isRestored || isChanged ? UpkeepAction.Update : UpkeepAction.None;
    }

    public static UpkeepAction Mend(V1FlowSchema schema, V1FlowSchema wanted)
    {
        var isRestored = MendAnnotation(schema.Metadata, out var isChanged)
            && !ModelShape.SemanticEquals(schema.Spec, wanted.Spec);
        schema.Spec = isRestored ? wanted.Spec : schema.Spec;
        return isRestored || isChanged ? UpkeepAction.Update : UpkeepAction.None;
    }

    /// <summary>True when the specification is the server's; the annotation is made to say so.</summary>
    private static bool MendAnnotation(V1ObjectMeta metadata, out bool isChanged)
    {
        var said = metadata.Annotations?.TryGetValue(BuiltInFlowControl.AutoUpdateAnnotation, out var text) == true
            ? GoBooleans.Parse(text)
            : null;
        var isServers = BuiltInFlowControl.IsMandatory(metadata.Name) || (said ?? metadata.Generation == 1);
        isChanged = said != isServers;
        if (isChanged)
        {
            metadata.Annotations ??= new Dictionary<string, string>();
            metadata.Annotations[BuiltInFlowControl.AutoUpdateAnnotation] = isServers ? "true" : "false";
        }

        return isServers;
    }
}
