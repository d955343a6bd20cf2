using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.DynamicResources.Allocation;

/// <summary>What a claim's status says of the devices that it was given.</summary>
internal static class AllocationResults
{
    /// <summary>The allocation; or null and why it cannot be said.</summary>
    public static (V1AllocationResult? Result, string? Error) Of(
        Resourcev1ResourceClaim claim, IReadOnlyList<GivenDevice> given, AllocationNode node,
        Func<string, V1DeviceClass?> classes)
    {
        var (selector, error) = NodesOf(given, node);
        if (error is not null)
        {
            return (null, error);
        }

        var config = ConfigOf(claim, given, classes);
        return (
            new V1AllocationResult
            {
                Devices = new V1DeviceAllocationResult
                {
                    Results = [.. given.Select(ResultOf)], Config = config.Count == 0 ? null : config,
                },
                NodeSelector = selector,
            },
            null);
    }

    private static V1DeviceRequestAllocationResult ResultOf(GivenDevice given) => new()
    {
        Request = given.Request.FullName,
        Driver = given.Pool.Driver,
        Pool = given.Pool.Name,
        Device = given.Device.Name,
        AdminAccess = given.Request.IsAdmin ? true : null,
        Tolerations = given.Request.Tolerations.Count == 0 ? null : given.Request.Tolerations,
        ShareID = given.Share is null ? null : Chance.NewId().ToString(),
        ConsumedCapacity = given.Share is { Count: > 0 } share
            ? share.ToDictionary(static s => s.Key, static s => s.Value.ToModel(), StringComparer.Ordinal)
            : null,
        BindingConditions = given.Device.BindingConditions,
        BindingFailureConditions = given.Device.BindingFailureConditions,
    };

    /// <summary>
    /// Of each class once, for all its requests; then what the claim says of the requests, or alternatives, that were
    /// given devices. What is for all requests names none.
    /// </summary>
    private static List<V1DeviceAllocationConfiguration> ConfigOf(
        Resourcev1ResourceClaim claim, IReadOnlyList<GivenDevice> given, Func<string, V1DeviceClass?> classes)
    {
        var requests = given.Select(g => g.Request).Distinct().ToList();
        var config = new List<V1DeviceAllocationConfiguration>();
        foreach (var ofClass in requests.GroupBy(r => r.ClassName, StringComparer.Ordinal))
        {
            config.AddRange((classes(ofClass.Key)?.Spec.Config ?? []).Select(c => new V1DeviceAllocationConfiguration
            {
                Source = "FromClass", Requests = [.. ofClass.Select(r => r.FullName)], Opaque = c.Opaque,
            }));
        }

        foreach (var item in claim.Spec.Devices?.Config ?? [])
        {
            var names = item.Requests ?? [];
            var uses = names.Count == 0
                ? 1
                : requests.Count(r => names.Contains(r.Parent ?? r.Name) || names.Contains(r.FullName));
            config.AddRange(Enumerable.Range(0, uses).Select(_ => new V1DeviceAllocationConfiguration
            {
                Source = "FromClaim", Requests = names.Count == 0 ? null : names, Opaque = item.Opaque,
            }));
        }

        foreach (var item in config.Where(c => c.Requests?.Count == claim.Spec.Devices!.Requests.Count))
        {
            item.Requests = null;
        }

        return config;
    }

    /// <summary>Where the devices can be reached from, all of them; null for everywhere.</summary>
    private static (V1NodeSelector? Selector, string? Error) NodesOf(
        IReadOnlyList<GivenDevice> given, AllocationNode node)
    {
        if (given.Any(static g => g.Device.BindsToNode == true))
        {
            return (Selector(new V1NodeSelectorTerm { MatchFields = [IsNamed(node.Name)] }), null);
        }

        var term = new V1NodeSelectorTerm();
        foreach (var (slice, device) in given.Select(g => (g.Slice.Spec, g.Device)))
        {
            var (name, selector) = slice.PerDeviceNodeSelection == true
                ? (device.NodeName, device.NodeSelector)
                : (slice.NodeName, slice.NodeSelector);
            if (!string.IsNullOrEmpty(name))
            {
                return (Selector(new V1NodeSelectorTerm { MatchFields = [IsNamed(name)] }), null);
            }

            if (selector?.NodeSelectorTerms is { } terms)
            {
                if (terms.Count != 1)
                {
                    return (null, $"unsupported ResourceSlice.NodeSelector with {terms.Count} terms");
                }

                term.MatchFields = Joined(term.MatchFields, terms[0].MatchFields);
                term.MatchExpressions = Joined(term.MatchExpressions, terms[0].MatchExpressions);
            }
        }

        return (term is { MatchFields: null, MatchExpressions: null } ? null : Selector(term), null);
    }

    private static V1NodeSelector Selector(V1NodeSelectorTerm term) => new() { NodeSelectorTerms = [term] };

    private static V1NodeSelectorRequirement IsNamed(string node) =>
        new() { Key = "metadata.name", OperatorProperty = "In", Values = [node] };

    private static IList<V1NodeSelectorRequirement>? Joined(
        IList<V1NodeSelectorRequirement>? known, IList<V1NodeSelectorRequirement>? more) =>
        more is not { Count: > 0 } ? known : [.. known ?? [], .. more.Where(m => known?.Any(k => Same(k, m)) != true)];

    private static bool Same(V1NodeSelectorRequirement a, V1NodeSelectorRequirement b) => a.Key == b.Key
        && a.OperatorProperty == b.OperatorProperty && (a.Values ?? []).SequenceEqual(b.Values ?? []);
}
