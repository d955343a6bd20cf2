using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>Names of the built-in resources.</summary>
public static class WellKnown
{
    public static readonly ResourceName Namespaces = new("", "namespaces");
    public static readonly ResourceName Pods = new("", "pods");
    public static readonly ResourceName PodTemplates = new("", "podtemplates");
    public static readonly ResourceName Nodes = new("", "nodes");
    public static readonly ResourceName Services = new("", "services");
    public static readonly ResourceName Endpoints = new("", "endpoints");
    public static readonly ResourceName ConfigMaps = new("", "configmaps");
    public static readonly ResourceName Secrets = new("", "secrets");
    public static readonly ResourceName ServiceAccounts = new("", "serviceaccounts");
    public static readonly ResourceName Events = new("", "events");
    public static readonly ResourceName GroupedEvents = new("events.k8s.io", "events");
    public static readonly ResourceName EndpointSlices = new("discovery.k8s.io", "endpointslices");
    public static readonly ResourceName Deployments = new("apps", "deployments");
    public static readonly ResourceName ReplicaSets = new("apps", "replicasets");
    public static readonly ResourceName Leases = new("coordination.k8s.io", "leases");
}
