using System.Net;
using k8s.Models;
using OrleansOrchestrator.Grains.Networking.IpAddresses;

namespace OrleansOrchestrator.Grains.Networking.ServiceCidrs;

/// <summary>What a ServiceCIDR finds.</summary>
public sealed record ServiceCidrObserved
{
    public required V1ServiceCIDR Range { get; init; }

    /// <summary>All ServiceCIDRs, itself among them.</summary>
    public IReadOnlyList<V1ServiceCIDR> All { get; init; } = [];

    /// <summary>All addresses that are taken.</summary>
    public IReadOnlyList<V1IPAddress> Addresses { get; init; } = [];
}

/// <summary>What a ServiceCIDR must do.</summary>
/// <param name="Condition">To be said of it; null when it is said.</param>
/// <param name="IsHeld">Whether it must stay for now.</param>
/// <param name="Wait">How long to wait before it may go; null for not at all.</param>
public sealed record ServiceCidrPlan(V1Condition? Condition, bool IsHeld, TimeSpan? Wait = null);

/// <summary>The life of a ServiceCIDR (upstream's <c>pkg/controller/servicecidrs</c>).</summary>
public static class ServiceCidrPlanner
{
    public const string Ready = "Ready";

    /// <summary>So long whoever gives out addresses may not have heard of the deletion.</summary>
    public static readonly TimeSpan DeletionGrace = TimeSpan.FromSeconds(10);

    /// <summary>True when addresses may be given of it; where no controller has said so they may.</summary>
    public static bool IsReady(V1ServiceCIDR item) =>
        item.Metadata.DeletionTimestamp is null
        && (item.Status?.Conditions?.FirstOrDefault(c => c.Type == Ready)?.Status ?? "True") == "True";

    /// <summary>The decision.</summary>
    public static ServiceCidrPlan Compute(ServiceCidrObserved observed, DateTimeOffset now)
    {
        var range = observed.Range;
        if (range.Metadata.DeletionTimestamp is not { } deletion)
        {
            return new ServiceCidrPlan(
                Changed(range, Condition("True", "", "Kubernetes Service CIDR is ready", now)), IsHeld: true);
        }

        if (!MayGo(observed))
        {
            return new ServiceCidrPlan(
                Changed(range, Condition(
                    "False",
                    "Terminating",
                    "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR",
                    now)),
                IsHeld: true);
        }

        var left = new DateTimeOffset(deletion.ToUniversalTime()) + DeletionGrace - now;
        return left > TimeSpan.Zero
            ? new ServiceCidrPlan(null, IsHeld: true, left)
            : new ServiceCidrPlan(null, IsHeld: false);
    }

    /// <summary>Others hold all of its networks, or all of its addresses that are taken.</summary>
    private static bool MayGo(ServiceCidrObserved observed)
    {
        var name = observed.Range.Metadata.Name;
        var own = Networks(observed.Range);
        var others = observed.All.Where(o => o.Metadata.Name != name).SelectMany(Networks).ToList();
        return own.TrueForAll(n => others.Exists(o => o.PrefixLength <= n.PrefixLength && o.Contains(n.BaseAddress)))
            || !observed.Addresses.Where(IpAddressPlanner.IsManaged)
                .Select(a => IPAddress.TryParse(a.Metadata.Name, out var address) ? address : null)
                .OfType<IPAddress>()
                .Any(a => own.Exists(n => n.Contains(a)) && !others.Exists(o => o.Contains(a)));
    }

    private static List<IPNetwork> Networks(V1ServiceCIDR range) =>
        [.. (range.Spec?.Cidrs ?? []).Where(c => IPNetwork.TryParse(c, out _)).Select(c => IPNetwork.Parse(c))];

    private static V1Condition Condition(string status, string reason, string message, DateTimeOffset now) => new()
    {
        Type = Ready, Status = status, Reason = reason, Message = message, LastTransitionTime = now.UtcDateTime,
    };

    private static V1Condition? Changed(V1ServiceCIDR range, V1Condition wanted)
    {
        var old = range.Status?.Conditions?.FirstOrDefault(c => c.Type == Ready);
        return old is not null
            && (old.Status, old.Reason ?? "", old.Message) == (wanted.Status, wanted.Reason, wanted.Message)
            ? null
            : wanted;
    }
}
