using System.Collections.Immutable;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>What the containers of a pod ask for together.</summary>
public static class PodResources
{
    private static readonly IDictionary<string, ResourceQuantity> Nothing =
        ImmutableDictionary<string, ResourceQuantity>.Empty;

    /// <summary>
    /// The sum over containers and sidecars, or what an init container needs beside the sidecars started before it,
    /// whichever is more.
    /// </summary>
    public static Dictionary<string, Quantity> Requests(V1PodSpec spec) => Aggregate(spec, static r => r?.Requests);

    /// <summary>The same for limits.</summary>
    public static Dictionary<string, Quantity> Limits(V1PodSpec spec) => Aggregate(spec, static r => r?.Limits);

    /// <summary>What the pod needs as a whole: its own amounts where it has some, and what its sandbox costs.</summary>
    public static Dictionary<string, Quantity> TotalRequests(V1PodSpec spec)
    {
        var total = Requests(spec);
        Replace(total, spec.Resources?.Requests);
        Add(total, spec.Overhead);
        return total;
    }

    /// <summary>The same for limits: what has none stays without.</summary>
    public static Dictionary<string, Quantity> TotalLimits(V1PodSpec spec)
    {
        var total = Limits(spec);
        Replace(total, spec.Resources?.Limits);
        foreach (var (name, quantity) in spec.Overhead ?? Nothing)
        {
            if (total.TryGetValue(name, out var limit) && !limit.IsZero)
            {
                total[name] = limit + Quantity.Of(quantity);
            }
        }

        return total;
    }

    private static void Replace(Dictionary<string, Quantity> total, IDictionary<string, ResourceQuantity>? own)
    {
        foreach (var (name, quantity) in own ?? Nothing)
        {
            total[name] = Quantity.Of(quantity);
        }
    }

    private static Dictionary<string, Quantity> Aggregate(
        V1PodSpec spec, Func<V1ResourceRequirements?, IDictionary<string, ResourceQuantity>?> select)
    {
        var total = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (var container in spec.Containers ?? [])
        {
            Add(total, select(container.Resources));
        }

        if (spec.InitContainers is { Count: > 0 } starting)
        {
            AddStart(total, starting, select);
        }

        return total;
    }

    /// <summary>
    /// Sidecars go on beside the containers; of the others the one that needs most beside them counts.
    /// </summary>
    private static void AddStart(
        Dictionary<string, Quantity> total, IList<V1Container> starting,
        Func<V1ResourceRequirements?, IDictionary<string, ResourceQuantity>?> select)
    {
        var sidecars = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        var init = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (var container in starting)
        {
            var resources = select(container.Resources);
            if (IsSidecar(container))
            {
                Add(total, resources);
                Add(sidecars, resources);
                Raise(init, sidecars);
            }
            else
            {
                var needed = new Dictionary<string, Quantity>(sidecars, StringComparer.Ordinal);
                Add(needed, resources);
                Raise(init, needed);
            }
        }

        Raise(total, init);
    }

    /// <summary>An init container that goes on running beside the others.</summary>
    public static bool IsSidecar(V1Container? container) => container?.RestartPolicy == "Always";

    private static void Add(Dictionary<string, Quantity> total, IDictionary<string, ResourceQuantity>? more)
    {
        foreach (var (name, quantity) in more ?? Nothing)
        {
            total[name] = total.GetValueOrDefault(name, Quantity.Zero) + Quantity.Of(quantity);
        }
    }

    private static void Raise(Dictionary<string, Quantity> total, Dictionary<string, Quantity> other)
    {
        foreach (var (name, quantity) in other)
        {
            if (!total.TryGetValue(name, out var current) || quantity > current)
            {
                total[name] = quantity;
            }
        }
    }
}

/// <summary>The quality-of-service class of a pod.</summary>
public static class PodQos
{
    public const string Guaranteed = "Guaranteed";
    public const string Burstable = "Burstable";
    public const string BestEffort = "BestEffort";

    /// <summary>The class that a spec earns.</summary>
    public static string Compute(V1PodSpec spec)
    {
        var requests = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        var limits = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        var guaranteed = true;
        if (spec.Resources is { } resources)
        {
            Collect(requests, resources.Requests);
            guaranteed = resources.Limits is not { Count: > 0 } podLimits || Collect(limits, podLimits);
        }
        else
        {
            foreach (var container in (spec.Containers ?? []).Concat(spec.InitContainers ?? []))
            {
                Collect(requests, container.Resources?.Requests);
                guaranteed &= Collect(limits, container.Resources?.Limits);
            }
        }

        if (requests.Count == 0 && limits.Count == 0)
        {
            return BestEffort;
        }

        return guaranteed
            && requests.Count == limits.Count
            && requests.All(r => limits.TryGetValue(r.Key, out var l) && l == r.Value)
            ? Guaranteed
            : Burstable;
    }

    /// <summary>Adds CPU and memory; true when both are there.</summary>
    private static bool Collect(Dictionary<string, Quantity> total, IDictionary<string, ResourceQuantity>? quantities)
    {
        return Collect(total, quantities, ResourceNames.Cpu) & Collect(total, quantities, ResourceNames.Memory);
    }

    private static bool Collect(
        Dictionary<string, Quantity> total, IDictionary<string, ResourceQuantity>? quantities, string name)
    {
        if (quantities is null
            || !quantities.TryGetValue(name, out var model)
            || Quantity.Of(model) is not { Sign: > 0 } quantity)
        {
            return false;
        }

        total[name] = total.GetValueOrDefault(name, Quantity.Zero) + quantity;
        return true;
    }
}
