using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Discovery;

/// <summary>Writes that make slices of Endpoints that somebody keeps by hand, and what there is to tell.</summary>
/// <param name="Slices">The writes.</param>
/// <param name="Notes">Events of the Endpoints.</param>
public sealed record MirrorPlan(SlicePlan Slices, IReadOnlyList<EventNote> Notes);

/// <summary>
/// Mirrors Endpoints as slices (upstream's <c>pkg/controller/endpointslicemirroring</c>): one for each address
/// family and set of ports, however many endpoints it has, with all labels and nearly all annotations.
/// </summary>
public static class MirrorPlanner
{
    /// <summary>Most addresses of one subset, and of one slice.</summary>
    public const int MaxEndpoints = 1_000;

    private const string SkipLabel = "endpointslice.kubernetes.io/skip-mirror";
    private const string LeaderAnnotation = "control-plane.alpha.kubernetes.io/leader";

    private static readonly string[] OwnAnnotations =
        ["kubectl.kubernetes.io/last-applied-configuration", TriggerTimes.Annotation];

    /// <summary>False for Endpoints that say so, or are the lock of some leader.</summary>
    public static bool IsMirrored(V1Endpoints endpoints) =>
        endpoints.GetLabel(SkipLabel) != "true" && endpoints.GetAnnotation(LeaderAnnotation) is null;

    /// <summary>The writes that are needed; none when the slices are right.</summary>
    /// <param name="endpoints">What is mirrored; null when nothing is, and slices go.</param>
    /// <param name="existing">The slices that mirror it now.</param>
    public static MirrorPlan Compute(V1Endpoints? endpoints, IReadOnlyList<V1EndpointSlice> existing)
    {
        if (endpoints is null || !IsMirrored(endpoints))
        {
            return new MirrorPlan(new SlicePlan([], [], existing), []);
        }

        var (groups, notes) = Read(endpoints);
        var drafts = existing.OrderBy(s => s.Metadata.Name, StringComparer.Ordinal)
            .ToLookup(s => SlicePlanner.GroupId(s.AddressType, s.Ports ?? []));
        List<V1EndpointSlice> create = [], update = [];
        var spare = existing.ToDictionary(s => s.Metadata.Name, StringComparer.Ordinal);
        var kept = groups.Where(g => g.Endpoints.Count > 0)
            .Select(g => (Wanted: Slice(endpoints, g), Old: drafts[g.Id].FirstOrDefault())).ToList();
        foreach (var (_, old) in kept)
        {
            spare.Remove(old?.Metadata.Name ?? "");
        }

        var names = SlicePlanner.FreeNames(
            new ChildNames(endpoints.Metadata.Name, endpoints.Metadata.Uid), existing).GetEnumerator();
        foreach (var (wanted, old) in kept)
        {
            // What would go is made into what would come, where its family, which is for good, allows.
            var used = old ?? spare.Values.FirstOrDefault(s => s.AddressType == wanted.AddressType);
            spare.Remove(used?.Metadata.Name ?? "");
            if (used is null && endpoints.Metadata.DeletionTimestamp is not null)
            {
                // The garbage collector may be taking the slices away.
                continue;
            }

            if (used is null)
            {
                names.MoveNext();
                wanted.Metadata.Name = names.Current;
                create.Add(wanted);
            }
            else if (!Same(wanted, used))
            {
                wanted.Metadata.Name = used.Metadata.Name;
                wanted.Metadata.Uid = used.Metadata.Uid;
                wanted.Metadata.ResourceVersion = used.Metadata.ResourceVersion;
                update.Add(wanted);
            }
        }

        return new MirrorPlan(new SlicePlan(create, update, [.. spare.Values]), notes);
    }

    private static (IReadOnlyList<EndpointGroup> Groups, IReadOnlyList<EventNote> Notes) Read(V1Endpoints endpoints)
    {
        var groups = new Dictionary<string, (EndpointGroup Group, Dictionary<string, V1Endpoint> Endpoints)>(
            StringComparer.Ordinal);
        var (invalid, skipped) = (0, 0);
        foreach (var subset in SubsetPacking.Pack(endpoints.Subsets ?? []))
        {
            var ports = Ports(subset);
            var families = new Dictionary<string, Dictionary<string, V1Endpoint>>(StringComparer.Ordinal);
            var all = (subset.Addresses ?? []).Select(a => (Address: a, IsReady: true))
                .Concat((subset.NotReadyAddresses ?? []).Select(a => (Address: a, IsReady: false))).ToList();
            var added = 0;
            foreach (var (address, isReady) in all)
            {
                if (added == MaxEndpoints)
                {
                    break;
                }

                if (NetworkRules.ParseSloppy(address.Ip ?? "")?.ToString() is not { } ip)
                {
                    invalid++;
                    continue;
                }

                added++;
                Add(groups, families, ports, ToEndpoint(address, ip, isReady));
            }

            skipped += all.Count - added;
        }

        return (
            [.. groups.Values.Select(g => g.Group with { Endpoints = [.. g.Endpoints.Values.Take(MaxEndpoints)] })],
            [.. Notes(endpoints, invalid, skipped)]);
    }

    private static IEnumerable<EventNote> Notes(V1Endpoints endpoints, int invalid, int skipped)
    {
        if (invalid > 0)
        {
            yield return EventNote.Warning(
                endpoints,
                "InvalidIPAddress",
                $"Skipped {invalid} invalid IP addresses when mirroring to EndpointSlices");
        }

        if (skipped > invalid)
        {
            yield return EventNote.Warning(
                endpoints,
                "TooManyAddressesToMirror",
                $"A max of {MaxEndpoints} addresses can be mirrored to EndpointSlices per Endpoints subset. " +
                $"{skipped} addresses were skipped");
        }
    }

    /// <summary>Each family has a slice, and an endpoint whose address is written in two ways is in it once.</summary>
    private static void Add(
        Dictionary<string, (EndpointGroup Group, Dictionary<string, V1Endpoint> Endpoints)> groups,
        Dictionary<string, Dictionary<string, V1Endpoint>> families,
        List<Discoveryv1EndpointPort> ports,
        V1Endpoint endpoint)
    {
        var family = SliceRules.FamilyOf(endpoint.Addresses[0])!;
        if (!families.TryGetValue(family, out var members))
        {
            families[family] = members = Members(groups, family, ports);
        }

        members.TryAdd(Identity(endpoint), endpoint);
    }

    /// <summary>Those of a family and ports so far: asked once per subset and family, as all ports are read.</summary>
    private static Dictionary<string, V1Endpoint> Members(
        Dictionary<string, (EndpointGroup Group, Dictionary<string, V1Endpoint> Endpoints)> groups,
        string family,
        List<Discoveryv1EndpointPort> ports)
    {
        var id = SlicePlanner.GroupId(family, ports);
        if (!groups.TryGetValue(id, out var group))
        {
            groups[id] = group = (new EndpointGroup(family, ports, []), new(StringComparer.Ordinal));
        }

        return group.Endpoints;
    }

    private static string Identity(V1Endpoint endpoint) =>
        $"{endpoint.Addresses[0]}|{endpoint.Hostname}|{endpoint.TargetRef?.Uid}|{endpoint.TargetRef?.Name}";

    private static List<Discoveryv1EndpointPort> Ports(V1EndpointSubset subset) =>
    [
        .. (subset.Ports ?? []).Select(p => new Discoveryv1EndpointPort
        {
            Name = p.Name ?? "", Port = p.Port, Protocol = p.Protocol ?? "TCP", AppProtocol = p.AppProtocol,
        }),
    ];

    private static V1Endpoint ToEndpoint(V1EndpointAddress address, string ip, bool isReady) => new()
    {
        Addresses = [ip],
        Conditions = new V1EndpointConditions { Ready = isReady },
        Hostname = string.IsNullOrEmpty(address.Hostname) ? null : address.Hostname,
        NodeName = address.NodeName,
        TargetRef = address.TargetRef,
    };

    private static V1EndpointSlice Slice(V1Endpoints endpoints, EndpointGroup group) => new()
    {
        Metadata = new V1ObjectMeta
        {
            GenerateName = new ChildNames(endpoints.Metadata.Name, endpoints.Metadata.Uid).Prefix,
            NamespaceProperty = endpoints.Metadata.NamespaceProperty,
            Labels = new Dictionary<string, string>(
                endpoints.Metadata.Labels ?? new Dictionary<string, string>(), StringComparer.Ordinal)
            {
                [SliceRules.ServiceNameLabel] = endpoints.Metadata.Name,
                [SliceRules.ManagedByLabel] = SliceRules.MirrorController,
            },
            Annotations = (endpoints.Metadata.Annotations ?? new Dictionary<string, string>())
                .Where(a => !OwnAnnotations.Contains(a.Key)).ToDictionary(StringComparer.Ordinal),
            OwnerReferences = [endpoints.ControllerReference()],
        },
        AddressType = group.AddressType,
        Ports = [.. group.Ports],
        Endpoints = [.. group.Endpoints],
    };

    /// <summary>In whatever order their endpoints are.</summary>
    private static bool Same(V1EndpointSlice wanted, V1EndpointSlice old) =>
        wanted.Endpoints.Count == (old.Endpoints?.Count ?? 0)
        && SlicePlanner.GroupId(wanted.AddressType, wanted.Ports)
            == SlicePlanner.GroupId(old.AddressType, old.Ports ?? [])
        && Maps.Same(wanted.Metadata.Labels, old.Metadata.Labels)
        && Maps.Same(wanted.Metadata.Annotations, old.Metadata.Annotations)
        && Ordered(wanted.Endpoints).Zip(Ordered(old.Endpoints ?? []))
            .All(static p => EndpointEquality.Same(p.First, p.Second));

    private static IEnumerable<V1Endpoint> Ordered(IEnumerable<V1Endpoint> endpoints) =>
        endpoints.OrderBy(Identity, StringComparer.Ordinal);
}
