using System.Text;
using CsCheck;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Cache;

/// <summary>Snapshots and their indexes against a plain dictionary, through random changes.</summary>
public sealed class CacheSnapshotTests
{
    private static readonly FieldReader[] Indexed = [new("spec.nodeName")];

    [Fact]
    public void Agrees_with_a_dictionary()
    {
        var change = Gen.Select(Gen.Int[0, 3], Gen.Int[0, 40], Gen.Int[0, 3], Gen.Int[0, 3], Gen.Int[0, 3]);
        change.Array[0, 200].Check(changes =>
        {
            var model = new SortedDictionary<ObjectKey, ResourceObject>();
            var snapshot = CacheSnapshotBuilder.Load(new ObjectSnapshot(1, []), Indexed);
            foreach (var (kind, pick, label, owner, node) in changes)
            {
                var key = new ObjectKey($"ns{pick % 4}", $"p{pick / 4}");
                snapshot = Step(model, snapshot, key, kind, Make(key, snapshot.Revision + 1, label, owner, node));
            }

            Compare(model, snapshot);
            Compare(
                model, CacheSnapshotBuilder.Load(new ObjectSnapshot(snapshot.Revision, [.. model.Values]), Indexed));
        });
    }

    [Fact]
    public void A_snapshot_that_is_held_stays_as_it_was()
    {
        var change = Gen.Select(Gen.Int[0, 3], Gen.Int[0, 120], Gen.Int[0, 3]);
        change.Array[0, 300].Check(changes =>
        {
            var model = new SortedDictionary<ObjectKey, ResourceObject>();
            var snapshot = CacheSnapshotBuilder.Load(new ObjectSnapshot(1, []), Indexed);
            var held = new List<(CacheSnapshot Snapshot, Dictionary<ObjectKey, ResourceObject> Objects)>();
            foreach (var (kind, pick, label) in changes)
            {
                var key = new ObjectKey("n", $"p{pick}");
                snapshot = Step(model, snapshot, key, kind, Make(key, snapshot.Revision + 1, label, 3, 3));
                if (pick % 8 == 0)
                {
                    held.Add((snapshot, new(model)));
                }
            }

            foreach (var (old, objects) in held)
            {
                Assert.All(
                    Enumerable.Range(0, 121).Select(i => new ObjectKey("n", $"p{i}")),
                    key => Assert.Same(objects.GetValueOrDefault(key), old.Get(key)));
            }
        });
    }

    [Fact]
    public void A_dropped_change_is_noticed()
    {
        var key = new ObjectKey("n", "a");
        var builder = CacheSnapshotBuilder.Load(new ObjectSnapshot(1, []), Indexed).ToBuilder();

        var missing = new Change(ChangeKind.Modified, Make(key, 3, 0, 0, 0)) { PreviousRevision = 2 };

        Assert.Throws<InvariantViolationException>(() => builder.Apply(missing));
    }

    [Fact]
    public void A_change_that_was_applied_but_not_published_leaves_no_trace()
    {
        var key = new ObjectKey("n", "a");
        var model = new SortedDictionary<ObjectKey, ResourceObject>();
        var empty = CacheSnapshotBuilder.Load(new ObjectSnapshot(1, []), Indexed);
        var published = Step(model, empty, key, 1, Make(key, 2, 0, 0, 0));

        Step(new(model), published, key, 0, Make(key, 3, 0, 0, 0));
        Assert.Equal(2, published.Get(key)?.Revision);
        Step(new(model), published, key, 1, Make(key, 3, 1, 1, 1));
        Assert.Equal(2, published.Get(key)?.Revision);
        Assert.Equal(4, Step(model, published, key, 1, Make(key, 4, 1, 1, 1)).Get(key)?.Revision);
    }

    private static CacheSnapshot Step(
        SortedDictionary<ObjectKey, ResourceObject> model, CacheSnapshot snapshot, ObjectKey key, int kind, ResourceObject item)
    {
        var previous = model.GetValueOrDefault(key);
        if (kind == 0 && previous is null)
        {
            return snapshot;
        }

        var change = new Change(
            kind == 0 ? ChangeKind.Deleted : previous is null ? ChangeKind.Added : ChangeKind.Modified, item)
        {
            PreviousRevision = previous?.Revision ?? 0,
        };
        var builder = snapshot.ToBuilder();
        var (applied, _, _) = builder.Apply(change);
        Assert.Same(previous, applied.Previous);
        if (kind == 0)
        {
            model.Remove(key);
        }
        else
        {
            model[key] = item;
        }

        return builder.Build();
    }

    private static void Compare(SortedDictionary<ObjectKey, ResourceObject> model, CacheSnapshot snapshot)
    {
        Assert.Equal(model.Values, snapshot.Range());
        Assert.Equal(model.Count, snapshot.Count);
        for (var i = 0; i < 4; i++)
        {
            var space = $"ns{i}";
            Assert.Equal(model.Values.Where(o => o.Key.Namespace == space), snapshot.Range(space));
            var after = new ObjectKey(space, "p5");
            Assert.Equal(
                model.Values.Where(o => o.Key.Namespace == space && o.Key > after), snapshot.Range(space, after));
            Assert.Equal(model.Values.Where(o => o.Key > after), snapshot.Range(after: after));
            Assert.Equal(
                model.Values.Where(o => Text(o).Contains($"\"uid\":\"o{i}\"", StringComparison.Ordinal)),
                snapshot.OwnedBy($"o{i}"));
            Assert.Equal(
                model.Values.Where(o => Text(o).Contains($"\"app\":\"l{i}\"", StringComparison.Ordinal)),
                snapshot.WithLabel("app", $"l{i}"));
            Assert.Equal(snapshot.WithLabel("app", $"l{i}").Count(), snapshot.CountWithLabel("app", $"l{i}"));
            Assert.Equal(
                model.Values.Where(o => Text(o).Contains($"\"nodeName\":\"m{i}\"", StringComparison.Ordinal)),
                snapshot.WithField("spec.nodeName", $"m{i}"));
        }

        Assert.Equal(
            model.Values.Where(o => !Text(o).Contains("nodeName", StringComparison.Ordinal)), snapshot.WithField("spec.nodeName", ""));
    }

    private static string Text(ResourceObject item) => Encoding.UTF8.GetString(item.Json.Span);

    private static ResourceObject Make(ObjectKey key, long revision, int label, int owner, int node)
    {
        var labels = label == 3 ? "{}" : $$"""{"app":"l{{label}}","x":"y"}""";
        var owners = owner == 3 ? "[]" : $$"""[{"uid":"o{{owner}}","name":"r","kind":"K","apiVersion":"v1"}]""";
        var spec = node == 3 ? "{}" : $$"""{"a":{"nodeName":"no"},"nodeName":"m{{node}}"}""";
        var json = $$"""{"metadata":{"name":"{{key.Name}}","labels":{{labels}},"ownerReferences":{{owners}}},"spec":{{spec}}}""";
        return new ResourceObject(key, "u", revision, Encoding.UTF8.GetBytes(json));
    }
}
