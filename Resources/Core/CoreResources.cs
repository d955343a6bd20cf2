using k8s.Models;
using OrleansOrchestrator.Resources.Core.ComponentStatuses;
using OrleansOrchestrator.Resources.Core.ConfigMaps;
using OrleansOrchestrator.Resources.Core.Endpoints;
using OrleansOrchestrator.Resources.Core.Events;
using OrleansOrchestrator.Resources.Core.LimitRanges;
using OrleansOrchestrator.Resources.Core.Namespaces;
using OrleansOrchestrator.Resources.Core.Nodes;
using OrleansOrchestrator.Resources.Core.PersistentVolumeClaims;
using OrleansOrchestrator.Resources.Core.PersistentVolumes;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Core.PodTemplates;
using OrleansOrchestrator.Resources.Core.ReplicationControllers;
using OrleansOrchestrator.Resources.Core.ResourceQuotas;
using OrleansOrchestrator.Resources.Core.Secrets;
using OrleansOrchestrator.Resources.Core.ServiceAccounts;
using OrleansOrchestrator.Resources.Core.Services;
using OrleansOrchestrator.Resources.Events;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core;

/// <summary>Rows of the core group, in discovery order.</summary>
internal static class CoreResources
{
    private static readonly string[] CreateOnly = ["create"];
    private static readonly string[] GetOnly = ["get"];
    private static readonly string[] UpdateOnly = ["update"];
    private static readonly string[] CreateGet = ["create", "get"];
    private static readonly string[] ProxyVerbs = ["create", "delete", "get", "patch", "update"];

    public static IEnumerable<ResourceKind> Rows =>
    [
        new()
        {
            Name = WellKnown.Bindings, Kind = "Binding", Singular = "binding", Verbs = CreateOnly, IsVirtual = true,
            CreatesAt = new(WellKnown.Pods, "binding"), Versions = [new("v1", new VirtualStrategy<V1Binding>())],
        },
        new()
        {
            Name = WellKnown.ComponentStatuses, Kind = "ComponentStatus", Singular = "componentstatus",
            ShortNames = ["cs"], Namespaced = false, Verbs = ["get", "list"], IsVirtual = true,
            Versions =
            [
                new("v1", new ComponentStatusStrategy())
                {
                    DeprecationWarning = "v1 ComponentStatus is deprecated in v1.19+",
                },
            ],
        },
        new()
        {
            Name = WellKnown.ConfigMaps, Kind = "ConfigMap", Singular = "configmap", ShortNames = ["cm"],
            Versions = [new("v1", new ConfigMapStrategy())],
        },
        new()
        {
            Name = WellKnown.Endpoints, Kind = "Endpoints", Singular = "endpoints", ShortNames = ["ep"],
            StoragePlace = "services/endpoints",
            Versions =
            [
                new("v1", new EndpointsStrategy())
                {
                    DeprecationWarning =
                        "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
                },
            ],
        },
        new()
        {
            Name = WellKnown.Events, Kind = "Event", Singular = "event", ShortNames = ["ev"],
            Deletion = DeletionTraits.Ownerless,
            Versions =
            [
                new("v1", new EventStrategy()),
                new("v1", new GroupedEventStrategy())
                {
                    Group = WellKnown.GroupedEvents.Group, Conversion = new GroupedEventConversion(),
                },
            ],
        },
        new()
        {
            Name = WellKnown.LimitRanges, Kind = "LimitRange", Singular = "limitrange",
            ShortNames = ["limits"],
            Versions = [new("v1", new LimitRangeStrategy())],
        },
        new()
        {
            Name = WellKnown.Namespaces, Kind = "Namespace", Singular = "namespace", ShortNames = ["ns"],
            Namespaced = false, Verbs = ["create", "delete", "get", "list", "patch", "update", "watch"],
            GrainType = "namespace", Deletion = DeletionTraits.AnswersWithObject,
            Versions =
            [
                new("v1", new NamespaceStrategy())
                {
                    Subresources = [new("finalize", UpdateOnly), SubresourceDefinition.Status],
                },
            ],
        },
        new()
        {
            Name = WellKnown.Nodes, Kind = "Node", Singular = "node", ShortNames = ["no"], Namespaced = false,
            GrainType = "node", StoragePlace = "minions",
            Versions =
            [
                new("v1", new NodeStrategy())
                {
                    Subresources = [new("proxy", ProxyVerbs, "NodeProxyOptions"), SubresourceDefinition.Status],
                },
            ],
        },
        new()
        {
            Name = WellKnown.PersistentVolumeClaims, Kind = "PersistentVolumeClaim", Singular = "persistentvolumeclaim",
            ShortNames = ["pvc"], GrainType = "persistentvolumeclaim", Deletion = DeletionTraits.AnswersWithObject,
            Versions =
            [
                new("v1", new PersistentVolumeClaimStrategy()) { Subresources = [SubresourceDefinition.Status] },
            ],
        },
        new()
        {
            Name = WellKnown.PersistentVolumes, Kind = "PersistentVolume", Singular = "persistentvolume",
            ShortNames = ["pv"], GrainType = "persistentvolume", Namespaced = false,
            IndexedFields = ["spec.claimRef.name"],
            Deletion = DeletionTraits.AnswersWithObject,
            Versions =
            [
                new("v1", new PersistentVolumeStrategy(TimeProvider.System))
                {
                    Subresources = [SubresourceDefinition.Status],
                },
            ],
        },
        PodRow(),
        new()
        {
            Name = WellKnown.PodTemplates, Kind = "PodTemplate", Singular = "podtemplate",
            PodTemplate = o => ((V1PodTemplate)o).Template, Deletion = DeletionTraits.AnswersWithObject,
            Versions = [new("v1", new PodTemplateStrategy())],
        },
        new()
        {
            Name = WellKnown.ReplicationControllers, Kind = "ReplicationController", Singular = "replicationcontroller",
            ShortNames = ["rc"], Categories = ["all"], Deletion = DeletionTraits.OrphansByDefault,
            GrainType = "replicationcontroller", PodTemplate = o => ((V1ReplicationController)o).Spec?.Template,
            Versions =
            [
                new("v1", new ReplicationControllerStrategy())
                {
                    Subresources = [SubresourceDefinition.Scale, SubresourceDefinition.Status],
                    Scale = ScalePaths.OfWorkload,
                },
            ],
        },
        new()
        {
            Name = WellKnown.ResourceQuotas, Kind = "ResourceQuota", Singular = "resourcequota",
            ShortNames = ["quota"], GrainType = "resourcequota", Deletion = DeletionTraits.AnswersWithObject,
            Versions = [new("v1", new ResourceQuotaStrategy()) { Subresources = [SubresourceDefinition.Status] }],
        },
        new()
        {
            Name = WellKnown.Secrets, Kind = "Secret", Singular = "secret", GrainType = "secret",
            Versions = [new("v1", new SecretStrategy())],
        },
        new()
        {
            Name = WellKnown.ServiceAccounts, Kind = "ServiceAccount", Singular = "serviceaccount",
            ShortNames = ["sa"], GrainType = "serviceaccount", Deletion = DeletionTraits.AnswersWithObject,
            Versions =
            [
                new("v1", new ServiceAccountStrategy())
                {
                    Subresources =
                    [
                        new("token", CreateOnly, "TokenRequest", "authentication.k8s.io", "v1")
                        {
                            ChangesNothing = true,
                        },
                    ],
                },
            ],
        },
        new()
        {
            Name = WellKnown.Services, Kind = "Service", Singular = "service", ShortNames = ["svc"],
            Categories = ["all"], GrainType = "service", Deletion = DeletionTraits.AnswersWithObject,
            StoragePlace = "services/specs",
            Versions =
            [
                new("v1", new ServiceStrategy())
                {
                    Subresources = [new("proxy", ProxyVerbs, "ServiceProxyOptions"), SubresourceDefinition.Status],
                },
            ],
        },
    ];

    private static ResourceKind PodRow() => new()
    {
        Name = WellKnown.Pods, Kind = "Pod", Singular = "pod", ShortNames = ["po"], Categories = ["all"],
        GrainType = "pod", IndexedFields = ["spec.nodeName"],
        Deletion = DeletionTraits.AnswersWithObject | DeletionTraits.Graceful,
        Versions =
        [
            new("v1", new PodStrategy())
            {
                Subresources =
                [
                    new("attach", CreateGet, "PodAttachOptions"),
                    new("binding", CreateOnly, "Binding"),
                    new("ephemeralcontainers", SubresourceDefinition.GetPatchUpdate),
                    new("eviction", CreateOnly, "Eviction", "policy", "v1"),
                    new("exec", CreateGet, "PodExecOptions"),
                    new("log", GetOnly),
                    new("portforward", CreateGet, "PodPortForwardOptions"),
                    new("proxy", ProxyVerbs, "PodProxyOptions"),
                    new("resize", SubresourceDefinition.GetPatchUpdate),
                    SubresourceDefinition.Status,
                ],
            },
        ],
    };
}
