using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Discovery;

/// <summary>Writes of slices with their hints.</summary>
/// <param name="Slices">The writes.</param>
/// <param name="AreHinted">True when the Service's endpoints have hints now.</param>
/// <param name="Notes">Events of the Service.</param>
public sealed record HintPlan(SlicePlan Slices, bool AreHinted, IReadOnlyList<EventNote> Notes);

/// <summary>
/// Hints of Services with the annotation <c>service.kubernetes.io/topology-mode: Auto</c>: each endpoint is for a
/// zone, its own if possible, so that every zone has about its share of the processors (upstream's
/// <c>endpointslice/topologycache</c>). Either all ready endpoints of an address family have a hint, or none.
/// Slices that nobody has to write keep the hints that they have, as long as these leave enough for all zones.
/// </summary>
public static class TopologyHints
{
    private const string DeprecatedAnnotation = "service.kubernetes.io/topology-aware-hints";
    private const string ModeAnnotation = "service.kubernetes.io/topology-mode";
    private const string Disabled = "TopologyAwareHintsDisabled";

    /// <summary>The Service asks for them.</summary>
    public static bool AreWanted(V1Service service) =>
        (service.GetAnnotation(DeprecatedAnnotation) ?? service.GetAnnotation(ModeAnnotation)) is "Auto" or "auto";

    /// <summary>Lets ready endpoints have the hints that they have, so that these alone change no slice.</summary>
    public static void Keep(IEnumerable<EndpointGroup> groups, IEnumerable<V1EndpointSlice> existing)
    {
        var hints = new Dictionary<string, V1EndpointHints>(StringComparer.Ordinal);
        foreach (var endpoint in existing.SelectMany(s => s.Endpoints ?? []).Where(e => e.Hints is not null))
        {
            hints[Key(endpoint)] = endpoint.Hints;
        }

        foreach (var endpoint in groups.SelectMany(g => g.Endpoints).Where(IsReady))
        {
            endpoint.Hints = hints.GetValueOrDefault(Key(endpoint));
        }
    }

    /// <summary>Adds hints to the writes, and writes for hints.</summary>
    /// <param name="service">Whose slices.</param>
    /// <param name="plan">What is to be written anyway; its endpoints get the hints.</param>
    /// <param name="existing">The slices as they are.</param>
    /// <param name="shares">See <see cref="ZoneShares"/>.</param>
    /// <param name="wereHinted">True when the Service's endpoints were known to have hints.</param>
    public static HintPlan Add(
        V1Service service, SlicePlan plan, IReadOnlyList<V1EndpointSlice> existing,
        IReadOnlyDictionary<string, double>? shares, bool wereHinted)
    {
        var written = plan.Update.Concat(plan.Delete).Select(s => s.Metadata.Name).ToHashSet(StringComparer.Ordinal);
        var resting = existing.Where(s => !written.Contains(s.Metadata.Name)).ToList();
        var notes = new List<EventNote>();
        var update = plan.Update.ToList();
        var areHinted = wereHinted;
        var families = plan.Create.Concat(update).Concat(resting).Select(s => s.AddressType)
            .Distinct().Order(StringComparer.Ordinal).ToList();
        foreach (var family in families)
        {
            var slices = new FamilySlices(
                [.. plan.Create.Concat(update).Where(s => s.AddressType == family)],
                [.. resting.Where(s => s.AddressType == family)]);
            if (slices.Distribute(shares) is { } whyNot)
            {
                slices.Clear();
                areHinted = false;
                notes.Add(EventNote.Warning(service, Disabled, $"{whyNot}, addressType: {family}"));
            }
            else if (!areHinted)
            {
                areHinted = true;
                notes.Add(EventNote.Normal(
                    service, "TopologyAwareHintsEnabled",
                    $"Topology Aware Hints has been enabled, addressType: {family}"));
            }

            update.AddRange(slices.Reopened);
        }

        return new HintPlan(plan with { Update = update }, areHinted, notes);
    }

    /// <summary>What there is to say of hints that the Service no longer asks for.</summary>
    public static EventNote NoLongerWanted(V1Service service, string family) => EventNote.Warning(
        service, Disabled, $"Topology Aware Hints has been disabled, addressType: {family}");

    internal static bool IsReady(V1Endpoint endpoint) => endpoint.Conditions?.Ready == true;

    private static string Key(V1Endpoint endpoint) => $"{SlicePlanner.Identity(endpoint)}|{endpoint.Addresses[0]}";
}
