using OrleansOrchestrator.Resources.AdmissionRegistration;
using OrleansOrchestrator.Resources.ApiExtensions;
using OrleansOrchestrator.Resources.ApiRegistration;
using OrleansOrchestrator.Resources.Apps;
using OrleansOrchestrator.Resources.Authentication;
using OrleansOrchestrator.Resources.Authorization;
using OrleansOrchestrator.Resources.Autoscaling;
using OrleansOrchestrator.Resources.Batch;
using OrleansOrchestrator.Resources.Certificates;
using OrleansOrchestrator.Resources.Coordination;
using OrleansOrchestrator.Resources.Core;
using OrleansOrchestrator.Resources.Discovery;
using OrleansOrchestrator.Resources.DynamicResources;
using OrleansOrchestrator.Resources.FlowControl;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Networking;
using OrleansOrchestrator.Resources.Node;
using OrleansOrchestrator.Resources.Policy;
using OrleansOrchestrator.Resources.Rbac;
using OrleansOrchestrator.Resources.Scheduling;
using OrleansOrchestrator.Resources.Storage;

namespace OrleansOrchestrator.Resources;

/// <summary>
/// The resource table of the built-in kinds, in discovery order: a list a group, one row a kind, in the folder of the
/// group.
/// </summary>
public static class BuiltInResources
{
    /// <summary>All built-in kinds.</summary>
    public static ResourceTable Table { get; } = new(
    [
        .. CoreResources.Rows,
        .. ApiRegistrationResources.Rows,
        .. AppsResources.Rows,
        .. AuthenticationResources.Rows,
        .. AuthorizationResources.Rows,
        .. AutoscalingResources.Rows,
        .. BatchResources.Rows,
        .. CertificatesResources.Rows,
        .. NetworkingResources.Rows,
        .. PolicyResources.Rows,
        .. RbacResources.Rows,
        .. StorageResources.Rows,
        .. AdmissionRegistrationResources.Rows,
        .. ApiExtensionsResources.Rows,
        .. SchedulingResources.Rows,
        .. CoordinationResources.Rows,
        .. NodeResources.Rows,
        .. DiscoveryResources.Rows,
        .. FlowControlResources.Rows,
        .. DynamicResourcesResources.Rows,
    ]);
}
