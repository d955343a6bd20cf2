using System.Collections.Concurrent;
using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Cloud.LoadBalancers;

/// <summary>
/// Brings the load balancer of one Service after the other to what the Service asks for. The finalizer is on the
/// Service before there can be a load balancer, and off when there is none any more, so a crash leaves none behind.
/// </summary>
internal sealed class ServiceBalancer(ILoadBalancers balancers, IResourceClient client, EventRecorder events)
{
    private const int MostNamedNodes = 20;

    private readonly ConcurrentDictionary<ObjectKey, KnownBalancer> _known = new();

    /// <summary>Services that have, or had, a load balancer of ours.</summary>
    public ICollection<ObjectKey> Known => _known.Keys;

    /// <summary>Services for which the last attempt was in vain.</summary>
    public IReadOnlyList<ObjectKey> Failed => [.. _known.Where(k => k.Value.Failed).Select(k => k.Key)];

    /// <summary>
    /// One step for one Service; never two at once for the same. Throws for what is to be tried again.
    /// </summary>
    public async Task<BalancerStep> StepAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var read = await client.GetAsync<V1Service>(key, ReadFreshness.Linearizable, cancellationToken);
        var service = read.OrNull($"service {key}");
        var known = _known.GetValueOrDefault(key);
        if (known is not null && service?.Metadata.Uid != known.Service.Metadata.Uid)
        {
            await DeleteGoneAsync(known.Service, cancellationToken);
            _known.TryRemove(key, out _);
            known = null;
            if (service is null)
            {
                return BalancerStep.Delete;
            }
        }

        if (service is null)
        {
            return BalancerStep.None;
        }

        var nodes = await NodesAsync(cancellationToken);
        var names = LoadBalancerPlanner.Distill(nodes);
        var step = LoadBalancerPlanner.Compute(service, known, names);
        switch (step)
        {
            case BalancerStep.Ensure:
                _known[key] = new KnownBalancer(service, names, Failed: true);
                await TellAsync(service, () => EnsureAsync(service, nodes, cancellationToken));
                _known[key] = new KnownBalancer(service, names, Failed: false);
                break;
            case BalancerStep.UpdateNodes:
                _known[key] = known! with { Nodes = names, Failed = true };
                await UpdateNodesAsync(service, nodes, cancellationToken);
                _known[key] = known with { Nodes = names };
                break;
            case BalancerStep.Delete:
                // Half a removal is not forgotten: who wants the load balancer again meanwhile has to get a new one.
                _known[key] = new KnownBalancer(known?.Service ?? service, names, Failed: true);
                await TellAsync(service, () => DeleteAsync(service, cancellationToken));
                _known.TryRemove(key, out _);
                break;
        }

        return step;
    }

    private async Task EnsureAsync(V1Service service, List<V1Node> nodes, CancellationToken cancellationToken)
    {
        Note(service, "EnsuringLoadBalancer", "Ensuring load balancer");
        await HoldAsync(service, cancellationToken);
        if (nodes.Count == 0)
        {
            NoteNoNodes(service);
        }

        V1LoadBalancerStatus? status;
        try
        {
            status = await balancers.EnsureAsync(service, nodes, cancellationToken);
        }
        catch (CloudException error)
        {
            throw new CloudException($"failed to ensure load balancer: {error.Message}", error.RetryAfter);
        }

        if (status is not null)
        {
            Note(service, "EnsuredLoadBalancer", "Ensured load balancer");
            await WriteStatusAsync(service, status, cancellationToken);
        }
    }

    private async Task DeleteAsync(V1Service service, CancellationToken cancellationToken)
    {
        if (await CheckAsync(service, cancellationToken))
        {
            Note(service, "DeletingLoadBalancer", "Deleting load balancer");
            try
            {
                await balancers.EnsureDeletedAsync(service, cancellationToken);
            }
            catch (CloudException error)
            {
                throw new CloudException($"failed to delete load balancer: {error.Message}");
            }
        }

        await FreeAsync(service, cancellationToken);
        Note(service, "DeletedLoadBalancer", "Deleted load balancer");
    }

    private async Task<bool> CheckAsync(V1Service service, CancellationToken cancellationToken)
    {
        try
        {
            return await balancers.GetAsync(service, cancellationToken) is not null;
        }
        catch (CloudException error)
        {
            throw new CloudException($"failed to check if load balancer exists before cleanup: {error.Message}");
        }
    }

    /// <summary>Of a Service that somebody freed of its finalizer, and that is gone.</summary>
    private async Task DeleteGoneAsync(V1Service service, CancellationToken cancellationToken)
    {
        if (!LoadBalancerPlanner.Wants(service))
        {
            return;
        }

        Note(service, "DeletingLoadBalancer", "Deleting load balancer");
        try
        {
            await balancers.EnsureDeletedAsync(service, cancellationToken);
        }
        catch (CloudException error)
        {
            Warn(service, "DeleteLoadBalancerFailed", $"Error deleting load balancer: {error.Message}");
            throw;
        }

        Note(service, "DeletedLoadBalancer", "Deleted load balancer");
    }

    private async Task UpdateNodesAsync(V1Service service, List<V1Node> nodes, CancellationToken cancellationToken)
    {
        try
        {
            if (!await balancers.UpdateAsync(service, nodes, cancellationToken))
            {
                return;
            }
        }
        catch (CloudException error)
        {
            if (await balancers.GetAsync(service, cancellationToken) is null)
            {
                return;
            }

            Warn(
                service,
                "UpdateLoadBalancerFailed",
                $"Error updating load balancer with new hosts [{NamesOf(nodes)}] "
                    + $"[node names limited, total number of nodes: {nodes.Count}], error: {error.Message}");
            throw;
        }

        if (nodes.Count == 0)
        {
            NoteNoNodes(service);
        }
        else
        {
            Note(service, "UpdatedLoadBalancer", "Updated load balancer with new hosts");
        }
    }

    private async Task TellAsync(V1Service service, Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception error) when (error is CloudException or ReconcileException)
        {
            Warn(service, "SyncLoadBalancerFailed", $"Error syncing load balancer: {error.Message}");
            throw;
        }
    }

    private async Task<List<V1Node>> NodesAsync(CancellationToken cancellationToken)
    {
        var all = await client.ListAsync<V1Node>(ResourceOf<V1Node>.Query(), cancellationToken);
        return [.. all.Where(LoadBalancerPlanner.TakesTraffic)];
    }

    private Task HoldAsync(V1Service service, CancellationToken cancellationToken) => WriteAsync(
        service,
        static current =>
        {
            var all = current.Metadata.Finalizers ?? [];
            if (all.Contains(LoadBalancerPlanner.Finalizer))
            {
                return false;
            }

            current.Metadata.Finalizers = [.. all, LoadBalancerPlanner.Finalizer];
            return true;
        },
        "failed to add load balancer cleanup finalizer",
        mayBeGone: false,
        cancellationToken);

    /// <summary>In one write: without the finalizer nobody would come back for the status.</summary>
    private Task FreeAsync(V1Service service, CancellationToken cancellationToken) => WriteAsync(
        service,
        static current =>
        {
            var all = current.Metadata.Finalizers ?? [];
            var shows = current.Status?.LoadBalancer?.Ingress is { Count: > 0 };
            if (!shows && !all.Contains(LoadBalancerPlanner.Finalizer))
            {
                return false;
            }

            current.Metadata.Finalizers = [.. all.Where(f => f != LoadBalancerPlanner.Finalizer)];
            current.Status ??= new V1ServiceStatus();
            current.Status.LoadBalancer = new V1LoadBalancerStatus();
            return true;
        },
        "failed to remove load balancer cleanup finalizer",
        mayBeGone: true,
        cancellationToken);

    private Task WriteStatusAsync(
        V1Service service, V1LoadBalancerStatus status, CancellationToken cancellationToken) => WriteAsync(
        service,
        current =>
        {
            current.Status ??= new V1ServiceStatus();
            if (LoadBalancerPlanner.IsSame(current.Status.LoadBalancer, status))
            {
                return false;
            }

            current.Status.LoadBalancer = status;
            return true;
        },
        "failed to update load balancer status",
        mayBeGone: true,
        cancellationToken);

    /// <summary>Both finalizer and status are written by way of the status: that is what the controller may.</summary>
    private async Task WriteAsync(
        V1Service service, Func<V1Service, bool> change, string problem, bool mayBeGone,
        CancellationToken cancellationToken)
    {
        var written = await client.MutateAsync<V1Service>(
            service.Key(), "status", s => s.Metadata.Uid == service.Metadata.Uid && change(s), cancellationToken);
        if (!written.Succeeded && !(mayBeGone && written.Error.Reason == StatusReasons.NotFound))
        {
            throw ReconcileException.Of(problem, written.Error);
        }
    }

    private static string NamesOf(List<V1Node> nodes)
    {
        var names = nodes.Take(MostNamedNodes).Select(n => n.Metadata.Name).Order(StringComparer.Ordinal);
        var more = nodes.Count > MostNamedNodes ? $" <{nodes.Count - MostNamedNodes} more>" : "";
        return string.Join(' ', names) + more;
    }

    private void NoteNoNodes(V1Service service) =>
        Warn(service, "UnAvailableLoadBalancer", "There are no available nodes for LoadBalancer");

    private void Note(V1Service service, string reason, string message) =>
        events.Record(EventNote.Normal(service, reason, message));

    private void Warn(V1Service service, string reason, string message) =>
        events.Record(EventNote.Warning(service, reason, message));
}
