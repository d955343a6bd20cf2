namespace OrleansOrchestrator.Api.StateMetrics;

/// <summary>
/// Every kind of which something is told, in kube-state-metrics' order: those that it has by default, and those that
/// it has when asked to.
/// </summary>
internal static class StateTables
{
    public static IReadOnlyList<StateTable> All { get; } =
    [
        PolicyStates.SigningRequests,
        AccessStates.ClusterRoleBindings,
        AccessStates.ClusterRoles,
        ConfigStates.ConfigMaps,
        BatchStates.CronJobs,
        WorkloadStates.DaemonSets,
        WorkloadStates.Deployments,
        NetworkStates.Endpoints,
        NetworkStates.EndpointSlices,
        WorkloadStates.Autoscalers,
        NetworkStates.IngressClasses,
        NetworkStates.Ingresses,
        BatchStates.Jobs,
        ConfigStates.Leases,
        PolicyStates.LimitRanges,
        PolicyStates.MutatingWebhooks,
        ConfigStates.Namespaces,
        NetworkStates.Policies,
        NodeStates.Nodes,
        StorageStates.Claims,
        StorageStates.Volumes,
        PolicyStates.DisruptionBudgets,
        PodStates.Pods,
        WorkloadStates.ReplicaSets,
        WorkloadStates.ReplicationControllers,
        PolicyStates.Quotas,
        AccessStates.RoleBindings,
        AccessStates.LocalRoles,
        ConfigStates.Secrets,
        AccessStates.ServiceAccounts,
        NetworkStates.Services,
        WorkloadStates.StatefulSets,
        StorageStates.Classes,
        PolicyStates.ValidatingWebhooks,
        StorageStates.Attachments,
        StorageStates.AttributesClasses,
    ];
}
