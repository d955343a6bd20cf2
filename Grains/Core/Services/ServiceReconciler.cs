using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Discovery;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.Services;

/// <summary>Keeps the Endpoints and EndpointSlices of one Service, and removes what it leaves behind.</summary>
public sealed class ServiceReconciler : IObjectReconciler
{
    private const string SlicesFailed = "FailedToUpdateEndpointSlices";

    private readonly ObjectKey _key;
    private readonly IResourceClient _slices;
    private readonly IResourceClient _endpoints;
    private readonly IResourceClient _mirror;
    private readonly EventRecorder _events;
    private readonly EventRecorder _endpointsEvents;
    private readonly EventRecorder _mirrorEvents;
    private readonly TriggerTimes _triggers = new();
    private bool _wasThere;

    // What was last told of hints: upstream, too, tells it anew after a restart.
    private bool _areHinted;
    private IReadOnlyList<EventNote> _told = [];

    public ServiceReconciler(ObjectKey key, ReconcilingServices services)
    {
        _key = key;
        _slices = services.Client.As(UserIdentity.Controller("endpointslice-controller"));
        _endpoints = services.Client.As(UserIdentity.Controller("endpoint-controller"));
        _mirror = services.Client.As(UserIdentity.Controller("endpointslicemirroring-controller"));
        _events = services.Events.For("endpoint-slice-controller", "endpointslice-controller");
        _endpointsEvents = services.Events.For("endpoint-controller");
        _mirrorEvents = services.Events.For(
            "endpoint-slice-mirroring-controller", "endpointslicemirroring-controller");
    }

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(CancellationToken cancellationToken)
    {
        var read = await _slices.GetAsync<V1Service>(_key, ReadFreshness.Linearizable, cancellationToken);
        if (read.OrNull($"service {_key}") is not { } service)
        {
            _triggers.Forget();
            await CleanUpAsync(cancellationToken);
            return ReconcileResult.Done;
        }

        _wasThere = true;
        var plan = ServicePlanner.Compute(await ObserveAsync(service, cancellationToken));
        await ApplyAsync(service, plan, cancellationToken);
        return ReconcileResult.Done;
    }

    private async Task<ServiceObserved> ObserveAsync(V1Service service, CancellationToken cancellationToken)
    {
        var slices = await SlicesAsync(cancellationToken);
        var endpoints = await _endpoints.GetAsync<V1Endpoints>(_key, ReadFreshness.Linearizable, cancellationToken);
        List<PodFacts> pods = [];
        if (EndpointRules.HasEndpoints(service))
        {
            var list = await _slices.ListAsync(
                ResourceOf<V1Pod>.Query(_key.Namespace) with
                {
                    LabelSelector = LabelSelector.OfMap(service.Spec.Selector).ToString(),
                    Freshness = ReadFreshness.Linearizable,
                },
                cancellationToken);
            pods.AddRange(list.Items.Select(PodFacts.Of));
        }

        return new ServiceObserved
        {
            Service = service,
            Pods = pods,
            Nodes = await NodesAsync(pods, cancellationToken),
            Endpoints = endpoints.OrNull($"endpoints {_key}"),
            Slices = slices,
            ZoneShares = TopologyHints.AreWanted(service) ? await SharesAsync(cancellationToken) : null,
            AreHinted = _areHinted,
            TriggeredAt = _triggers.Next(service, pods),
        };
    }

    private async Task<IReadOnlyDictionary<string, double>?> SharesAsync(CancellationToken cancellationToken) =>
        ZoneShares.Of(await _slices.ListAsync<V1Node>(ResourceOf<V1Node>.Query(), cancellationToken));

    private ValueTask<IReadOnlyList<V1EndpointSlice>> SlicesAsync(CancellationToken cancellationToken) =>
        _slices.ListAsync<V1EndpointSlice>(
            ResourceOf<V1EndpointSlice>.Query(_key.Namespace) with
            {
                LabelSelector = $"{SliceRules.ServiceNameLabel}={_key.Name}", Freshness = ReadFreshness.Linearizable,
            },
            cancellationToken);

    private async Task<Dictionary<string, string?>> NodesAsync(
        List<PodFacts> pods, CancellationToken cancellationToken)
    {
        var nodes = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var name in pods.Select(p => p.NodeName).Where(n => n.Length > 0).Distinct(StringComparer.Ordinal))
        {
            var node = await _slices.GetAsync(
                WellKnown.Nodes, new ObjectKey("", name), ReadFreshness.Cached, cancellationToken);
            if (node.OrNull($"node {name}") is { } found)
            {
                var zone = found.Metadata.Labels.GetValueOrDefault(ZoneShares.ZoneLabel);
                nodes[name] = string.IsNullOrEmpty(zone) ? null : zone;
            }
        }

        return nodes;
    }

    private async Task ApplyAsync(V1Service service, ServicePlan plan, CancellationToken cancellationToken)
    {
        // Slices first: they are what the service proxy reads. What serves is added before what does not is removed.
        await ApplyAsync(_slices, service, plan.Pods.Slices, cancellationToken);
        TellOfHints(plan.Pods);
        await ApplyAsync(_mirror, service, plan.Mirror.Slices, cancellationToken);
        if (plan.Mirror.Slices is not { Create: [], Update: [], Delete: [] })
        {
            _mirrorEvents.Record(plan.Mirror.Notes);
        }

        if (plan.Endpoints is { } endpoints)
        {
            await WriteAsync(endpoints, cancellationToken);
        }

        if (plan.Skipped is { } skipped)
        {
            TellOfFailure(service, skipped);
            throw new ReconcileException(skipped);
        }
    }

    /// <summary>The same is told once, however often it is found.</summary>
    private void TellOfHints(HintPlan plan)
    {
        if (!plan.Notes.Select(n => n.Message).SequenceEqual(_told.Select(n => n.Message)))
        {
            _events.Record(plan.Notes);
        }

        (_areHinted, _told) = (plan.AreHinted, plan.Notes);
    }

    private async Task ApplyAsync(
        IResourceClient client, V1Service service, SlicePlan plan, CancellationToken cancellationToken)
    {
        foreach (var slice in plan.Create)
        {
            Expect(client, service, await client.CreateAsync(slice, cancellationToken), "create");
        }

        foreach (var slice in plan.Update)
        {
            var what = $"update {slice.Metadata.Name}";
            Expect(client, service, await client.UpdateAsync(slice, cancellationToken), what);
        }

        foreach (var slice in plan.Delete)
        {
            var what = $"delete {slice.Metadata.Name}";
            Expect(client, service, await client.DeleteAsync(slice, cancellationToken), what);
        }
    }

    private async Task CleanUpAsync(CancellationToken cancellationToken)
    {
        // What mirrors has the Endpoints for its owner, which may stay; what does not goes with its Service.
        foreach (var slice in await SlicesAsync(cancellationToken))
        {
            if (slice.GetLabel(SliceRules.ManagedByLabel) == SliceRules.MirrorController)
            {
                await _mirror.DeleteAsync(slice, cancellationToken);
            }
        }

        var read = await _endpoints.GetAsync<V1Endpoints>(_key, ReadFreshness.Linearizable, cancellationToken);
        if (read.OrNull($"endpoints {_key}") is not { } endpoints)
        {
            return;
        }

        // Endpoints that nobody made for a Service stay; those of a Service that was seen here go with it.
        var isManaged = endpoints.Metadata.Labels?.ContainsKey(EndpointRules.EndpointsManagedByLabel) == true;
        if (isManaged || _wasThere)
        {
            await _endpoints.DeleteAsync(endpoints, cancellationToken);
        }

        _wasThere = false;
    }

    private async Task WriteAsync(V1Endpoints endpoints, CancellationToken cancellationToken)
    {
        var isNew = endpoints.Metadata.ResourceVersion is null;
        var outcome = isNew
            ? await _endpoints.CreateAsync(endpoints, cancellationToken)
            : await _endpoints.UpdateAsync(endpoints, cancellationToken);
        if (Failure(outcome) is not { } failure)
        {
            return;
        }

        var why = failure.Message;
        _endpointsEvents.Record(isNew
            ? EventNote.Warning(
                endpoints, "FailedToCreateEndpoint", $"Failed to create endpoint for service {_key}: {why}")
            : EventNote.Warning(endpoints, "FailedToUpdateEndpoint", $"Failed to update endpoint {_key}: {why}"));
        throw ReconcileException.Of($"service {_key}", failure);
    }

    private void Expect(IResourceClient client, V1Service service, Outcome<ResourceObject> outcome, string what)
    {
        if (Failure(outcome) is not { } failure)
        {
            return;
        }

        // As upstream, who mirrors Endpoints tells nobody. That a slice is there is found by names of our own only.
        if (failure.Reason != StatusReasons.AlreadyExists && !ReferenceEquals(client, _mirror))
        {
            TellOfFailure(service, $"failed to {what} EndpointSlice for Service {_key}: {failure.Message}");
        }

        throw ReconcileException.Of($"service {_key}", failure);
    }

    private void TellOfFailure(V1Service service, string why) => _events.Record(EventNote.Warning(
        service, SlicesFailed, $"Error updating Endpoint Slices for Service {_key}: {why}"));

    private static Status? Failure(Outcome<ResourceObject> outcome) =>
        outcome.Succeeded
        || outcome.Error.Reason == StatusReasons.NotFound
        || outcome.Error.IsNamespaceTerminating()
            ? null
            : outcome.Error;
}
