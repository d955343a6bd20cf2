using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Apps.Deployments;
using OrleansOrchestrator.Resources.Apps.ReplicaSets;
using OrleansOrchestrator.Resources.Coordination.Leases;
using OrleansOrchestrator.Resources.Core.ConfigMaps;
using OrleansOrchestrator.Resources.Core.Endpoints;
using OrleansOrchestrator.Resources.Core.Events;
using OrleansOrchestrator.Resources.Core.Namespaces;
using OrleansOrchestrator.Resources.Core.Nodes;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Core.PodTemplates;
using OrleansOrchestrator.Resources.Core.Secrets;
using OrleansOrchestrator.Resources.Core.ServiceAccounts;
using OrleansOrchestrator.Resources.Core.Services;
using OrleansOrchestrator.Resources.Discovery.EndpointSlices;
using OrleansOrchestrator.Resources.Events;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources;

/// <summary>The resource table of the built-in kinds: one row a kind, in discovery order.</summary>
public static class BuiltInResources
{
    private static readonly string[] CreateOnly = ["create"];
    private static readonly string[] GetOnly = ["get"];
    private static readonly string[] UpdateOnly = ["update"];
    private static readonly string[] CreateGet = ["create", "get"];
    private static readonly string[] GetPatchUpdate = ["get", "patch", "update"];
    private static readonly string[] ProxyVerbs = ["create", "delete", "get", "patch", "update"];

    private static readonly SubresourceDefinition StatusSubresource = new("status", GetPatchUpdate);
    private static readonly SubresourceDefinition ScaleSubresource =
        new("scale", GetPatchUpdate, "Scale", "autoscaling", "v1");

    /// <summary>All built-in kinds.</summary>
    public static ResourceTable Table { get; } = new(Rows());

    private static IEnumerable<ResourceDefinition> Rows() => [.. Core(), .. Apps(), .. Others()];

    private static IEnumerable<ResourceDefinition> Core() =>
    [
        new()
        {
            Name = WellKnown.ConfigMaps, Version = "v1", Kind = "ConfigMap", Singular = "configmap",
            ShortNames = ["cm"],
            Model = typeof(V1ConfigMap), Strategy = new ConfigMapStrategy(),
        },
        new()
        {
            Name = WellKnown.Endpoints, Version = "v1", Kind = "Endpoints", Singular = "endpoints", ShortNames = ["ep"],
            Model = typeof(V1Endpoints), Strategy = new EndpointsStrategy(),
            DeprecationWarning = "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
        },
        new()
        {
            Name = WellKnown.Events, Version = "v1", Kind = "Event", Singular = "event", ShortNames = ["ev"],
            Model = typeof(Corev1Event), Strategy = new EventStrategy(),
        },
        new()
        {
            Name = WellKnown.Namespaces, Version = "v1", Kind = "Namespace", Singular = "namespace",
            ShortNames = ["ns"],
            Namespaced = false, Verbs = ["create", "delete", "get", "list", "patch", "update", "watch"],
            Subresources = [new("finalize", UpdateOnly), StatusSubresource],
            Model = typeof(V1Namespace), Strategy = new NamespaceStrategy(), GrainType = "namespace",
        },
        new()
        {
            Name = WellKnown.Nodes, Version = "v1", Kind = "Node", Singular = "node", ShortNames = ["no"],
            Namespaced = false,
            Subresources = [new("proxy", ProxyVerbs, "NodeProxyOptions"), StatusSubresource],
            Model = typeof(V1Node), Strategy = new NodeStrategy(), GrainType = "node",
        },
        PodRow(),
        new()
        {
            Name = WellKnown.PodTemplates, Version = "v1", Kind = "PodTemplate", Singular = "podtemplate",
            Model = typeof(V1PodTemplate), Strategy = new PodTemplateStrategy(),
        },
        new()
        {
            Name = WellKnown.Secrets, Version = "v1", Kind = "Secret", Singular = "secret",
            Model = typeof(V1Secret), Strategy = new SecretStrategy(),
        },
        new()
        {
            Name = WellKnown.ServiceAccounts, Version = "v1", Kind = "ServiceAccount", Singular = "serviceaccount",
            ShortNames = ["sa"],
            Subresources = [new("token", CreateOnly, "TokenRequest", "authentication.k8s.io", "v1")],
            Model = typeof(V1ServiceAccount), Strategy = new ServiceAccountStrategy(), GrainType = "serviceaccount",
        },
        new()
        {
            Name = WellKnown.Services, Version = "v1", Kind = "Service", Singular = "service", ShortNames = ["svc"],
            Categories = ["all"], Subresources = [new("proxy", ProxyVerbs, "ServiceProxyOptions"), StatusSubresource],
            Model = typeof(V1Service), Strategy = new ServiceStrategy(), GrainType = "service",
        },
    ];

    private static ResourceDefinition PodRow() => new()
    {
        Name = WellKnown.Pods, Version = "v1", Kind = "Pod", Singular = "pod", ShortNames = ["po"],
        Categories = ["all"],
        Subresources =
        [
            new("attach", CreateGet, "PodAttachOptions"),
            new("binding", CreateOnly, "Binding"),
            new("ephemeralcontainers", GetPatchUpdate),
            new("eviction", CreateOnly, "Eviction", "policy", "v1"),
            new("exec", CreateGet, "PodExecOptions"),
            new("log", GetOnly),
            new("portforward", CreateGet, "PodPortForwardOptions"),
            new("proxy", ProxyVerbs, "PodProxyOptions"),
            new("resize", GetPatchUpdate),
            StatusSubresource,
        ],
        Model = typeof(V1Pod), Strategy = new PodStrategy(), GrainType = "pod",
    };

    private static IEnumerable<ResourceDefinition> Apps() =>
    [
        new()
        {
            Name = WellKnown.Deployments, Version = "v1", Kind = "Deployment", Singular = "deployment",
            ShortNames = ["deploy"],
            Categories = ["all"], Subresources = [ScaleSubresource, StatusSubresource],
            Model = typeof(V1Deployment), Strategy = new DeploymentStrategy(), GrainType = "deployment",
        },
        new()
        {
            Name = WellKnown.ReplicaSets, Version = "v1", Kind = "ReplicaSet", Singular = "replicaset",
            ShortNames = ["rs"],
            Categories = ["all"], Subresources = [ScaleSubresource, StatusSubresource],
            Model = typeof(V1ReplicaSet), Strategy = new ReplicaSetStrategy(), GrainType = "replicaset",
        },
    ];

    private static IEnumerable<ResourceDefinition> Others() =>
    [
        new()
        {
            Name = WellKnown.Leases, Version = "v1", Kind = "Lease", Singular = "lease",
            Model = typeof(V1Lease), Strategy = new LeaseStrategy(),
        },
        new()
        {
            Name = WellKnown.EndpointSlices, Version = "v1", Kind = "EndpointSlice", Singular = "endpointslice",
            Model = typeof(V1EndpointSlice), Strategy = new EndpointSliceStrategy(),
        },
        new()
        {
            Name = WellKnown.GroupedEvents, Version = "v1", Kind = "Event", Singular = "event", ShortNames = ["ev"],
            Model = typeof(Eventsv1Event), Strategy = new GroupedEventStrategy(), StoredForm = new GroupedEventForm(),
        },
    ];
}
