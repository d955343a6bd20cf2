using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;
using Amounts = System.Collections.Generic.IReadOnlyDictionary<string, OrleansOrchestrator.Resources.Kernel.Quantity>;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>What a LimitRange has against the resources that are asked for, in upstream's words.</summary>
internal static class LimitChecks
{
    private const string Container = "Container";
    private const string Pod = "Pod";
    private const string Claim = "PersistentVolumeClaim";

    private static readonly Dictionary<string, Quantity> Nothing = [];

    public static IEnumerable<string> OfPod(V1LimitRange range, V1PodSpec spec)
    {
        foreach (var limit in range.Spec.Limits ?? [])
        {
            var asked = limit.Type switch
            {
                Container => (spec.Containers ?? []).Concat(spec.InitContainers ?? [])
                    .Select(static c => (Of(c.Resources?.Requests), Of(c.Resources?.Limits))),
                Pod =>
                [
                    (Whole(PodResources.Requests(spec), spec.Resources?.Requests),
                        Whole(PodResources.Limits(spec), spec.Resources?.Limits)),
                ],
                _ => [],
            };
            foreach (var complaint in asked.SelectMany(a => Check(limit, a.Item1, a.Item2)))
            {
                yield return complaint;
            }
        }
    }

    public static IEnumerable<string> OfClaim(V1LimitRange range, V1PersistentVolumeClaimSpec spec)
    {
        var requests = Of(spec.Resources?.Requests);
        foreach (var limit in (range.Spec.Limits ?? []).Where(static l => l.Type == Claim))
        {
            foreach (var (name, least) in Sorted(limit.Min))
            {
                if (Least(limit.Type, name, least, requests, Nothing) is { } complaint)
                {
                    yield return complaint;
                }
            }

            foreach (var (name, most) in Sorted(limit.Max))
            {
                if (MostRequest(limit.Type, name, most, requests) is { } complaint)
                {
                    yield return complaint;
                }
            }
        }
    }

    /// <summary>What a pod says of itself counts in the place of what its containers say together.</summary>
    private static Dictionary<string, Quantity> Whole(
        Dictionary<string, Quantity> together, IDictionary<string, ResourceQuantity>? own)
    {
        foreach (var (name, amount) in Sorted(own).Where(static a => a.Name is "cpu" or "memory"))
        {
            together[name] = amount;
        }

        return together;
    }

    private static IEnumerable<string> Check(V1LimitRangeItem limit, Amounts requests, Amounts limits) =>
        Sorted(limit.Min).Select(l => Least(limit.Type, l.Name, l.Amount, requests, limits))
            .Concat(Sorted(limit.Max).Select(l => Most(limit.Type, l.Name, l.Amount, requests, limits)))
            .Concat(
                Sorted(limit.MaxLimitRequestRatio).Select(l => Ratio(limit.Type, l.Name, l.Amount, requests, limits)))
            .OfType<string>();

    private static string? Least(string type, string name, Quantity least, Amounts requests, Amounts limits)
    {
        var rule = $"minimum {name} usage per {type} is {least}";
        return !requests.TryGetValue(name, out var request) ? $"{rule}.  No request is specified"
            : request < least ? $"{rule}, but request is {request}"
            : limits.TryGetValue(name, out var limit) && limit < least ? $"{rule}, but limit is {limit}"
            : null;
    }

    private static string? Most(string type, string name, Quantity most, Amounts requests, Amounts limits)
    {
        var rule = $"maximum {name} usage per {type} is {most}";
        return !limits.TryGetValue(name, out var limit) ? $"{rule}.  No limit is specified"
            : limit > most ? $"{rule}, but limit is {limit}"
            : requests.TryGetValue(name, out var request) && request > most ? $"{rule}, but request is {request}"
            : null;
    }

    private static string? MostRequest(string type, string name, Quantity most, Amounts requests)
    {
        var rule = $"maximum {name} usage per {type} is {most}";
        return !requests.TryGetValue(name, out var request) ? $"{rule}.  No request is specified"
            : request > most ? $"{rule}, but request is {request}"
            : null;
    }

    private static string? Ratio(string type, string name, Quantity most, Amounts requests, Amounts limits)
    {
        var rule = $"{name} max limit to request ratio per {type} is {most}";
        if (!requests.TryGetValue(name, out var request) || request.IsZero)
        {
            return $"{rule}, but no request is specified or request is 0";
        }

        if (!limits.TryGetValue(name, out var limit) || limit.IsZero)
        {
            return $"{rule}, but no limit is specified or limit is 0";
        }

        var ratio = Approximate(limit) / Approximate(request);
        return ratio * 1000 > most.MilliValue
            ? string.Create(CultureInfo.InvariantCulture, $"{rule}, but provided ratio is {ratio:F6}")
            : null;
    }

    /// <summary>In thousandths where they fit, as upstream counts.</summary>
    private static double Approximate(Quantity amount) =>
        amount.Value < long.MaxValue / 1000 ? amount.MilliValue / 1000.0 : amount.Value;

    private static IEnumerable<(string Name, Quantity Amount)> Sorted(IDictionary<string, ResourceQuantity>? amounts) =>
        (amounts ?? new Dictionary<string, ResourceQuantity>()).OrderBy(static p => p.Key, StringComparer.Ordinal)
            .Select(static p => (p.Key, Quantity.Of(p.Value)));

    private static Dictionary<string, Quantity> Of(IDictionary<string, ResourceQuantity>? amounts) =>
        Sorted(amounts).ToDictionary(static p => p.Name, static p => p.Amount, StringComparer.Ordinal);
}
