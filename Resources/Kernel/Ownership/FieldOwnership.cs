using System.Text.Json;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>
/// Who owns which fields after a write (upstream's structured-merge-diff and managedfields). Whoever changes a field by
/// an update takes it from its owners; who applies a configuration owns all fields in it, together with others who
/// apply the same values, and may change another's value by force only. What one applied before and no longer does,
/// and nobody else owns, goes from the object.
/// </summary>
public sealed class FieldOwnership
{
    /// <summary>Writes without a name of their own.</summary>
    private const string UnknownManager = "unknown";

    /// <summary>The owner of all that an object had before it was first applied to.</summary>
    private const string BeforeFirstApply = "before-first-apply";

    /// <summary>Fields that nobody owns: the server's own, and those that say which object it is.</summary>
    private static readonly FieldSet NeverOwned = FieldSet.Of(
        ["apiVersion"],
        ["kind"],
        ["metadata"],
        ["metadata", "name"],
        ["metadata", "namespace"],
        ["metadata", "creationTimestamp"],
        ["metadata", "selfLink"],
        ["metadata", "uid"],
        ["metadata", "clusterName"],
        ["metadata", "generation"],
        ["metadata", "managedFields"],
        ["metadata", "resourceVersion"]);

    /// <summary>The version in which the request speaks.</summary>
    public required string ApiVersion { get; init; }

    /// <summary>Empty for the object itself.</summary>
    public string Subresource { get; init; } = "";

    public required DateTime Now { get; init; }

    /// <summary>What a write in a version can come to own; null for everything.</summary>
    public Func<string, FieldFilter?> FilterOf { get; init; } = static _ => null;

    /// <summary>An object in another version; null when that is no longer served: owners in it are forgotten.</summary>
    public Func<OwnedVersion, string, OwnedVersion?> Convert { get; init; } = static (_, _) => null;

    /// <summary>The owners after an update; null when the versions can't be compared.</summary>
    /// <param name="live">The object before.</param>
    /// <param name="next">The object after, as the client wants it.</param>
    /// <param name="managed">The owners before.</param>
    /// <param name="manager">Who writes.</param>
    public ManagedFields? Update(OwnedVersion live, OwnedVersion next, ManagedFields managed, string manager)
    {
        var changes = new VersionChanges(live, next, this);
        var self = new FieldManager(manager.Length > 0 ? manager : UnknownManager, false, ApiVersion, Subresource);
        var result = managed.Select(entry => Reduce(entry, changes, live));
        var own = changes.In(ApiVersion)?.Set.Difference(NeverOwned);
        if (changes.HasFailed || own is null)
        {
            return null;
        }

        if (!own.IsEmpty)
        {
            var previous = result.Find(self);
            var fields = previous is null ? FieldsV1.Of(own)
                : previous.Set.Contains(own) ? previous.Fields
                : FieldsV1.Of(previous.Set.Union(own));
            result = result.With(new ManagedEntry(self, fields, Now));
        }

        return result.Capped();
    }

    /// <summary>The object and its owners after a configuration was applied, or the refusal.</summary>
    public Outcome<AppliedObject> Apply(ApplyRequest request)
    {
        if (TypedValidation.Find(request.Applied, request.Live.Type) is { } error)
        {
            return Failure($"failed to create typed patch object ({request.AppliedName}): {error}");
        }

        var managed = request.Managed.IsEmpty
            ? Update(request.Empty, request.Live, ManagedFields.Empty, BeforeFirstApply) ?? ManagedFields.Empty
            : request.Managed;
        var self = new FieldManager(request.Manager, IsApply: true, ApiVersion, Subresource);
        var last = managed.Find(self);
        var set = TypedFields.Of(request.Applied, request.Live.Type);
        set = FilterOf(ApiVersion)?.Keep(set) ?? set;

        var others = managed.Without(self);
        var merged = request.Live.Merge(request.Applied);
        var next = last is null || IsStillApplied(last, set) ? merged
            : new Pruning(this, others.With(new ManagedEntry(self, FieldsV1.Of(set), Now)), last).Prune(merged);
        var changes = new VersionChanges(request.Live, next, this);
        var conflicts = request.Force ? [] : FindConflicts(others, changes, request.Live);
        if (conflicts.Count > 0 && AllowedBy(request) is { } allowed)
        {
            conflicts.RemoveAll(c => allowed.Has([.. c.Path]));
        }

        if (conflicts.Count > 0)
        {
            return FieldConflict.ToStatus(conflicts);
        }

        others = others.Select(entry => Reduce(entry, changes, request.Live));
        if (changes.HasFailed)
        {
            return Failure("failed to compare objects");
        }

        var isSame = next.IsEqualTo(request.Live);
        return new AppliedObject(
            isSame ? (ReadOnlyMemory<byte>?)null : next.Json,
            others.With(new ManagedEntry(self, FieldsV1.Of(set.Difference(NeverOwned)), isSame ? last?.Time : Now)));
    }

    /// <summary>The object in a version; null when there is no such version.</summary>
    internal OwnedVersion? InVersion(OwnedVersion item, string apiVersion) =>
        item.ApiVersion == apiVersion ? item : Convert(item, apiVersion);

    /// <summary>All that was applied before is applied again, so that nothing can go from the object.</summary>
    private bool IsStillApplied(ManagedEntry last, FieldSet set) =>
        last.Set.IsEmpty || (last.Owner.ApiVersion == ApiVersion && set.Contains(last.Set));

    private static Status Failure(string message) => new()
    {
        Code = 500, Reason = StatusReasons.Unknown, Message = message,
    };

    /// <summary>What is left to an owner after a write by somebody else; null when its version is gone.</summary>
    private ManagedEntry? Reduce(ManagedEntry entry, VersionChanges changes, OwnedVersion live)
    {
        if (changes.In(entry.Owner.ApiVersion) is not { } changed)
        {
            return null;
        }

        if (changed.IsEmpty)
        {
            return entry;
        }

        var set = SetOf(entry, live);
        return ReferenceEquals(set, entry.Set) && !set.Overlaps(changed.All)
            ? entry
            : entry.With(set.Difference(changed.All));
    }

    private List<FieldConflict> FindConflicts(ManagedFields others, VersionChanges changes, OwnedVersion live) =>
    [
        .. from entry in others.Entries
           let changed = changes.In(entry.Owner.ApiVersion)
           where changed is { IsEmpty: false }
           orderby entry.Owner
           from path in SetOf(entry, live).Intersection(changed.Set).Paths()
           select new FieldConflict(entry.Owner, path),
    ];

    /// <summary>The fields that the client applied before and that are still as it applied them.</summary>
    private FieldSet? AllowedBy(ApplyRequest request)
    {
        if (request.LastApplied.Length == 0)
        {
            return null;
        }

        JsonElement last;
        try
        {
            last = JsonElement.Parse(request.LastApplied);
        }
        catch (JsonException)
        {
            return null;
        }

        var type = request.Live.Type;
        if (last.ValueKind != JsonValueKind.Object
            || !last.TryGetProperty("apiVersion", out var version) || !version.ValueEquals(ApiVersion)
            || TypedValidation.Find(last, type) is not null)
        {
            return null;
        }

        using var live = request.Live.Parse();
        return FieldChanges.Between(last, live.RootElement, type) is { } since
            ? TypedFields.Of(last, type).Difference(since.Set).Difference(since.Removed)
            : null;
    }

    /// <summary>What an entry owns, in line with the schema as it is now.</summary>
    private FieldSet SetOf(ManagedEntry entry, OwnedVersion live)
    {
        var type = InVersion(live, entry.Owner.ApiVersion)?.Type;
        return type is null ? entry.Set : TypedFields.Reconcile(entry.Set, type);
    }

    /// <summary>
    /// Takes away what the manager applied the last time, then gives back what anybody owns now, and what it did not
    /// own itself.
    /// </summary>
    private sealed class Pruning(FieldOwnership ownership, ManagedFields managed, ManagedEntry last)
    {
        private string LastVersion => last.Owner.ApiVersion;

        public OwnedVersion Prune(OwnedVersion merged)
        {
            if (ownership.InVersion(merged, LastVersion) is not { } before)
            {
                return merged;
            }

            var pruned = before.Without(Named(last.Set, before));
            pruned = GiveBackOwned(before, pruned);
            pruned = GiveBackForeign(before, pruned);
            return ownership.InVersion(pruned, merged.ApiVersion) ?? merged;
        }

        private static FieldSet Named(FieldSet set, OwnedVersion item) => TypedFields.WithNamedFields(set, item.Type);

        private OwnedVersion GiveBackOwned(OwnedVersion merged, OwnedVersion pruned)
        {
            // The version of what was pruned first: there nothing is missing that a conversion needs.
            var owned = managed.Entries.GroupBy(e => e.Owner.ApiVersion, e => e.Set)
                .OrderBy(g => g.Key != LastVersion).ThenBy(g => g.Key, StringComparer.Ordinal);
            foreach (var version in owned)
            {
                if (ownership.InVersion(merged, version.Key) is not { } whole
                    || ownership.InVersion(pruned, version.Key) is not { } part)
                {
                    continue;
                }

                var kept = Named(part.Fields(), part).Union(Named(FieldSet.Union(version), whole));
                merged = whole;
                pruned = whole.Without(Named(whole.Fields(), whole).Difference(kept));
            }

            return pruned;
        }

        private OwnedVersion GiveBackForeign(OwnedVersion merged, OwnedVersion pruned)
        {
            if (ownership.InVersion(pruned, LastVersion) is not { } part)
            {
                return merged;
            }

            var gone = Named(merged.Fields(), merged).Difference(Named(part.Fields(), part));
            return merged.Without(gone.Intersection(Named(last.Set, merged)));
        }
    }
}
