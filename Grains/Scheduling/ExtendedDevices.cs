namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// The devices that stand for the extended resources of a pod. Init containers that end use the devices of the
/// containers that come after them, and one request more for what none of these has.
/// </summary>
internal sealed class ExtendedDevices
{
    private readonly List<(string Name, string Resource, long Count)> _requests = [];
    private readonly List<ExtendedMapping> _mappings = [];

    public ExtendedDevices(IReadOnlyList<ExtendedRequest> wanted)
    {
        foreach (var ofResource in wanted.GroupBy(static r => r.Resource, StringComparer.Ordinal)
            .OrderBy(static g => g.Key, StringComparer.Ordinal))
        {
            Add([.. ofResource.OrderBy(static r => r.Container)]);
        }

        _requests.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
    }

    /// <summary>By name.</summary>
    public IReadOnlyList<(string Name, string Resource, long Count)> Requests => _requests;

    public IReadOnlyList<ExtendedMapping> Mappings => _mappings;

    /// <param name="wanted">Of one resource, by container.</param>
    private void Add(List<ExtendedRequest> wanted)
    {
        var lasting = wanted.FindAll(static r => !r.IsBrief);
        _requests.AddRange(lasting.Select(static r => (r.Name, r.Resource, r.Count)));
        _mappings.AddRange(lasting.Select(static r => new ExtendedMapping(r.Container, r.Resource, r.Name)));
        var own = new List<(string Name, string Resource, long Count)>();
        var brief = new List<ExtendedMapping>();
        foreach (var request in wanted.Where(static r => r.IsBrief))
        {
            var missing = request.Count;
            foreach (var later in lasting.Where(r => r.Container >= request.Container && missing > 0))
            {
                missing -= later.Count;
                brief.Add(new ExtendedMapping(request.Container, request.Resource, later.Name));
            }

            if (missing > 0)
            {
                own.Add((request.Name, request.Resource, missing));
                brief.Add(new ExtendedMapping(request.Container, request.Resource, request.Name));
            }
        }

        if (own.Count > 0)
        {
            // They run one after the other, so the largest is enough for all.
            var largest = own.MaxBy(static r => r.Count);
            _requests.Add(largest);
            brief = brief.ConvertAll(
                m => own.Exists(o => o.Name == m.Request) ? m with { Request = largest.Name } : m);
        }

        _mappings.AddRange(brief);
    }
}
