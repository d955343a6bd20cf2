using k8s.Models;
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

    /// <summary>Zone by node name.</summary>
    public IReadOnlyDictionary<string, string> Zones { get; init; } = new Dictionary<string, string>();

    /// <summary>Its namesake; null when there is none.</summary>
    public V1Endpoints? Endpoints { get; init; }

    /// <summary>The slices that carry its name and that a controller of ours manages.</summary>
    public IReadOnlyList<V1EndpointSlice> Slices { get; init; } = [];
}

/// <summary>What a Service must do.</summary>
/// <param name="Endpoints">To create (without resourceVersion) or to replace; null when right.</param>
/// <param name="Slices">Writes of slices.</param>
public sealed record ServicePlan(V1Endpoints? Endpoints, SlicePlan Slices);

/// <summary>The decisions of a Service: its Endpoints and EndpointSlices.</summary>
public static class ServicePlanner
{
    private static readonly SlicePlan NoSlices = new([], [], []);

    /// <summary>What to write; nothing when all is right.</summary>
    public static ServicePlan Compute(ServiceObserved observed)
    {
        var service = observed.Service;
        if (service.Metadata.DeletionTimestamp is not null)
        {
            return new ServicePlan(null, NoSlices);
        }

        return EndpointRules.HasEndpoints(service)
            ? new ServicePlan(Endpoints(observed), Slices(observed))
            : new ServicePlan(null, service.Spec.Type == "ExternalName" ? NoSlices : Mirror(observed));
    }

    private static SlicePlan Slices(ServiceObserved observed)
    {
        var service = observed.Service;
        var shape = new SliceShape(
            service.Metadata.NamespaceProperty,
            new ChildNames(service.Metadata.Name, service.Metadata.Uid),
            SliceLabels(service.Metadata.Labels, service, EndpointRules.SliceController),
            service.ControllerReference());
        return SlicePlanner.Compute(
            shape, EndpointRules.Groups(service, observed.Pods, observed.Zones), ManagedBy(observed, EndpointRules.SliceController));
    }

    /// <summary>Endpoints that somebody keeps by hand, for a Service without selector, become slices too.</summary>
    private static SlicePlan Mirror(ServiceObserved observed)
    {
        var existing = ManagedBy(observed, EndpointRules.MirrorController);
        if (observed.Endpoints is not { } endpoints
            || endpoints.Metadata.Labels?.TryGetValue("endpointslice.kubernetes.io/skip-mirror", out var skip) == true
                && skip == "true"
            || endpoints.Metadata.Annotations?.ContainsKey("control-plane.alpha.kubernetes.io/leader") == true)
        {
            return new SlicePlan([], [], existing);
        }

        var annotations = (endpoints.Metadata.Annotations ?? new Dictionary<string, string>())
            .Where(a => a.Key is not ("kubectl.kubernetes.io/last-applied-configuration" or "endpoints.kubernetes.io/last-change-trigger-time"))
            .ToDictionary(StringComparer.Ordinal);
        var shape = new SliceShape(
            endpoints.Metadata.NamespaceProperty,
            new ChildNames(endpoints.Metadata.Name, endpoints.Metadata.Uid),
            SliceLabels(endpoints.Metadata.Labels, observed.Service, EndpointRules.MirrorController),
            endpoints.ControllerReference(),
            annotations);
        return SlicePlanner.Compute(shape, [.. (endpoints.Subsets ?? []).SelectMany(MirrorSubset)], existing);
    }

    private static IEnumerable<EndpointGroup> MirrorSubset(V1EndpointSubset subset)
    {
        var ports = (subset.Ports ?? []).Select(p => new Discoveryv1EndpointPort
        {
            Name = p.Name ?? "", Port = p.Port, Protocol = p.Protocol ?? "TCP", AppProtocol = p.AppProtocol,
        }).ToList();
        var endpoints = (subset.Addresses ?? []).Select(a => ToEndpoint(a, true))
            .Concat((subset.NotReadyAddresses ?? []).Select(a => ToEndpoint(a, false)));
        return endpoints.GroupBy(e => EndpointRules.FamilyOf(e.Addresses[0])).Where(g => g.Key is not null)
            .Select(g => new EndpointGroup(g.Key!, ports, [.. g]));
    }

    private static V1Endpoint ToEndpoint(V1EndpointAddress address, bool ready) => new()
    {
        Addresses = [address.Ip],
        Conditions = new V1EndpointConditions { Ready = ready },
        Hostname = address.Hostname,
        NodeName = address.NodeName,
        TargetRef = address.TargetRef,
    };

    private static List<V1EndpointSlice> ManagedBy(ServiceObserved observed, string controller) => [.. observed.Slices.Where(s =>
        s.Metadata.DeletionTimestamp is null
        && s.Metadata.Labels?.TryGetValue(EndpointRules.ManagedByLabel, out var manager) == true
        && manager == controller)];

    private static Dictionary<string, string> SliceLabels(
        IDictionary<string, string>? inherited, V1Service service, string controller)
    {
        var labels =
            new Dictionary<string, string>(inherited ?? new Dictionary<string, string>(), StringComparer.Ordinal);
        labels.Remove(EndpointRules.HeadlessLabel);
        labels.Remove(EndpointRules.EndpointsManagedByLabel);
        if (EndpointRules.IsHeadless(service))
        {
            labels[EndpointRules.HeadlessLabel] = "";
        }

        labels[EndpointRules.ServiceNameLabel] = service.Metadata.Name;
        labels[EndpointRules.ManagedByLabel] = controller;
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
        return old is not null && EndpointEquality.Same(old, next) ? null : next;
    }
}
