using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Discovery;

/// <summary>Endpoints that share an address family and ports, and so may share slices.</summary>
/// <param name="AddressType"><c>IPv4</c> or <c>IPv6</c>.</param>
/// <param name="Ports">In the Service's order.</param>
/// <param name="Endpoints">In any order; no two of the same pod or address.</param>
public sealed record EndpointGroup(
    string AddressType, IReadOnlyList<Discoveryv1EndpointPort> Ports, IReadOnlyList<V1Endpoint> Endpoints)
{
    /// <summary>Equal for slices and groups that belong together.</summary>
    public string Id => SlicePlanner.GroupId(AddressType, Ports);
}

/// <summary>What slices must look like, endpoints apart.</summary>
/// <param name="Namespace">Their namespace.</param>
/// <param name="Names">Their names.</param>
/// <param name="Labels">Their labels.</param>
/// <param name="Owner">Their controlling owner.</param>
public sealed record SliceShape(
    string Namespace,
    ChildNames Names,
    IReadOnlyDictionary<string, string> Labels,
    V1OwnerReference Owner);

/// <summary>Writes that bring the slices to what is wanted.</summary>
public sealed record SlicePlan(
    IReadOnlyList<V1EndpointSlice> Create, IReadOnlyList<V1EndpointSlice> Update, IReadOnlyList<V1EndpointSlice> Delete);

/// <summary>
/// Distributes endpoints over slices of at most <see cref="MaxEndpoints"/>, with as few writes as possible: an endpoint
/// stays in its slice; further ones go into slices that are written anyway, the fullest first, then into new ones that
/// they fill, and those that are left at last into the fullest with room for all of them.
/// </summary>
public static class SlicePlanner
{
    public const int MaxEndpoints = 100;

    /// <summary>The writes that are needed; none when the slices are right.</summary>
    public static SlicePlan Compute(
        SliceShape shape, IReadOnlyList<EndpointGroup> groups, IReadOnlyList<V1EndpointSlice> existing)
    {
        // Where nobody serves in a family, one empty slice says so.
        var wanted = groups.GroupBy(g => g.AddressType, StringComparer.Ordinal)
            .SelectMany(f => f.Any(g => g.Endpoints.Count > 0)
                ? f.Where(g => g.Endpoints.Count > 0)
                : [f.First() with { Ports = [], Endpoints = [] }])
            .ToList();

        // What an earlier Service of that name has left is another's, and goes.
        var drafts = existing.Where(s => IsOwned(shape, s)).ToLookup(s => GroupId(s.AddressType, s.Ports ?? []));
        var kept = wanted.SelectMany(g => Place(g, [.. drafts[g.Id].Select(s => new Draft(shape, s))])).ToList();
        var keptNames =
            kept.Where(d => d.Slice is not null).Select(d => d.Slice!.Metadata.Name).ToHashSet(StringComparer.Ordinal);
        var names = FreeNames(shape.Names, existing).GetEnumerator();
        var update = kept.Where(d => d.Slice is not null && d.IsChanged).Select(d => Updated(shape, d)).ToList();
        var delete = existing.Where(s => !keptNames.Contains(s.Metadata.Name)).ToList();
        var create = new List<V1EndpointSlice>();
        foreach (var draft in kept.Where(d => d.Slice is null))
        {
            if (delete.Find(s => s.AddressType == draft.AddressType && IsOwned(shape, s)) is { } spare)
            {
                // What would go is made into what would come, where its family, which is for good, allows.
                delete.Remove(spare);
                update.Add(Remade(shape, draft, spare));
            }
            else
            {
                create.Add(New(shape, draft, Next(names)));
            }
        }

        return new SlicePlan(create, update, delete);
    }

    /// <summary>Equal for slices whose endpoints could share one, in whatever order their ports are.</summary>
    internal static string GroupId(string addressType, IEnumerable<Discoveryv1EndpointPort> ports)
    {
        var ids = ports.Select(static p => $"{p.Name}/{p.Protocol}/{p.Port}/{p.AppProtocol}");
        return $"{addressType}|{string.Join('|', ids.Order(StringComparer.Ordinal))}";
    }

    private static List<Draft> Place(EndpointGroup group, List<Draft> drafts)
    {
        var missing = new Dictionary<string, V1Endpoint>(StringComparer.Ordinal);
        foreach (var endpoint in group.Endpoints)
        {
            missing[Identity(endpoint)] = endpoint;
        }

        foreach (var draft in drafts)
        {
            draft.KeepOnly(missing);
        }

        var rest = new Queue<V1Endpoint>(missing.Values.OrderBy(Identity, StringComparer.Ordinal));
        foreach (var draft in drafts.Where(d => d.IsChanged && d.Endpoints.Count > 0)
            .OrderByDescending(d => d.Endpoints.Count).ToList())
        {
            draft.Fill(rest);
        }

        while (rest.Count > 0)
        {
            var roomy = drafts.Where(d => d.Endpoints.Count + rest.Count <= MaxEndpoints);
            if (roomy.MaxBy(d => d.Endpoints.Count) is not { } draft)
            {
                drafts.Add(draft = new Draft(group));
            }

            draft.Fill(rest);
        }

        drafts.RemoveAll(d => d.Endpoints.Count == 0 && group.Endpoints.Count > 0);
        if (group.Endpoints.Count == 0)
        {
            return drafts.Count == 0 ? [new Draft(group)] : [drafts[0]];
        }

        return drafts;
    }

    /// <summary>Equal for endpoints of one pod, whatever its address.</summary>
    internal static string Identity(V1Endpoint endpoint) => endpoint.TargetRef?.Uid is { Length: > 0 } uid
        ? $"{endpoint.TargetRef.Name}/{uid}"
        : string.Join(',', endpoint.Addresses);

    /// <summary>Names that no slice of an owner has.</summary>
    internal static IEnumerable<string> FreeNames(ChildNames names, IReadOnlyList<V1EndpointSlice> existing)
    {
        var taken = new HashSet<int>();
        foreach (var slice in existing)
        {
            if (names.TrySequence(slice.Metadata.Name, out var number))
            {
                taken.Add(number);
            }
        }

        return Enumerable.Range(0, ChildNames.Count).Where(n => !taken.Contains(n)).Select(n => names.Name(n));
    }

    private static string Next(IEnumerator<string> names)
    {
        names.MoveNext();
        return names.Current;
    }

    private static bool IsOwned(SliceShape shape, V1EndpointSlice slice) =>
        slice.Metadata.OwnerReferences?.Any(o => o.Uid == shape.Owner.Uid) == true;

    private static bool Same(IReadOnlyDictionary<string, string> wanted, IDictionary<string, string>? actual) =>
        wanted.Count == (actual?.Count ?? 0) && wanted.All(
            p => actual!.TryGetValue(p.Key, out var value) && value == p.Value);

    private static V1EndpointSlice New(SliceShape shape, Draft draft, string name) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = name,
            GenerateName = shape.Names.Prefix,
            NamespaceProperty = shape.Namespace,
            Labels = shape.Labels.ToDictionary(StringComparer.Ordinal),
            OwnerReferences = [shape.Owner],
        },
        AddressType = draft.AddressType,
        Ports = draft.Ports,
        Endpoints = draft.Endpoints,
    };

    private static V1EndpointSlice Remade(SliceShape shape, Draft draft, V1EndpointSlice spare)
    {
        var next = New(shape, draft, spare.Metadata.Name);
        (next.Metadata.Uid, next.Metadata.ResourceVersion) = (spare.Metadata.Uid, spare.Metadata.ResourceVersion);
        return next;
    }

    private static V1EndpointSlice Updated(SliceShape shape, Draft draft)
    {
        var next = With(draft.Slice!, draft.Endpoints);
        next.Metadata.Labels = shape.Labels.ToDictionary(StringComparer.Ordinal);
        return next;
    }

    /// <summary>The slice with other endpoints.</summary>
    internal static V1EndpointSlice With(V1EndpointSlice old, IList<V1Endpoint> endpoints) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = old.Metadata.Name,
            GenerateName = old.Metadata.GenerateName,
            NamespaceProperty = old.Metadata.NamespaceProperty,
            Uid = old.Metadata.Uid,
            ResourceVersion = old.Metadata.ResourceVersion,
            Labels = old.Metadata.Labels,
            Annotations = old.Metadata.Annotations,
            Finalizers = old.Metadata.Finalizers,
            OwnerReferences = old.Metadata.OwnerReferences,
        },
        AddressType = old.AddressType,
        Ports = old.Ports,
        Endpoints = endpoints,
    };

    /// <summary>A slice in the making.</summary>
    private sealed class Draft
    {
        public Draft(SliceShape shape, V1EndpointSlice slice)
        {
            Slice = slice;
            IsChanged = !Same(shape.Labels, slice.Metadata.Labels);
            AddressType = slice.AddressType;
            Ports = slice.Ports ?? [];
            Endpoints = [.. slice.Endpoints ?? []];
        }

        public Draft(EndpointGroup group)
        {
            AddressType = group.AddressType;
            Ports = [.. group.Ports];
            IsChanged = true;
        }

        public V1EndpointSlice? Slice { get; }

        public string AddressType { get; }

        public IList<Discoveryv1EndpointPort> Ports { get; }

        public List<V1Endpoint> Endpoints { get; } = [];

        public bool IsChanged { get; private set; }

        /// <summary>Keeps what is wanted, as it is wanted, and takes it off the list.</summary>
        public void KeepOnly(Dictionary<string, V1Endpoint> wanted)
        {
            var kept = new List<V1Endpoint>(Endpoints.Count);
            foreach (var endpoint in Endpoints)
            {
                if (wanted.Remove(Identity(endpoint), out var next))
                {
                    IsChanged |= !EndpointEquality.Same(endpoint, next);
                    kept.Add(next);
                }
                else
                {
                    IsChanged = true;
                }
            }

            Endpoints.Clear();
            Endpoints.AddRange(kept);
        }

        public void Fill(Queue<V1Endpoint> rest)
        {
            while (rest.Count > 0 && Endpoints.Count < MaxEndpoints)
            {
                Endpoints.Add(rest.Dequeue());
                IsChanged = true;
            }
        }
    }
}

/// <summary>Compares endpoints by what they say.</summary>
internal static class EndpointEquality
{
    public static bool Same(V1Endpoints a, V1Endpoints b) =>
        Maps.Same(a.Metadata.Labels, b.Metadata.Labels)
        && Maps.Same(a.Metadata.Annotations, b.Metadata.Annotations)
        && Same(a.Subsets, b.Subsets, Same);

    private static bool Same(V1EndpointSubset a, V1EndpointSubset b) =>
        Same(a.Addresses, b.Addresses, Same)
        && Same(a.NotReadyAddresses, b.NotReadyAddresses, Same)
        && Same(a.Ports, b.Ports, Same);

    private static bool Same(V1EndpointAddress a, V1EndpointAddress b) =>
        a.Ip == b.Ip && (a.Hostname ?? "") == (b.Hostname ?? "") && (a.NodeName ?? "") == (b.NodeName ?? "") && Same(
            a.TargetRef, b.TargetRef);

    private static bool Same(Corev1EndpointPort a, Corev1EndpointPort b) =>
        (a.Name ?? "") == (b.Name ?? "") && a.Port == b.Port && a.Protocol == b.Protocol && (a.AppProtocol ?? "") == (b.AppProtocol ?? "");

    private static bool Same<T>(IList<T>? a, IList<T>? b, Func<T, T, bool> isSame) =>
        (a?.Count ?? 0) == (b?.Count ?? 0) && (a is null || a.Zip(b ?? []).All(p => isSame(p.First, p.Second)));

    public static bool Same(V1Endpoint a, V1Endpoint b) =>
        a.Addresses.SequenceEqual(b.Addresses)
        && a.Conditions?.Ready == b.Conditions?.Ready
        && a.Conditions?.Serving == b.Conditions?.Serving
        && a.Conditions?.Terminating == b.Conditions?.Terminating
        && (a.Hostname ?? "") == (b.Hostname ?? "")
        && (a.NodeName ?? "") == (b.NodeName ?? "")
        && (a.Zone ?? "") == (b.Zone ?? "")
        && Hints(a.Hints).SequenceEqual(Hints(b.Hints))
        && Same(a.TargetRef, b.TargetRef);

    private static IEnumerable<string> Hints(V1EndpointHints? hints) =>
        (hints?.ForZones ?? []).Select(static z => z.Name)
            .Append("")
            .Concat((hints?.ForNodes ?? []).Select(static n => n.Name));

    public static bool Same(V1ObjectReference? a, V1ObjectReference? b) =>
        (a is null) == (b is null)
        && (a is null || (a.Uid == b!.Uid && a.Name == b.Name && a.Kind == b.Kind && a.NamespaceProperty == b.NamespaceProperty));
}
