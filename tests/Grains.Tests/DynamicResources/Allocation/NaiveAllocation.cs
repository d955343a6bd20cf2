using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Grains.DynamicResources.Allocation;

namespace OrleansOrchestrator.Grains.Tests.DynamicResources.Allocation;

/// <summary>All ways to give devices to claims, one after the other, each judged when it is complete.</summary>
internal sealed class NaiveAllocation(
    IReadOnlyList<V1Device> devices, IReadOnlySet<string> allocated, IReadOnlyList<Resourcev1ResourceClaim> claims)
{
    /// <summary>What each claim gets in the first way that is right; null when none is.</summary>
    public IReadOnlyList<List<(string Request, string Device)>>? First()
    {
        var places = claims.SelectMany((c, i) => c.Spec.Devices.Requests.Select(r => (Claim: i, Request: r))).ToList();
        return Ways(places, 0, []).FirstOrDefault(IsRight);
    }

    public bool IsRight(IReadOnlyList<List<(string Request, string Device)>> given)
    {
        var all = given.SelectMany(c => c).Select(g => g.Device).ToList();
        return all.Distinct().Count() == all.Count && !all.Any(allocated.Contains)
            && given.Select((g, i) => IsRight(claims[i], g)).All(right => right);
    }

    private IEnumerable<IReadOnlyList<List<(string Request, string Device)>>> Ways(
        List<(int Claim, V1DeviceRequest Request)> places, int index, List<(int Claim, string, string)> given)
    {
        if (index == places.Count)
        {
            return
            [
                [.. claims.Select((_, i) => given.Where(g => g.Claim == i).Select(g => (g.Item2, g.Item3)).ToList())],
            ];
        }

        var claim = places[index].Claim;
        return
            from request in DeviceRequest.Alternatives(places[index].Request)
            from set in SetsFor(request)
            from way in Ways(places, index + 1, [.. given, .. set.Select(d => (claim, request.FullName, d))])
            select way;
    }

    private IEnumerable<List<string>> SetsFor(DeviceRequest request)
    {
        var suitable = devices.Where(d => Suits(request, d)).Select(d => d.Name).ToList();
        return request.Mode != DeviceRequest.All ? Sets(suitable, (int)request.Count)
            : suitable.Count == 0 ? []
            : [suitable];
    }

    private static IEnumerable<List<string>> Sets(List<string> from, int count) => count == 0
        ? [[]]
        : from.SelectMany((d, i) => Sets(from[(i + 1)..], count - 1).Select(rest => (List<string>)[d, .. rest]));

    private static bool Suits(DeviceRequest request, V1Device device) =>
        request.Selectors.All(s => s.Cel.Expression.EndsWith(
            $"'{device.Attributes["model"].StringValue}'", StringComparison.Ordinal));

    private bool IsRight(Resourcev1ResourceClaim claim, List<(string Request, string Device)> given)
    {
        var requests = claim.Spec.Devices.Requests.SelectMany(DeviceRequest.Alternatives)
            .ToDictionary(r => r.FullName, StringComparer.Ordinal);
        var byName = devices.ToDictionary(d => d.Name, StringComparer.Ordinal);
        return given.All(g => Suits(requests[g.Request], byName[g.Device])
                && (byName[g.Device].Taints is null || requests[g.Request].Tolerations.Count > 0))
            && (claim.Spec.Devices.Constraints ?? []).All(c => Holds(c, given
                .Where(g => c.Requests is null || c.Requests.Contains(g.Request.Split('/')[0]))
                .Select(g => byName[g.Device]).ToList()));
    }

    private static bool Holds(V1DeviceConstraint constraint, List<V1Device> concerned)
    {
        var name = (constraint.MatchAttribute ?? constraint.DistinctAttribute).Split('/')[1];
        var values = concerned.Select(d => d.Attributes.TryGetValue(name, out var value) ? value : null)
            .Select(v => v?.StringValue ?? v?.IntValue?.ToString(CultureInfo.InvariantCulture)).ToList();
        var different = values.Distinct().Count();
        return !values.Contains(null)
            && (constraint.MatchAttribute is not null ? different <= 1 : different == values.Count);
    }
}
