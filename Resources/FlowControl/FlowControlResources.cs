using OrleansOrchestrator.Resources.FlowControl.FlowSchemas;
using OrleansOrchestrator.Resources.FlowControl.PriorityLevels;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.FlowControl;

/// <summary>Rows of <c>flowcontrol.apiserver.k8s.io</c>, in discovery order.</summary>
internal static class FlowControlResources
{
    public static IEnumerable<ResourceKind> Rows =>
    [
        new()
        {
            Name = WellKnown.FlowSchemas, Kind = "FlowSchema", Singular = "flowschema",
            Namespaced = false,
            Versions = [new("v1", new FlowSchemaStrategy()) { Subresources = [SubresourceDefinition.Status] }],
        },
        new()
        {
            Name = WellKnown.PriorityLevelConfigurations, Kind = "PriorityLevelConfiguration",
            Singular = "prioritylevelconfiguration",
            Namespaced = false,
            Versions =
            [
                new("v1", new PriorityLevelConfigurationStrategy()) { Subresources = [SubresourceDefinition.Status] },
            ],
        },
    ];
}
