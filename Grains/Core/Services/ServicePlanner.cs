using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Discovery;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.Services;

/// <summary>What a Service finds.</summary>
public sealed record ServiceObserved
{
    public required V1Service Service { get; init; }

    /// <summary>The pods that it selects.</summary>
    public IReadOnlyList<PodFacts> Pods { get; init; } = [];

    /// <summary>The nodes of its pods, as far as they are there, with their zones: null for none.</summary>
    public IReadOnlyDictionary<string, string?> Nodes { get; init; } = new Dictionary<string, string?>();

    /// <summary>Its namesake; null when there is none.</summary>
    public V1Endpoints? Endpoints { get; init; }

    /// <summary>The slices that carry its name and that a controller of ours manages.</summary>
    public IReadOnlyList<V1EndpointSlice> Slices { get; init; } = [];

    /// <summary>See <see cref="ZoneShares"/>; read only where <see cref="TopologyHints.AreWanted"/>.</summary>
    public IReadOnlyDictionary<string, double>? ZoneShares { get; init; }

    /// <summary>Its endpoints were given hints for its topology mode.</summary>
    public bool AreHinted { get; init; }

    /// <summary>See <see cref="TriggerTimes"/>.</summary>
    public DateTimeOffset? TriggeredAt { get; init; }
}

/// <summary>What a Service must do.</summary>
/// <param name="Endpoints">To create (without resourceVersion) or to replace; null when right.</param>
/// <param name="Pods">Writes of the slices of its pods.</param>
/// <param name="Mirror">Writes of the slices that mirror Endpoints that somebody keeps by hand.</param>
public sealed record ServicePlan(V1Endpoints? Endpoints, HintPlan Pods, MirrorPlan Mirror)
{
    /// <summary>Why pods are left out of slices that may be in them soon; null when none are.</summary>
    public string? Skipped { get; init; }
}

/// <summary>The decisions of a Service: its Endpoints and EndpointSlices.</summary>
public static class ServicePlanner
{
    private static readonly HintPlan NoPods = new(new SlicePlan([], [], []), false, []);

    /// <summary>What to write; nothing when all is right.</summary>
    public static ServicePlan Compute(ServiceObserved observed)
    {
        var service = observed.Service;

        // Who selects pods mirrors nothing, even when it makes no endpoints of them.
        var mirrored = service.Spec.Selector is { Count: > 0 } ? null : observed.Endpoints;
        var mirror = MirrorPlanner.Compute(mirrored, ManagedBy(observed, SliceRules.MirrorController));
        return EndpointRules.HasEndpoints(service)
            ? new ServicePlan(Endpoints(observed), Slices(observed), mirror) { Skipped = Skipped(observed) }
            : new ServicePlan(null, NoPods, mirror);
    }

    /// <summary>
    /// A Service that is going, and that a finalizer keeps for a while, gets no new slices, as the garbage collector
    /// may be taking them away.
    /// </summary>
    private static HintPlan Slices(ServiceObserved observed)
    {
        var plan = Distribute(observed);
        if (observed.Service.Metadata.DeletionTimestamp is not null)
        {
            plan = plan with { Slices = plan.Slices with { Create = [] } };
        }

        TriggerTimes.Note(plan.Slices.Create.Concat(plan.Slices.Update), observed.TriggeredAt);
        return plan;
    }

    private static HintPlan Distribute(ServiceObserved observed)
    {
        var service = observed.Service;
        var shape = new SliceShape(
            service.Metadata.NamespaceProperty,
            new ChildNames(service.Metadata.Name, service.Metadata.Uid),
            SliceLabels(service),
            service.ControllerReference());
        var groups = EndpointRules.Groups(service, observed.Pods, observed.Nodes);
        var existing = ManagedBy(observed, SliceRules.SliceController);
        if (!TopologyHints.AreWanted(service))
        {
            return new HintPlan(
                SlicePlanner.Compute(shape, groups, existing),
                false,
                observed.AreHinted ? [TopologyHints.NoLongerWanted(service, groups[0].AddressType)] : []);
        }

        TopologyHints.Keep(groups, existing);
        return TopologyHints.Add(
            service, SlicePlanner.Compute(shape, groups, existing), existing, observed.ZoneShares, observed.AreHinted);
    }

    /// <summary>
    /// In upstream's words: usually the pods of a lost node go soon, or a new node is seen soon.
    /// </summary>
    private static string? Skipped(ServiceObserved observed)
    {
        var (service, nodes) = (observed.Service, observed.Nodes);
        return GoErrors.Join(observed.Pods.Where(p => EndpointRules.LacksNode(service, p, nodes)).Select(p =>
            $"skipping Pod {p.Key.Name} for Service {service.Metadata.NamespaceProperty}/{service.Metadata.Name}: "
            + $"Node {p.NodeName} Not Found"));
    }

    private static List<V1EndpointSlice> ManagedBy(ServiceObserved observed, string controller) => [.. observed.Slices.Where(s =>
        s.Metadata.DeletionTimestamp is null
        && s.Metadata.Labels?.TryGetValue(SliceRules.ManagedByLabel, out var manager) == true
        && manager == controller)];

    /// <summary>All of the Service's, but for those that say what a slice is.</summary>
    private static Dictionary<string, string> SliceLabels(V1Service service)
    {
        var labels = new Dictionary<string, string>(
            service.Metadata.Labels ?? new Dictionary<string, string>(), StringComparer.Ordinal);
        labels.Remove(EndpointRules.HeadlessLabel);
        if (EndpointRules.IsHeadless(service))
        {
            labels[EndpointRules.HeadlessLabel] = "";
        }

        labels[SliceRules.ServiceNameLabel] = service.Metadata.Name;
        labels[SliceRules.ManagedByLabel] = SliceRules.SliceController;
        return labels;
    }

    private static V1Endpoints? Endpoints(ServiceObserved observed)
    {
        const string overCapacity = "endpoints.kubernetes.io/over-capacity";
        var (service, old) = (observed.Service, observed.Endpoints);
        var (subsets, truncated) = EndpointRules.Subsets(service, observed.Pods);
        var labels = new Dictionary<string, string>(
            service.Metadata.Labels ?? new Dictionary<string, string>(), StringComparer.Ordinal)
        {
            [EndpointRules.EndpointsManagedByLabel] = EndpointRules.EndpointsController,
        };
        labels.Remove(EndpointRules.HeadlessLabel);
        if (EndpointRules.IsHeadless(service))
        {
            labels[EndpointRules.HeadlessLabel] = "";
        }

        var annotations = new Dictionary<string, string>(
            old?.Metadata.Annotations ?? new Dictionary<string, string>(), StringComparer.Ordinal);
        annotations.Remove(overCapacity);
        if (truncated)
        {
            annotations[overCapacity] = "truncated";
        }

        var next = new V1Endpoints
        {
            Metadata = new V1ObjectMeta
            {
                Name = service.Metadata.Name,
                NamespaceProperty = service.Metadata.NamespaceProperty,
                Labels = labels,
                Annotations = annotations.Count == 0 ? null : annotations,
                ResourceVersion = old?.Metadata.ResourceVersion,
                Uid = old?.Metadata.Uid,
                OwnerReferences = old?.Metadata.OwnerReferences,
                Finalizers = old?.Metadata.Finalizers,
            },
            Subsets = subsets,
        };
        if (old is not null && EndpointEquality.Same(old, next))
        {
            return null;
        }

        next.Metadata.Annotations = TriggerTimes.With(annotations, observed.TriggeredAt);
        return next;
    }
}
