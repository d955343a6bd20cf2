using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Apps.ReplicaSets;

/// <summary>
/// A kind that keeps a number of equal pods. ReplicaSets and ReplicationControllers differ in names and in how selector
/// and status are written, so one planner and one reconciler serve both, in terms of ReplicaSets.
/// </summary>
public abstract class ReplicaKind
{
    public static readonly ReplicaKind ReplicaSets = new OfReplicaSets();
    public static readonly ReplicaKind ReplicationControllers = new OfReplicationControllers();

    private ReplicaKind(string controller, ResourceName resource, string apiVersion, string kind)
    {
        Controller = controller;
        Resource = resource;
        ApiVersion = apiVersion;
        Kind = kind;
    }

    /// <summary>User and component of the controller.</summary>
    public string Controller { get; }

    public ResourceName Resource { get; }

    public string Kind { get; }

    /// <summary>The status has a number of terminating replicas.</summary>
    public abstract bool CountsTerminating { get; }

    private string ApiVersion { get; }

    /// <summary>The object as a ReplicaSet.</summary>
    public abstract V1ReplicaSet Read(ResourceObject item);

    /// <summary>Writes the status of an object that was read at this resourceVersion.</summary>
    public abstract ValueTask<Outcome<ResourceObject>> WriteStatusAsync(
        IResourceClient client, V1ReplicaSet set, V1ReplicaSetStatus status, CancellationToken cancellationToken);

    /// <summary>What events are about.</summary>
    public V1ObjectReference Reference(V1ReplicaSet set) => new()
    {
        ApiVersion = ApiVersion,
        Kind = Kind,
        Name = set.Metadata.Name,
        NamespaceProperty = set.Metadata.NamespaceProperty,
        ResourceVersion = set.Metadata.ResourceVersion,
        Uid = set.Metadata.Uid,
    };

    /// <summary>The reference that makes the object the controller of a pod.</summary>
    public V1OwnerReference Owner(V1ReplicaSet set) => new()
    {
        ApiVersion = ApiVersion,
        Kind = Kind,
        Name = set.Metadata.Name,
        Uid = set.Metadata.Uid,
        Controller = true,
        BlockOwnerDeletion = true,
    };

    private sealed class OfReplicaSets() : ReplicaKind(
        "replicaset-controller",
        ResourceOf<V1ReplicaSet>.Name,
        ResourceOf<V1ReplicaSet>.ApiVersion,
        ResourceOf<V1ReplicaSet>.Kind)
    {
        public override bool CountsTerminating => true;

        public override V1ReplicaSet Read(ResourceObject item) => item.As<V1ReplicaSet>();

        public override ValueTask<Outcome<ResourceObject>> WriteStatusAsync(
            IResourceClient client, V1ReplicaSet set, V1ReplicaSetStatus status, CancellationToken cancellationToken) =>
            client.UpdateStatusAsync(set with { Status = status }, cancellationToken);
    }

    private sealed class OfReplicationControllers() : ReplicaKind(
        "replication-controller",
        ResourceOf<V1ReplicationController>.Name,
        ResourceOf<V1ReplicationController>.ApiVersion,
        ResourceOf<V1ReplicationController>.Kind)
    {
        public override bool CountsTerminating => false;

        public override V1ReplicaSet Read(ResourceObject item)
        {
            var controller = item.As<V1ReplicationController>();
            var (spec, status) = (controller.Spec, controller.Status);
            return new V1ReplicaSet
            {
                Metadata = controller.Metadata,
                Spec = new V1ReplicaSetSpec
                {
                    Replicas = spec.Replicas,
                    MinReadySeconds = spec.MinReadySeconds,
                    Selector = new V1LabelSelector { MatchLabels = spec.Selector },
                    Template = spec.Template,
                },
                Status = status is null ? null : new V1ReplicaSetStatus
                {
                    Replicas = status.Replicas,
                    FullyLabeledReplicas = status.FullyLabeledReplicas,
                    ReadyReplicas = status.ReadyReplicas,
                    AvailableReplicas = status.AvailableReplicas,
                    ObservedGeneration = status.ObservedGeneration,
                    Conditions = status.Conditions?.Select(c => new V1ReplicaSetCondition
                    {
                        Type = c.Type, Status = c.Status, Reason = c.Reason, Message = c.Message,
                        LastTransitionTime = c.LastTransitionTime,
                    }).ToList(),
                },
            };
        }

        public override ValueTask<Outcome<ResourceObject>> WriteStatusAsync(
            IResourceClient client, V1ReplicaSet set, V1ReplicaSetStatus status, CancellationToken cancellationToken) =>
            client.UpdateStatusAsync(
                new V1ReplicationController
                {
                    Metadata = set.Metadata,
                    Spec = new V1ReplicationControllerSpec
                    {
                        Replicas = set.Spec.Replicas,
                        MinReadySeconds = set.Spec.MinReadySeconds,
                        Selector = set.Spec.Selector.MatchLabels,
                        Template = set.Spec.Template,
                    },
                    Status = new V1ReplicationControllerStatus
                    {
                        Replicas = status.Replicas,
                        FullyLabeledReplicas = status.FullyLabeledReplicas,
                        ReadyReplicas = status.ReadyReplicas,
                        AvailableReplicas = status.AvailableReplicas,
                        ObservedGeneration = status.ObservedGeneration,
                        Conditions = status.Conditions?.Select(c => new V1ReplicationControllerCondition
                        {
                            Type = c.Type, Status = c.Status, Reason = c.Reason, Message = c.Message,
                            LastTransitionTime = c.LastTransitionTime,
                        }).ToList(),
                    },
                },
                cancellationToken);
    }
}
