using k8s.Models;
using OrleansOrchestrator.Resources.Apps.ControllerRevisions;
using OrleansOrchestrator.Resources.Apps.DaemonSets;
using OrleansOrchestrator.Resources.Apps.Deployments;
using OrleansOrchestrator.Resources.Apps.ReplicaSets;
using OrleansOrchestrator.Resources.Apps.StatefulSets;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Apps;

/// <summary>Rows of <c>apps</c>, in discovery order.</summary>
internal static class AppsResources
{
    public static IEnumerable<ResourceKind> Rows =>
    [
        new()
        {
            Name = WellKnown.ControllerRevisions, Kind = "ControllerRevision", Singular = "controllerrevision",
            Versions = [new("v1", new ControllerRevisionStrategy())],
        },
        new()
        {
            Name = WellKnown.DaemonSets, Kind = "DaemonSet", Singular = "daemonset", ShortNames = ["ds"],
            Categories = ["all"], GrainType = "daemonset", PodTemplate = o => ((V1DaemonSet)o).Spec?.Template,
            Versions =
            [
                new("v1", new DaemonSetStrategy())
                {
                    Subresources = [SubresourceDefinition.Status],
                    FieldAnnotations = [DaemonSetStrategy.TemplateGeneration],
                },
            ],
        },
        new()
        {
            Name = WellKnown.Deployments, Kind = "Deployment", Singular = "deployment", ShortNames = ["deploy"],
            Categories = ["all"], GrainType = "deployment", PodTemplate = o => ((V1Deployment)o).Spec?.Template,
            Versions =
            [
                new("v1", new DeploymentStrategy())
                {
                    Subresources = [SubresourceDefinition.Scale, SubresourceDefinition.Status],
                    Scale = ScalePaths.OfWorkload,
                },
            ],
        },
        new()
        {
            Name = WellKnown.ReplicaSets, Kind = "ReplicaSet", Singular = "replicaset", ShortNames = ["rs"],
            Categories = ["all"], GrainType = "replicaset", PodTemplate = o => ((V1ReplicaSet)o).Spec?.Template,
            Versions =
            [
                new("v1", new ReplicaSetStrategy())
                {
                    Subresources = [SubresourceDefinition.Scale, SubresourceDefinition.Status],
                    Scale = ScalePaths.OfWorkload,
                },
            ],
        },
        new()
        {
            Name = WellKnown.StatefulSets, Kind = "StatefulSet", Singular = "statefulset", ShortNames = ["sts"],
            Categories = ["all"], GrainType = "statefulset", PodTemplate = o => ((V1StatefulSet)o).Spec?.Template,
            NamesItsPods = true,
            Versions =
            [
                new("v1", new StatefulSetStrategy())
                {
                    Subresources = [SubresourceDefinition.Scale, SubresourceDefinition.Status],
                    Scale = ScalePaths.OfWorkload,
                },
            ],
        },
    ];
}
