using System.Collections.Immutable;
using k8s.Models;

namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>Who owns what of an object: its managedFields, an entry per manager and sort of operation.</summary>
public sealed class ManagedFields
{
    /// <summary>How many entries of updates an object has at most; the oldest are joined.</summary>
    private const int MaxUpdates = 10;

    private const string JoinedName = "ancient-changes";

    private ManagedFields(ImmutableArray<ManagedEntry> entries)
    {
        Entries = entries;
    }

    public static ManagedFields Empty { get; } = new([]);

    public ImmutableArray<ManagedEntry> Entries { get; }

    public bool IsEmpty => Entries.IsEmpty;

    /// <summary>Takes what is stored.</summary>
    public static ManagedFields Of(IList<V1ManagedFieldsEntry>? stored) => Decode(stored, true, out _) ?? Empty;

    /// <summary>Takes what a client sent; null, and why, when an entry is none.</summary>
    public static ManagedFields? Decode(IList<V1ManagedFieldsEntry>? encoded, out string error) =>
        Decode(encoded, false, out error);

    private static ManagedFields? Decode(IList<V1ManagedFieldsEntry>? encoded, bool isOurs, out string error)
    {
        error = "";
        if (encoded is not { Count: > 0 })
        {
            return Empty;
        }

        var result = ImmutableArray.CreateBuilder<ManagedEntry>(encoded.Count);
        var places = new Dictionary<FieldManager, int>(encoded.Count);
        for (var i = 0; i < encoded.Count; i++)
        {
            if (ManagedEntry.Decode(encoded[i] ?? new V1ManagedFieldsEntry(), i, isOurs, out error) is not { } entry)
            {
                return null;
            }

            if (places.TryAdd(entry.Owner.Key, result.Count))
            {
                result.Add(entry);
            }
            else
            {
                result[places[entry.Owner.Key]] = entry;
            }
        }

        return new ManagedFields(result.ToImmutable());
    }

    /// <summary>A client asks to forget all owners: by an empty list, or by one with an empty entry.</summary>
    public static bool IsReset(IList<V1ManagedFieldsEntry>? encoded) => encoded switch
    {
        null => false,
        [] => true,
        [{ Manager: null or "", Operation: null or "", ApiVersion: null or "", FieldsType: null or "" } only] =>
            only is { Time: null, FieldsV1: null, Subresource: null or "" },
        _ => false,
    };

    /// <summary>As the API shows it: appliers first, each sort by age; null when nobody owns anything.</summary>
    public IList<V1ManagedFieldsEntry>? Encode() => Encode(Entries);

    /// <summary>Entries as the API shows them.</summary>
    internal static IList<V1ManagedFieldsEntry>? Encode(IReadOnlyCollection<ManagedEntry> entries) =>
        entries.Count == 0 ? null : entries.Count == 1 ? [entries.Single().Encode()] :
    [
        .. entries.OrderBy(e => !e.Owner.IsApply).ThenBy(e => e.Seconds)
            .ThenBy(e => e.Owner.Name, StringComparer.Ordinal)
            .ThenBy(e => e.Owner.ApiVersion, StringComparer.Ordinal)
            .ThenBy(e => e.Owner.Subresource, StringComparer.Ordinal)
            .Select(e => e.Encode()),
    ];

    public ManagedEntry? Find(FieldManager owner) => Entries.FirstOrDefault(e => e.Owner.IsSame(owner));

    /// <summary>With this entry in place of its owner's; without an owner who owns nothing.</summary>
    public ManagedFields With(ManagedEntry entry)
    {
        if (entry.Set.IsEmpty)
        {
            return Without(entry.Owner);
        }

        var result = Entries.ToBuilder();
        Put(result, entry);
        return new ManagedFields(result.ToImmutable());
    }

    public ManagedFields Without(FieldManager owner) => new(Entries.RemoveAll(e => e.Owner.IsSame(owner)));

    /// <summary>Each entry replaced; those that are null or own nothing fall out.</summary>
    internal ManagedFields Select(Func<ManagedEntry, ManagedEntry?> replace)
    {
        var result = ImmutableArray.CreateBuilder<ManagedEntry>(Entries.Length);
        foreach (var entry in Entries)
        {
            if (replace(entry) is { } kept && (ReferenceEquals(kept, entry) || !kept.Set.IsEmpty))
            {
                result.Add(kept);
            }
        }

        return new ManagedFields(result.ToImmutable());
    }

    /// <summary>Joins the oldest entries of updates, version by version, until there are few enough.</summary>
    internal ManagedFields Capped()
    {
        if (Entries.Length <= MaxUpdates)
        {
            return this;
        }

        var updates = Entries.Where(e => !e.Owner.IsApply).OrderBy(e => e.Seconds).ThenBy(e => e.Owner).ToList();
        var kept = new Dictionary<FieldManager, ManagedEntry>(Entries.Length);
        foreach (var entry in Entries)
        {
            kept[entry.Owner.Key] = entry;
        }

        var joined = new Dictionary<FieldManager, JoinedUpdates>();
        var first = new Dictionary<string, ManagedEntry>(StringComparer.Ordinal);
        var excess = updates.Count - MaxUpdates;
        foreach (var entry in updates)
        {
            if (excess <= 0)
            {
                break;
            }

            var version = entry.Owner.ApiVersion;
            if (first.TryAdd(version, entry))
            {
                continue;
            }

            var owner = new FieldManager(JoinedName, IsApply: false, version, "");
            if (!joined.TryGetValue(owner, out var bucket))
            {
                var start = kept.GetValueOrDefault(owner) ?? first[version];
                kept.Remove(start.Owner.Key);
                joined[owner] = bucket = new JoinedUpdates(owner, start);
            }

            kept.Remove(entry.Owner.Key);
            bucket.Add(entry);
            excess--;
        }

        return new ManagedFields(
            [.. Entries.Where(e => kept.ContainsKey(e.Owner.Key)), .. joined.Values.Select(static j => j.ToEntry())]);
    }

    /// <summary>Updates that become one: their sets are united at the end, in pairs, as each union walks all of both.
    /// </summary>
    private sealed class JoinedUpdates(FieldManager owner, ManagedEntry first)
    {
        private readonly List<FieldSet> _sets = [first.Set];
        private DateTime? _time;

        public void Add(ManagedEntry entry)
        {
            _sets.Add(entry.Set);
            _time = entry.Time;
        }

        public ManagedEntry ToEntry()
        {
            var sets = _sets;
            while (sets.Count > 1)
            {
                sets =
                    [.. sets.Chunk(2).Select(static p => p is [var one, var other] ? one.Union(other) : p[0])];
            }

            return new ManagedEntry(owner, FieldsV1.Of(sets[0]), _time);
        }
    }

    private static void Put(ImmutableArray<ManagedEntry>.Builder entries, ManagedEntry entry)
    {
        for (var i = 0; i < entries.Count; i++)
        {
            if (entries[i].Owner.IsSame(entry.Owner))
            {
                entries[i] = entry;
                return;
            }
        }

        entries.Add(entry);
    }
}
