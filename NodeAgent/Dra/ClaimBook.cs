using System.Collections.Immutable;
using OrleansOrchestrator.NodeAgent.Metrics;

namespace OrleansOrchestrator.NodeAgent.Dra;

/// <summary>The claims that pods of the node use, and what a pod that comes or goes makes of them. Pure.</summary>
public sealed record ClaimBook(ImmutableSortedDictionary<string, ClaimRecord> Claims)
{
    public static readonly ClaimBook Empty = Of([]);

    public static ClaimBook Of(IEnumerable<ClaimRecord> claims) =>
        new(claims.ToImmutableSortedDictionary(static c => c.Key, static c => c, StringComparer.Ordinal));

    /// <summary>Null when no pod uses it.</summary>
    public ClaimRecord? Find(string claimNamespace, string name) =>
        Claims.GetValueOrDefault(ClaimRecord.KeyOf(claimNamespace, name));

    /// <summary>Those that a pod uses.</summary>
    public IReadOnlyList<ClaimRecord> OfPod(string uid) => [.. Claims.Values.Where(c => c.Pods.Contains(uid))];

    /// <summary>A pod comes. A <see cref="DraException"/> says why it has to wait.</summary>
    public ClaimBook With(string pod, IEnumerable<ClaimRecord> wanted)
    {
        var claims = Claims.ToBuilder();
        foreach (var fresh in wanted)
        {
            var known = claims.GetValueOrDefault(fresh.Key) ?? fresh;
            if (known.Uid != fresh.Uid)
            {
                throw new DraException(
                    $"old ResourceClaim with same name {fresh.Name} and different UID {known.Uid} still exists " +
                    "(previous pod force-deleted?!)");
            }

            claims[fresh.Key] = known.Pods.Contains(pod) ? known : known with { Pods = [.. known.Pods, pod] };
        }

        return new ClaimBook(claims.ToImmutable());
    }

    /// <summary>A pod goes from claims that others use still; those that only it uses, stay.</summary>
    public ClaimBook WithoutShared(string pod) => Set(OfPod(pod).Where(static c => c.Pods.Count > 1).Select(
        c => c with { Pods = [.. c.Pods.Where(p => p != pod)] }));

    /// <summary>Drivers have prepared these; who has come or gone meanwhile is not touched.</summary>
    public ClaimBook WithPrepared(IEnumerable<ClaimRecord> prepared) => Set(
        from done in prepared
        let known = Claims.GetValueOrDefault(done.Key)
        where known?.Uid == done.Uid
        select known with { Drivers = done.Drivers, IsPrepared = true });

    /// <summary>
    /// Drivers are asked to take these back: whatever comes of that, who comes next has them prepared anew.
    /// </summary>
    public ClaimBook WithUnprepared(IEnumerable<ClaimRecord> claims) =>
        Set(claims.Select(static c => c with { IsPrepared = false }));

    /// <summary>Drivers have taken these back.</summary>
    public ClaimBook Without(IEnumerable<ClaimRecord> gone) => new(Claims.RemoveRange(gone.Select(static c => c.Key)));

    /// <summary>How many are in use, all together and of each driver.</summary>
    public void Write(MetricsText text)
    {
        const string name = "dra_resource_claims_in_use";
        text.Family(
            name, "gauge",
            "[ALPHA] The number of ResourceClaims that are currently in use on the node, by driver name (driver_name " +
            "label value) and across all drivers (special value <any> for driver_name). Note that the sum of all " +
            "by-driver counts is not the total number of in-use ResourceClaims because the same ResourceClaim might " +
            "use devices from different drivers. Instead, use the count for the <any> driver_name.");
        var used = Claims.Values.Where(static c => c.IsPrepared).ToList();
        text.Sample(name, used.Count, null, ("driver_name", "<any>"));
        foreach (var driver in used.SelectMany(static c => c.Drivers.Keys).CountBy(static d => d)
            .OrderBy(static d => d.Key, StringComparer.Ordinal))
        {
            text.Sample(name, driver.Value, null, ("driver_name", driver.Key));
        }
    }

    private ClaimBook Set(IEnumerable<ClaimRecord> changed) =>
        new(Claims.SetItems(changed.Select(static c => KeyValuePair.Create(c.Key, c))));
}
